// Actions that act on flow contexts: what they evaluate in the thread, and what they ask of the engine.

import { describe, expect, it, test } from 'vitest';
import { countOf } from '../../src/actions/range.js';
import type { Action, Flow, JsonObject } from '../../src/workflow/model.js';
import { compilePlan, END } from '../../src/workflow/plan.js';
import { fixtures, numbers, setup, type World } from './setup.js';

type Written = { type: Action['type'] } & Record<string, unknown>;

const each: Action = { name: 'each', type: 'forEach', items: [], body: { actions: [{ name: 'x', type: 'null' }] } };

/** One action, `acts`, one it may lead to, `after`, and one whose group it may change, `each`. */
function worldOf(action: Written, flows: readonly Flow[] = [{ from: 'acts', to: 'after' }]): Promise<World> {
  const acts = { name: 'acts', ...action } as Action;
  const after = { name: 'after', type: 'null' } as const;
  return setup(compilePlan({ name: '/test/acts', actions: [acts, after, each], flows: [...flows] }, fixtures), {
    threads: 1,
  });
}

async function answerOf(action: Written, input: JsonObject = {}, flows?: readonly Flow[]) {
  const world = await worldOf(action, flows);
  return (await world.answersTo([input]))[0]!;
}

const act = (more: object = {}) => ({ kind: 'act', count: 0, name: null, range: null, ...more });

describe('a forEach action', () => {
  it('asks for as many copies as it has items, which are RESULT', async () => {
    const answer = await answerOf({ type: 'forEach', items: `\${orders}` }, { orders: [{ id: 1 }, 'two'] });
    expect(answer).toMatchObject({
      kind: 'completed',
      path: [0],
      reached: 0,
      demand: act({ count: 2 }),
      value: { RESULT: [{ id: 1 }, 'two'] },
    });
  });

  it('takes a list as it is written, texts put in however deep, and the name of a workflow', async () => {
    const items = ['x', { to: `\${who}`, list: [`\${n}`, `n is \${n}`] }, null];
    const answer = await answerOf({ type: 'forEach', items, workflow: `/own/\${who}` }, { who: 'ann', n: 3 });
    expect(answer.demand).toEqual(act({ count: 3, name: '/own/ann' }));
    expect(answer.value).toEqual({ RESULT: ['x', { to: 'ann', list: [3, 'n is 3'] }, null] });
  });

  it('of no items asks for none', async () => {
    const answer = await answerOf({ type: 'forEach', items: `\${orders}` }, { orders: [] });
    expect(answer).toMatchObject({ demand: act(), value: { RESULT: [] } });
  });

  it('has members with as many items in one group, others in another', async () => {
    const world = await worldOf({ type: 'forEach', items: `\${list}` });
    const answers = await world.answersTo(numbers(60).map(n => ({ list: numbers(n % 3) })));
    expect(answers.map(({ demand }) => demand)).toEqual(numbers(60).map(n => act({ count: n % 3 })));
  });

  it('counts a range and leaves RESULT alone', async () => {
    const answer = await answerOf({ type: 'forEach', from: 1, to: `\${n}` }, { n: 9 });
    expect(answer).toMatchObject({ demand: act({ count: 9, range: { from: 1, step: 1 } }), value: undefined });
    const back = await answerOf({ type: 'forEach', from: '10', to: `\${n}`, step: -2.5 }, { n: '0' });
    expect(back.demand).toEqual(act({ count: 5, range: { from: 10, step: -2.5 } }));
    const down = await answerOf({ type: 'forEach', from: 3, to: 1 });
    expect(down.demand).toEqual(act({ count: 3, range: { from: 3, step: -1 } }));
  });

  it('takes a million numbers when no results are kept, else ten thousand', async () => {
    const many = await answerOf({ type: 'forEach', from: 1, to: 1_000_000, collect: false });
    expect(many.demand).toMatchObject({ count: 1_000_000 });
    for (const more of [{ to: 1_000_001, collect: false }, { to: 10_001 }]) {
      const answer = await answerOf({ type: 'forEach', from: 1, ...more });
      expect(answer).toMatchObject({ kind: 'failed', error: { code: 'TooManyItems' } });
    }
    const list = await answerOf({ type: 'forEach', items: `\${list}`, collect: false }, { list: numbers(10_001) });
    expect(list.error).toMatchObject({ code: 'TooManyItems', message: expect.stringContaining('10001') });
  });

  it.each<[object, string, string]>([
    [{ items: `\${n}` }, 'ItemsInvalid', `items must be a list, but "\${n}" gives 3`],
    [{ items: `\${o}` }, 'ItemsInvalid', 'gives an object with a'],
    [{ items: `n: \${n}` }, 'ItemsInvalid', 'gives the text "n: 3"'],
    [{ items: `\${none}` }, 'VARIABLE_MISSING', 'there is no none'],
    [{ from: `\${o}`, to: 3 }, 'ItemsInvalid', '"from" must be a number, not an object with a'],
    [{ from: 1, to: '3x' }, 'ItemsInvalid', '"to" must be a number, not the text "3x"'],
    [{ from: 1 }, 'ItemsInvalid', '"to" must be a number, not null'],
    [{ from: 1, to: 3, step: 0 }, 'ItemsInvalid', 'must not be 0'],
    [{ from: 1, to: 2, workflow: 'no name' }, 'NAMESPACE_INVALID', ''],
  ])('%j fails with %s', async (written, code, message) => {
    const answer = await answerOf({ type: 'forEach', ...written }, { n: 3, o: { a: 1 } });
    expect(answer).toMatchObject({ kind: 'failed', path: [0], reached: 0, demand: null, error: { code } });
    expect(answer.error!.message).toContain(message);
  });

  it('takes its error flow when its items are none', async () => {
    const flows: Flow[] = [{ from: 'acts', to: 'after', kind: 'error' }];
    const answer = await answerOf({ type: 'forEach', items: `\${n}` }, { n: 3 }, flows);
    expect(answer).toMatchObject({ kind: 'completed', reached: 1, demand: null, exits: ['error'] });
    expect(answer.value).toMatchObject({ ERROR: { code: 'ItemsInvalid', action: 'acts' } });
  });
});

test.each<[number, number, number, number]>([
  [0, 1, 0.1, 11],
  [0.1, 0.3, 0.1, 3],
  [0.1 + 0.2, 0.3, 0.1, 1],
  [1, 1, 1, 1],
  [1, 5, -1, 0],
  [1, 5.9, 1, 5],
  [-1, -2, -0.25, 5],
  [0, 1, 0.30000001, 4],
  [0, 999_999.9, 1, 1_000_000],
  [-1e308, 1e308, 1e308, 3],
  [-1.7e308, 1.7e308, 1, Number.POSITIVE_INFINITY],
])('from %d to %d by %d are %d numbers', (from, to, step, count) => {
  if (count === Number.POSITIVE_INFINITY) expect(() => countOf(from, to, step)).toThrow('too small');
  else expect(countOf(from, to, step)).toBe(count);
});

test('a step that is lost beside its numbers is refused', () => {
  expect(() => countOf(1e17, 1e17 + 64, 1)).toThrow('too small');
});

describe('a workflow action', () => {
  it('asks for a workflow by its name, with its input as RESULT', async () => {
    const input = { who: `\${who}`, all: [`\${n}`, { text: `\${n} of \${who}` }], kept: true };
    const answer = await answerOf({ type: 'workflow', workflow: `/own/\${who}`, input }, { who: 'ann', n: 2 });
    expect(answer).toMatchObject({ kind: 'completed', reached: 0, demand: act({ name: '/own/ann' }) });
    expect(answer.value).toEqual({ RESULT: { who: 'ann', all: [2, { text: '2 of ann' }], kept: true } });
  });

  it('gives an empty input when it has none, and fails where its name is none', async () => {
    expect((await answerOf({ type: 'workflow', workflow: '/own/a' })).value).toEqual({ RESULT: {} });
    const answer = await answerOf({ type: 'workflow', workflow: `\${n}` }, { n: 7 });
    expect(answer).toMatchObject({ kind: 'failed', error: { code: 'NAMESPACE_INVALID' } });
  });

  it.each(['$own', '$workflow', '$x'])(
    'refuses an input with a variable named %s: such names are not users’',
    async name => {
      const answer = await answerOf({ type: 'workflow', workflow: '/own/a', input: { ok: 1, [name]: {} } });
      expect(answer).toMatchObject({ kind: 'failed', demand: null, error: { code: 'InputInvalid', action: 'acts' } });
      expect(answer.error!.message).toContain(`"${name}" cannot be the name of a variable`);
    },
  );
});

describe('actions that only say so', () => {
  it.each<Written>([
    { type: 'end' },
    { type: 'cancel', actions: ['after'] },
    { type: 'group', group: 'each', do: 'complete' },
    { type: 'group', group: 'each', do: 'cancel' },
  ])('%j', async action => {
    const world = await worldOf(action);
    const answers = await world.answersTo(numbers(5), { written: numbers(5).map(n => ({ RESULT: n })) });
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'completed', path: [0], reached: 0, demand: act(), value: undefined });
    }
  });

  it('a group is extended by items', async () => {
    const extend: Written = { type: 'group', group: 'each', do: 'extend', items: `\${more}` };
    expect(await answerOf(extend, { more: [1, 2] })).toMatchObject({
      demand: act({ count: 2 }),
      value: { RESULT: [1, 2] },
    });
    const none = await answerOf({ type: 'group', group: 'each', do: 'extend' });
    expect(none).toMatchObject({ kind: 'failed', error: { code: 'ItemsInvalid' } });
  });
});

describe('an error action', () => {
  it('fails with its code and message, and is not tried again', async () => {
    const answer = await answerOf({ type: 'error', code: 'OutOfStock', message: 'no more' });
    expect(answer).toMatchObject({ kind: 'failed', error: { code: 'OutOfStock', message: 'no more', action: 'acts' } });
    const plain = await answerOf({ type: 'error' });
    expect(plain.error).toMatchObject({ code: 'ErrorAction', message: 'action "acts" ends in failure' });
    const action = { name: 'a', type: 'error', retry: { retries: 3 } } as const;
    expect(compilePlan({ name: '/a', actions: [action], flows: [] }, '/').actions[0]!.retry.retries).toBe(0);
  });

  it('takes its error flow', async () => {
    const flows: Flow[] = [{ from: 'acts', to: 'after', kind: 'error' }];
    const answer = await answerOf({ type: 'error' }, {}, flows);
    expect(answer).toMatchObject({ kind: 'completed', reached: 1, value: { ERROR: { code: 'ErrorAction' } } });
  });
});

test('an acting action in a later place of a transaction has what ran before it in its path', async () => {
  const actions: Action[] = [
    { name: 'double', type: 'call', function: 'double', module: 'plain.mjs' },
    { name: 'ends', type: 'end' },
  ];
  const plan = compilePlan({ name: '/test/acts', actions, flows: [{ from: 'double', to: 'ends' }] }, fixtures);
  const world = await setup(plan, { threads: 1 });
  const [answer] = await world.answersTo([{ n: 4 }]);
  expect(answer).toMatchObject({ path: [0, 1], reached: 1, demand: act(), value: { RESULT: 8 }, earlier: [8] });
  expect(answer!.reached).not.toBe(END);
});
