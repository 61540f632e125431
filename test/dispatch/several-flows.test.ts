// Transactions that end where several flows are taken or one leads into a join, and those that begin with the flows out of
// an action that has run.

import { describe, expect, it } from 'vitest';
import { instanceId } from '../../src/workflow/instance-id.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { compilePlan, END, type Plan } from '../../src/workflow/plan.js';
import { fixtures, numbers, root, setup } from './setup.js';

const call = (name: string, called: string, more: object = {}): Action => ({
  name,
  type: 'call',
  function: called,
  ...more,
});
const join: Action = { name: 'join', type: 'null', join: 'all' };

function planOf(actions: Action[], flows: Flow[], module = 'plain.mjs'): Plan {
  return compilePlan({ name: '/test/several', module, actions, flows }, fixtures);
}

const flowsTaken = (...flows: number[]) => ({ kind: 'flows', flows });

describe('a split', () => {
  it('of two unconditional flows ends the transaction at the action they lead out of', async () => {
    const plan = planOf(
      [call('a', 'double'), call('b', 'double'), call('c', 'double'), call('d', 'double')],
      [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
        { from: 'b', to: 'd' },
        { from: 'b', to: 'c', kind: 'error' },
      ],
    );
    const world = await setup(plan, { threads: 1 });
    const answers = await world.answersTo(numbers(100).map(n => ({ n })));
    for (const [n, answer] of answers.entries()) {
      expect(answer).toMatchObject({ kind: 'completed', path: [0, 1], reached: 1, demand: flowsTaken(1, 2) });
      expect([answer.value, answer.earlier]).toEqual([{ RESULT: n * 2 }, [n * 2]]);
    }
  });

  it('of 500 names them all; members with the same ones are one group', async () => {
    const names = numbers(500).map(n => `b${n}`);
    const plan = planOf(
      [call('a', 'result'), ...names.map(name => call(name, 'result'))],
      names.map(to => ({ from: 'a', to })),
    );
    const world = await setup(plan, { threads: 1 });
    await world.answersTo([{}]);
    const before = world.groups;
    const answers = await world.answersTo(numbers(50).map(n => ({ n })));
    for (const { demand } of answers) expect(demand).toEqual(flowsTaken(...numbers(500)));
    expect(world.groups - before).toBeLessThan(50);
  });

  it('by conditions takes those that hold, one goes on within the transaction', async () => {
    const plan = planOf(
      [call('a', 'double'), call('b', 'double'), call('c', 'double'), call('d', 'double')],
      [
        { from: 'a', to: 'b', condition: 'RESULT >= 2' },
        { from: 'a', to: 'c', condition: 'RESULT >= 4' },
        { from: 'a', to: 'd', condition: 'RESULT >= 6' },
      ],
    );
    const world = await setup(plan, { threads: 1 });
    const answers = await world.answersTo([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }, { n: 2 }]);
    expect(answers.map(({ path, reached, demand }) => [path, reached, demand])).toEqual([
      [[0], END, null],
      [[0, 1], END, null],
      [[0], 0, flowsTaken(0, 1)],
      [[0], 0, flowsTaken(0, 1, 2)],
      [[0], 0, flowsTaken(0, 1)],
    ]);
  });
});

describe('a flow into a join', () => {
  it('alone is asked for by its number', async () => {
    const plan = planOf([call('a', 'double'), join], [{ from: 'a', to: 'join' }]);
    const world = await setup(plan, { threads: 1 });
    const [answer] = await world.answersTo([{ n: 1 }]);
    expect(answer).toMatchObject({ path: [0], reached: 0, demand: flowsTaken(0), value: { RESULT: 2 } });
  });

  it('taken by a condition, too', async () => {
    const plan = planOf(
      [call('a', 'double'), join],
      [
        { from: 'a', to: 'join', condition: 'RESULT = 2' },
        { from: 'a', to: 'a', kind: 'else' },
      ],
    );
    const world = await setup(plan, { threads: 1 });
    expect((await world.answersTo([{ n: 1 }]))[0]).toMatchObject({ reached: 0, demand: flowsTaken(0) });
  });

  it('for an error brings the error along', async () => {
    const plan = planOf(
      [call('a', 'fail'), join],
      [
        { from: 'a', to: 'join' },
        { from: 'a', to: 'join', kind: 'error' },
      ],
    );
    const world = await setup(plan, { threads: 1 });
    const [answer] = await world.answersTo([{ n: 1, code: 'Odd' }]);
    expect(answer).toMatchObject({
      kind: 'completed',
      path: [0],
      reached: 0,
      demand: flowsTaken(1),
      exits: ['error'],
      error: { code: 'Odd' },
      value: { ERROR: { code: 'Odd', action: 'a' } },
    });
  });

  it.each([0, 3])('for the timeout of context %d, whose thread had to be ended, too', async context => {
    const plan = planOf(
      [call('a', 'busy', { timeoutMs: 50 }), join],
      [
        { from: 'a', to: 'join' },
        { from: 'a', to: 'join', kind: 'timeout' },
      ],
    );
    const world = await setup(plan, { threads: 1 });
    const written = [{ kept: 1, $workflow: { total: 2 } }];
    const [answer] = await world.answersTo([{ n: 1, ms: 600_000 }], { context, written });
    expect(answer).toMatchObject({ kind: 'completed', path: [0], reached: 0, exits: ['timeout'] });
    expect(answer!.demand).toEqual(flowsTaken(1));
    expect(answer!.value).toMatchObject({ kept: 1, ERROR: { code: 'ActionTimeout' } });
    expect(Object.hasOwn(answer!.value as object, '$workflow')).toBe(context === 0);
  });
});

describe('a transaction that begins with the flows out of an action', () => {
  const chart = planOf(
    [
      call('a', 'fail'),
      call('b', 'double'),
      call('c', 'double'),
      call('d', 'double', { transactionBreak: true }),
      join,
    ],
    [
      { from: 'a', to: 'b', condition: 'RESULT = 1' },
      { from: 'a', to: 'd', condition: 'RESULT = 2' },
      { from: 'a', to: 'b', condition: 'RESULT >= 3' },
      { from: 'a', to: 'c', condition: 'RESULT >= 3' },
      { from: 'a', to: 'join', condition: 'RESULT = -1' },
      { from: 'b', to: 'c' },
    ],
  );

  it('goes the way its variables say, without the action', async () => {
    const world = await setup(chart, { threads: 1 });
    const results = [1, 2, 3, -1, 0, 1];
    const answers = await world.answersTo(
      results.map(() => ({ n: 5 })),
      { hasRun: true, written: results.map(RESULT => ({ RESULT })) },
    );
    expect(answers.map(({ kind, path, reached, demand }) => [kind, path, reached, demand])).toEqual([
      ['completed', [1, 2], END, null],
      ['completed', [], 3, null],
      ['completed', [], 0, flowsTaken(2, 3)],
      ['completed', [], 0, flowsTaken(4)],
      ['completed', [], END, null],
      ['completed', [1, 2], END, null],
    ]);
    expect(answers.map(({ value }) => value)).toEqual([10, undefined, undefined, undefined, 0, 10]);
    expect(answers[0]!.earlier).toEqual([10]);
    for (const { startedMs, endedMs } of answers) {
      expect(Math.abs(startedMs - Date.now())).toBeLessThan(600_000);
      expect(endedMs).toBeGreaterThanOrEqual(startedMs);
    }
  });

  it('ends at once where no flow leads on, with what was RESULT', async () => {
    const world = await setup(planOf([call('a', 'fail')], []), { threads: 1 });
    const [some, none] = await world.answersTo([{}, {}], { hasRun: true, written: [{ RESULT: 7 }, {}] });
    expect([some!.path, some!.reached, some!.value]).toEqual([[], END, 7]);
    expect([none!.reached, none!.value]).toEqual([END, undefined]);
  });

  it('splits at once where all flows are unconditional', async () => {
    const plan = planOf(
      [call('a', 'fail'), call('b', 'double'), call('c', 'double')],
      [
        { from: 'a', to: 'b' },
        { from: 'a', to: 'c' },
      ],
    );
    const world = await setup(plan, { threads: 1 });
    const answers = await world.answersTo(numbers(10), { hasRun: true });
    for (const { path, demand } of answers) expect([path, demand]).toEqual([[], flowsTaken(0, 1)]);
  });

  it('that fails in its first action names that one', async () => {
    const plan = planOf([call('a', 'double'), call('b', 'fail')], [{ from: 'a', to: 'b' }]);
    const world = await setup(plan, { threads: 1 });
    const [answer] = await world.answersTo([{ n: 1 }], { hasRun: true });
    expect(answer).toMatchObject({ kind: 'failed', path: [1], reached: 1, error: { action: 'b' } });
  });

  it('whose first action ends its thread is answered with that action alone', async () => {
    const actions = [call('a', 'double'), call('b', 'busy', { timeoutMs: 50 })];
    const world = await setup(planOf(actions, [{ from: 'a', to: 'b' }]), { threads: 1 });
    const [answer] = await world.answersTo([{ n: 1, ms: 600_000 }], { hasRun: true });
    expect(answer).toMatchObject({ kind: 'failed', path: [1], reached: 1, killed: true, error: { action: 'b' } });
  });
});

describe('one of several contexts', () => {
  it('has an idempotency key of its own, and leaves with everything it wrote', async () => {
    const world = await setup(planOf([call('a', 'contextOf')], []), { threads: 1 });
    const [answer] = await world.answersTo([{}], { context: 12, written: [{ kept: 1 }] });
    const instance = instanceId(root, 0);
    expect(answer).toMatchObject({ reached: END, demand: null });
    expect(answer!.value).toMatchObject({ kept: 1, RESULT: { idempotencyKey: `${instance}:12.2` } });
  });

  it('that wrote nothing says so', async () => {
    const world = await setup(planOf([{ name: 'a', type: 'null' }], []), { threads: 1 });
    const [answer] = await world.answersTo([{}], { context: 1, written: [{ RESULT: 1 }] });
    expect(answer).toMatchObject({ reached: END, value: undefined });
  });
});
