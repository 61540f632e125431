// Error flows: what is kept, what is told, and where the instance goes on.

import { expect, test } from 'vitest';
import { deployFlows } from './deploy-flows.js';
import { onEveryHome } from './setup.js';

onEveryHome('error flows', world => {
  test('taken at once within the transaction, which keeps what it wrote; the error is a variable', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['a', 'b', 'c', 'handle'],
      [
        ['a', 'b'],
        ['b', 'c'],
        ['b', 'handle', { kind: 'error' }],
      ],
    );
    const id = await own.engine.submit({ workflow, input: { fails: ['b'] } });
    const error = { code: 'Marked', message: 'b fails', action: 'b', attempt: 1 };
    expect((await own.engine.result(id)).result).toEqual({
      way: ['a', 'b', 'handle'],
      error: { ...error, stack: 'string' },
    });
    const events = await own.audit(id);
    expect(events.map(({ event, action }) => (action === null ? event : `${event} ${action}`))).toEqual([
      'StartingExecutionFlow',
      'EnteringAction a',
      'ExecutingAction a',
      'ExitingAction a',
      'EnteringAction b',
      'ExecutingAction b',
      'Marked b',
      'ExitingActionOnError b',
      'EnteringAction handle',
      'ExecutingAction handle',
      'ExitingAction handle',
      'FinishingExecutionFlow',
      'FinishingFlowChart',
      'FlowChartRemoved',
    ]);
    expect(events[7]!.data).toMatchObject({ code: 'Marked', message: 'b fails', action: 'b' });
    expect(events[10]!.data).toMatchObject({ way: ['a', 'b', 'handle'] });
    const well = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(well)).result).toEqual({ way: ['a', 'b', 'c'] });
  });

  test('one that rolls back drops what the transaction wrote, and nothing from before it', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['a', '|b', 'c', 'handle'],
      [
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'handle', { kind: 'error', rollback: true }],
      ],
    );
    const id = await own.engine.submit({ workflow, input: { fails: ['c'] } });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['a', 'handle'], error: { action: 'c' } });
    expect(await own.eventNames(id)).not.toContain('Marked c');
  });

  test('one that leads to a transaction break ends the transaction; conditions see the error', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['|a', '|handle', 'known', 'unknown'],
      [
        ['a', 'handle', { kind: 'error' }],
        ['handle', 'known', { condition: "ERROR.code = 'Marked' AND ERROR.attempt = 1" }],
        ['handle', 'unknown', { kind: 'else' }],
      ],
    );
    const id = await own.engine.submit({ workflow, input: { fails: ['a'] } });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['a', 'handle', 'known'] });
    const events = await own.audit(id);
    const exit = events.find(({ event }) => event === 'ExitingActionOnError');
    expect(exit).toMatchObject({ action: 'a', data: { code: 'Marked', message: 'a fails' } });
    expect(events.filter(({ event }) => event === 'DeferringExecutionFlow')).toEqual([]);
  });

  test('an action that says how it is tried again takes it afterwards', async () => {
    const own = world();
    const retry = { retries: 1, delayMs: 1 };
    const flows = [
      ['a', 'b'],
      ['a', 'handle', { kind: 'error' }],
    ] as const;
    const workflow = await deployFlows(own, ['a', 'b', 'handle'], flows, { a: { function: 'thirdTime', retry } });
    const twice = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(twice)).result).toMatchObject({
      way: ['a', 'handle'],
      error: { message: 'attempt 2', attempt: 2 },
    });
    const once = await own.engine.submit({ workflow, input: { failures: 1 } });
    expect((await own.engine.result(once)).result).toEqual({ way: ['a', 'b'] });
  });

  test("an action whose handler fails too goes on by the handler's own flow, or fails with it", async () => {
    const own = world();
    const flows = [
      ['a', 'b', { kind: 'error' }],
      ['b', 'c', { kind: 'error' }],
    ] as const;
    const workflow = await deployFlows(own, ['a', 'b', 'c'], flows, { c: { retry: { retries: 0 } } });
    const [two, three] = await own.engine.submit([
      { workflow, input: { fails: ['a', 'b'] } },
      { workflow, input: { fails: ['a', 'b', 'c'] } },
    ]);
    expect((await own.engine.result(two!)).result).toMatchObject({ way: ['a', 'b', 'c'], error: { action: 'b' } });
    expect(await own.engine.result(three!)).toMatchObject({ state: 'failed', error: { action: 'c' } });
    const exits = (await own.eventNames(three!)).filter(name => name.startsWith('Exiting'));
    expect(exits).toEqual(['ExitingActionOnError a', 'ExitingActionOnError b', 'ExitingActionOnError c']);
  });

  test('a failure goes round by a loop until it succeeds', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['|a', 'b'],
      [
        ['a', 'a', { kind: 'error' }],
        ['a', 'b'],
      ],
      { a: { function: 'failsEarly' } },
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['a', 'a', 'a', 'b'] });
  });

  test('an action that ends its thread takes it: its transaction is rolled back to its beginning and ends there', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['a', '|b', 'c', 'handle'],
      [
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'handle', { kind: 'error' }],
      ],
      { c: { function: 'exits' } },
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({
      way: ['a', 'handle'],
      error: { code: 'ActionExited', action: 'c', attempt: 1 },
    });
    const exits = (await own.eventNames(id)).filter(name => name.startsWith('Exiting'));
    expect(exits).toEqual(['ExitingAction a', 'ExitingAction b', 'ExitingActionOnError c', 'ExitingAction handle']);
  });

  test('what had failed before in a transaction whose thread ends is told as that', async () => {
    const own = world();
    const flows = [
      ['a', 'b', { kind: 'error' }],
      ['b', 'c'],
    ] as const;
    const workflow = await deployFlows(own, ['a', 'b', 'c'], flows, {
      b: { function: 'exits', retry: { retries: 0 } },
    });
    const id = await own.engine.submit({ workflow, input: { fails: ['a'] } });
    expect(await own.engine.result(id)).toMatchObject({
      state: 'failed',
      error: { code: 'ActionExited', action: 'b' },
    });
    const exits = (await own.eventNames(id)).filter(name => name.startsWith('Exiting'));
    expect(exits).toEqual(['ExitingActionOnError a', 'ExitingActionOnError b']);
  });

  test('what an action does after it failed by a stray error concerns nobody', async () => {
    const own = world();
    const flows = [
      ['a', 'b', { kind: 'error' }],
      ['b', 'c'],
    ] as const;
    const workflow = await deployFlows(own, ['a', 'b', 'c'], flows, {
      a: { function: 'strays' },
      b: { function: 'late' },
    });
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['a', 'b', 'c'], error: { message: 'stray' } });
  });
});
