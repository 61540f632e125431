// What comes back from members that behave: results, transactions, variables, context.

import { describe, expect, it } from 'vitest';
import { instanceId } from '../../src/workflow/instance-id.js';
import { END, type Plan } from '../../src/workflow/plan.js';
import { numbers, planOf, root, setup } from './setup.js';

describe('outcomes', () => {
  it('of 1,000 synchronous, microtask-only and slow members all arrive, and the slow hold up nobody', async () => {
    const world = await setup(planOf([{ function: 'mixed' }]));
    const kinds = ['sync', 'micro', 'sync', 'slow'];
    const inputs = numbers(1_000).map(n => ({ n, kind: n % 25 === 0 ? 'slow' : kinds[n % 3]!, ms: 3_000 }));
    const answers = await world.answersTo(inputs, { partMembers: 400 });
    expect(answers.map(answer => answer.value)).toEqual(numbers(1_000).map(n => n * 2));
    expect(answers.every(answer => answer.kind === 'completed' && answer.reached === END)).toBe(true);
    const slow = answers.filter((_, n) => n % 25 === 0).map(answer => answer.order);
    expect(Math.min(...slow)).toBe(960);
    expect(world.dispatcher.inFlight).toBe(0);
    expect(world.dispatcher.executing()).toEqual([]);
  });

  it('arrive while a synchronous neighbour holds the thread, once it is known to', async () => {
    const world = await setup(planOf([{ function: 'busy' }]), { threads: 1 });
    const [first, second] = await world.answersTo([
      { n: 0, ms: 0 },
      { n: 1, ms: 400 },
    ]);
    expect(second!.endedMs - first!.endedMs).toBeGreaterThanOrEqual(399);
    world.run([
      { n: 0, ms: 20 },
      { n: 1, ms: 3_000 },
    ]);
    await world.until(() => world.answers.has('2:0:0'));
    expect(world.answers.has('2:0:1')).toBe(false);
  });

  it('of members that fail carry the error, and spare their neighbours', async () => {
    const world = await setup(planOf([{ function: 'failOdd' }]));
    const answers = await world.answersTo(numbers(10).map(n => ({ n })));
    for (const [n, answer] of answers.entries()) {
      if (n % 2 === 0) expect(answer).toMatchObject({ kind: 'completed', value: n });
      else expect(answer.error).toMatchObject({ code: 'ActionFailed', message: 'no odd number', action: 'step0' });
    }
    expect(answers[1]!.error!.stack).toContain('plain.mjs');
  });

  it("keep an error's own code, and bound what it says", async () => {
    const world = await setup(planOf([{ function: 'fail' }]));
    const [coded, long] = await world.answersTo([{ n: 'way', code: 'E_NONE' }, { n: `\0${'x'.repeat(9_000)}` }]);
    expect(coded!.error).toMatchObject({ code: 'E_NONE', message: 'no way' });
    expect(long!.error!.message.length).toBeLessThanOrEqual(2_000);
    expect(long!.error!.message).not.toContain('\0');
    expect(Buffer.byteLength(long!.error!.stack)).toBeLessThanOrEqual(4_096);
  });

  it('say what is missing: module, function, a module that does not load', async () => {
    const world = await setup(
      planOf([
        { function: 'x', module: 'absent.mjs' },
        { function: 'absent', break: true },
        { function: 'x', module: 'broken.mjs', break: true },
      ]),
    );
    const codeAt = async (place: number) => (await world.answersTo([{}], { place }))[0]!.error!.code;
    expect(await codeAt(0)).toBe('ActionModuleNotFound');
    expect(await codeAt(1)).toBe('ActionFunctionNotFound');
    expect(await codeAt(2)).toBe('ActionModuleFailed');
    expect(await codeAt(2)).toBe('ActionModuleFailed');
  });

  it('of an action of an unknown type fail at it, alone; the rest of its plan goes on', async () => {
    const { actions, ...plan } = planOf([{ function: 'double' }, { function: 'double', break: true }]);
    const unknown = { ...actions[1]!, action: { name: 'step1', type: 'of-the-next-version' } };
    const world = await setup({ ...plan, actions: [actions[0]!, unknown] } as Plan);
    expect(await world.answersTo([{ n: 1 }, { n: 2 }])).toMatchObject([{ reached: 1 }, { reached: 1 }]);
    const answers = await world.answersTo([{}, {}], { place: 1 });
    for (const answer of answers)
      expect(answer).toMatchObject({
        kind: 'failed',
        killed: false,
        error: { code: 'ActionUnknown', action: 'step1' },
      });
    expect(world.lost).toEqual([]);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('of a batch its thread cannot read fail as a whole, and the thread goes on', async () => {
    const world = await setup(planOf([{ function: 'double' }]), { threads: 1 });
    const answers = await world.answersTo(
      numbers(5).map(n => ({ n })),
      { place: 99, partMembers: 2 },
    );
    for (const answer of answers)
      expect(answer).toMatchObject({ kind: 'failed', killed: false, path: [99], error: { code: 'ActionFailed' } });
    expect((await world.answersTo([{ n: 4 }]))[0]!.value).toBe(8);
    expect(world.lost).toEqual([]);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('come from CommonJS modules too', async () => {
    const world = await setup(planOf([{ function: 'plain' }, { function: 'hidden', break: true }], 'common.cjs'));
    expect((await world.answersTo([{ n: 1 }]))[0]!.value).toEqual({ RESULT: 'plain 1' });
    expect((await world.answersTo([{ n: 2 }], { place: 1 }))[0]!.value).toBe('hidden 2');
  });
});

describe('a transaction', () => {
  it('of several actions passes RESULT on and reports every action', async () => {
    const world = await setup(
      planOf([{ function: 'addToResult' }, { function: 'addToResult' }, { function: 'addToResult' }]),
    );
    const [answer] = await world.answersTo([{ n: 5 }]);
    expect(answer).toMatchObject({
      path: [0, 1, 2],
      reached: END,
      value: { sum: 15 },
      earlier: [{ sum: 5 }, { sum: 10 }],
    });
  });

  it('ends before a break, with everything written so far', async () => {
    const plan = planOf([{ function: 'writes' }, { function: 'addToResult' }, { function: 'writes', break: true }]);
    const world = await setup(plan);
    const [first] = await world.answersTo([{ n: 1 }], { written: [{ kept: 'x', total: 10, RESULT: 'old' }] });
    expect(first).toMatchObject({ path: [0, 1], reached: 2, value: { kept: 'x', total: 11, RESULT: { sum: 1 } } });
    const [second] = await world.answersTo([{ n: 1 }], { place: 2, written: [first!.value as { total: number }] });
    expect(second).toMatchObject({ path: [2], reached: END, value: 11 });
  });

  it('that wrote nothing says so, and a null action leaves RESULT as it was', async () => {
    const world = await setup(planOf([{ type: 'null' }, { type: 'null' }]));
    const [first] = await world.answersTo([{}], { written: [{ RESULT: 7 }] });
    expect(first).toMatchObject({ kind: 'completed', reached: 1, value: undefined });
    const [last, none] = await world.answersTo([{}, {}], { place: 1, written: [{ RESULT: 7 }, {}] });
    expect(last).toMatchObject({ reached: END, value: 7 });
    expect(none).toMatchObject({ reached: END, value: undefined });
  });

  it('that fails in its second action names that place and the results before', async () => {
    const world = await setup(planOf([{ function: 'double' }, { function: 'fail' }]));
    const [answer] = await world.answersTo([{ n: 4 }]);
    expect(answer).toMatchObject({ kind: 'failed', path: [0, 1], reached: 1, value: undefined, earlier: [8] });
  });

  it('mixes awaited and synchronous actions', async () => {
    const world = await setup(
      planOf([{ function: 'doubleAfter' }, { function: 'doubleLater' }, { function: 'double' }]),
    );
    const answers = await world.answersTo(numbers(250).map(n => ({ n, ms: n % 7 })));
    expect(answers.map(({ value, earlier }) => [...earlier, value])).toEqual(
      numbers(250).map(n => [n * 2, n * 2, n * 2]),
    );
  });

  it('sees inputs beyond ASCII, and keys that would reach a prototype as data', async () => {
    const world = await setup(planOf([{ function: 'everything' }]));
    const hostile = JSON.parse('{"__proto__":{"x":1},"constructor":1}') as Record<string, unknown>;
    const [text, keys] = await world.answersTo([{ title: 'Ça ira 😀' }, hostile], {
      written: [{}, JSON.parse('{"__proto__":2}')],
    });
    expect(text!.value).toEqual({ title: 'Ça ira 😀' });
    expect(Object.entries(keys!.value as object)).toEqual([
      ['__proto__', 2],
      ['constructor', 1],
    ]);
  });
});

describe('results', () => {
  const refused = {
    function: 'ResultNotJson',
    nestedFunction: 'ResultNotJson',
    bigint: 'ResultNotJson',
    nestedBigint: 'ResultNotJson',
    symbol: 'ResultNotJson',
    cycle: 'ResultNotJson',
    deep: 'ResultNotJson',
    nul: 'ResultNotJson',
    nulInKey: 'ResultNotJson',
    surrogate: 'ResultNotJson',
    throwingGetter: 'ResultNotJson',
    large: 'ResultTooLarge',
    largeInBytes: 'ResultTooLarge',
  };
  const taken = {
    undefined: null,
    nan: null,
    date: '1970-01-01T00:00:00.000Z',
    escapedEscape: '\\u0000 and \\ud800',
    pair: '😀',
    controls: '\u0001\u001f',
  };

  it('that are not JSON or too large are refused, the others taken', async () => {
    const world = await setup(planOf([{ function: 'value' }]), { resultBytesMax: 100_000 });
    const names = [...Object.keys(refused), ...Object.keys(taken)];
    const answers = await world.answersTo(names.map(name => ({ name })));
    const got = Object.fromEntries(names.map((name, at) => [name, answers[at]!.error?.code ?? answers[at]!.value]));
    expect(got).toEqual({ ...refused, ...taken });
  });

  it('may have a key __proto__', async () => {
    const world = await setup(planOf([{ function: 'value' }, { function: 'everything' }]));
    const [answer] = await world.answersTo([{ name: 'protoKey' }]);
    expect(JSON.stringify(answer!.value)).toBe('{"name":"protoKey","RESULT":{"__proto__":{"x":1}}}');
  });
});

describe('the context', () => {
  it('names instance, workflow, action, attempt and idempotency key', async () => {
    const world = await setup(planOf([{ function: 'contextOf' }]));
    const answers = await world.answersTo([{}, {}]);
    const instance = instanceId(root, 1);
    expect(answers[1]!.value).toEqual({
      instance,
      workflow: '/test/flow',
      action: 'step0',
      attempt: 1,
      idempotencyKey: `${instance}:2`,
    });
  });

  it('refuses names that reach a prototype', async () => {
    const world = await setup(planOf([{ function: 'reservedNames' }]));
    expect((await world.answersTo([{}]))[0]!.value).toBe('refused');
  });

  it('sends events with the outcome, and none of a failed transaction', async () => {
    const world = await setup(planOf([{ function: 'tells' }]));
    await world.answersTo([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(world.events.map(({ member, event }) => [member, event])).toEqual([
      [0, { kind: 'custom', name: 'told', message: 'n is 0' }],
      [2, { kind: 'custom', name: 'told', message: 'n is 2' }],
    ]);
  });

  it('logs, bounded in lines and length', async () => {
    const world = await setup(planOf([{ function: 'logs' }]), { threads: 1 });
    await world.answersTo([{ lines: 5_000 }]);
    await world.until(() => world.logged.length > 0);
    expect(world.logged).toHaveLength(1_001);
    expect(world.logged[0]).toMatchObject({ level: 'info', instance: root });
    expect(world.logged[0]!.message).toHaveLength(4_096);
    expect(world.logged[1_000]!.message).toContain('4000 log lines were dropped');
  });
});
