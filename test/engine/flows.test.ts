// Conditional and else flows and loops: which way an instance takes, and what becomes of it on the way.

import { expect, test } from 'vitest';
import { deployFlows } from './deploy-flows.js';
import { noRetry, onEveryHome } from './setup.js';

onEveryHome('flows', world => {
  test('a conditional flow whose condition holds is taken, whether a transaction break follows or not', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['a', 'b', '|c', 'd'],
      [
        ['a', 'b', { condition: "RESULT.to = 'b'" }],
        ['a', 'c', { condition: "result.to = 'c' AND n > 1" }],
        ['a', 'd', { kind: 'else' }],
        ['b', 'd'],
        ['c', 'd'],
      ],
    );
    const way = async (to: string | null, n: number) => {
      const id = await own.engine.submit({ workflow, input: { gives: { to }, n } });
      return (await own.engine.result(id)).result;
    };
    expect(await way('b', 1)).toEqual({ way: ['a', 'b', 'd'], to: 'b' });
    expect(await way('c', 2)).toEqual({ way: ['a', 'c', 'd'], to: 'c' });
    expect(await way('c', 1)).toEqual({ way: ['a', 'd'], to: 'c' });
    expect(await way(null, 5)).toEqual({ way: ['a', 'd'], to: null });
  });

  test('without a flow that is taken the instance ends there: not taken is also what is unknown', async () => {
    const own = world();
    const workflow = await deployFlows(own, ['a', 'b'], [['a', 'b', { condition: 'NOT missing' }]]);
    const id = await own.engine.submit({ workflow, input: {} });
    expect(await own.engine.result(id)).toMatchObject({ state: 'finished', result: { way: ['a'] } });
    expect(await own.eventNames(id)).toEqual([
      'StartingExecutionFlow',
      'EnteringAction a',
      'ExecutingAction a',
      'ExitingAction a',
      'FinishingExecutionFlow',
      'FinishingFlowChart',
      'FlowChartRemoved',
    ]);
  });

  test('several that hold at once are a split: each is taken by a flow context of its own', async () => {
    const own = world();
    const flows = [
      ['a', 'b'],
      ['a', 'c', { condition: 'n > 1' }],
      ['a', 'd', { condition: 'n > 2' }],
      ['a', 'c', { kind: 'error' }],
    ] as const;
    const workflow = await deployFlows(own, ['a', 'b', 'c', 'd'], flows, { a: { retry: noRetry } });
    const id = await own.engine.submit({ workflow, input: { n: 2 } });
    const { state, result } = await own.engine.result(id);
    expect(state).toBe('finished');
    // Whichever ends last gives the result.
    expect([{ way: ['a', 'b'] }, { way: ['a', 'c'] }]).toContainEqual(result);
    const exits = (await own.eventNames(id)).filter(name => name.startsWith('ExitingAction'));
    expect(exits.sort()).toEqual(['ExitingAction a', 'ExitingAction b', 'ExitingAction c']);
    const other = await own.engine.submit({ workflow, input: { n: 1 } });
    expect((await own.engine.result(other)).result).toEqual({ way: ['a', 'b'] });
  });

  test('many of one submit part ways and come together again', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['|a', 'small', '|large', '|end'],
      [
        ['a', 'small', { condition: 'n < 50' }],
        ['a', 'large', { kind: 'else' }],
        ['small', 'end'],
        ['large', 'end'],
      ],
    );
    const ids = await own.engine.submit(Array.from({ length: 100 }, (_, n) => ({ workflow, input: { n } })));
    const results = await Promise.all(ids.map(async id => (await own.engine.result(id)).result));
    const expected = ids.map((_, n) => ({ way: ['a', n < 50 ? 'small' : 'large', 'end'] }));
    expect(results).toEqual(expected);
  });

  test('a loop goes round until its condition fails, each turn a transaction with a key of its own', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['a', '|turn', 'inside', 'after'],
      [
        ['a', 'turn'],
        ['turn', 'inside'],
        ['inside', 'turn', { condition: 'RESULT.turn < 5' }],
        ['inside', 'after', { kind: 'else' }],
      ],
      {
        a: { function: 'turn' },
        turn: { function: 'turn' },
        inside: { function: 'turn' },
        after: { function: 'turn' },
      },
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toEqual({ turn: 6 });
    const entered = (await own.eventNames(id)).filter(name => name.startsWith('EnteringAction'));
    expect(entered.map(name => name.slice('EnteringAction '.length))).toEqual([
      'a',
      ...['turn', 'inside'],
      ...['turn', 'inside'],
      'after',
    ]);
  });

  test('an action can lead back to itself, and to the start', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['|a', 'b'],
      [
        ['a', 'a', { condition: 'RESULT.turn < 3' }],
        ['a', 'b', { kind: 'else' }],
        ['b', 'a', { condition: 'RESULT.turn < 6' }],
      ],
      { a: { function: 'turn' }, b: { function: 'turn' } },
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toEqual({ turn: 6 });
  });

  test('an endless loop is paused, resumed, and removed', async () => {
    const own = world();
    const workflow = await deployFlows(own, ['|a'], [['a', 'a']], { a: { function: 'turn' } });
    const id = await own.engine.submit({ workflow, input: {} });
    await own.until(async () => (await own.audit(id)).length > 10);
    await own.engine.pause(id);
    await own.untilCounts({ paused: 1 });
    await own.engine.resume(id);
    await own.engine.remove(id);
    expect(await own.engine.result(id)).toMatchObject({ state: 'removed' });
    expect(await own.counts()).toEqual({ removed: 1 });
  });
});
