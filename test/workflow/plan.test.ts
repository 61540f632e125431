// What a definition is compiled to: one list of actions and flows, with the bodies of its for-each actions in it.

import { expect, test } from 'vitest';
import type { Action, Flow, Join, WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan, type Plan } from '../../src/workflow/plan.js';

function planOf(actions: Action[], flows: Flow[] = []): Plan {
  return compilePlan({ name: '/a', module: './m.mjs', actions, flows }, '/base');
}

function named(...names: string[]): Action[] {
  return names.map(name => ({ name, type: 'null' }));
}

function flow(pair: string): Flow {
  return { from: pair[0]!, to: pair[1]! };
}

test('one start begins where it stands', () => {
  const [a, b] = named('a', 'b');
  expect(planOf([a!, b!], [flow('ab')]).entry).toEqual({ place: 0, hasRun: false });
  expect(planOf([a!, { ...b!, start: true }], [flow('ba')]).entry).toEqual({ place: 1, hasRun: false });
});

test('several starts begin behind all others, at a place that never runs', () => {
  const [a, b, c] = named('a', 'b', 'c');
  const plan = planOf([{ ...a!, start: true }, b!, { ...c!, start: true }], [flow('ab'), flow('cb')]);
  expect(plan.entry).toEqual({ place: 3, hasRun: true });
  expect(plan.actions[3]).toMatchObject({
    place: 3,
    name: '(start)',
    action: { name: '(start)', type: 'null' },
    flows: [
      { kind: 'always', flow: 2, to: 0 },
      { kind: 'always', flow: 3, to: 2 },
    ],
    inbound: [],
  });
  expect(plan.targets).toEqual([1, 1, 0, 2]);
  expect(plan.actions.map(({ inbound }) => inbound)).toEqual([[2], [0, 1], [3], []]);
});

test('transaction breaks: what is marked, and always null actions, joins and mutexes', () => {
  const printing = { name: 'a', type: 'console', message: '' } as const;
  const isBreak = (action: Action) => planOf([action]).actions[0]!.isBreak;
  const others: Action[] = [
    { ...printing, transactionBreak: true },
    { ...printing, join: 'first' },
    { ...printing, mutex: 'm' },
    { name: 'a', type: 'null' },
    { name: 'a', type: 'null', transactionBreak: false },
  ];
  expect([isBreak(printing), ...others.map(isBreak)]).toEqual([false, ...others.map(() => true)]);
});

test('bodies lie behind the workflow, outer ones before those in them; places and flows are numbered through', () => {
  const inner: Action = {
    name: 'each',
    type: 'forEach',
    from: 1,
    to: 2,
    body: { actions: [{ name: 'x', type: 'call', function: 'f' }] },
  };
  const plan = planOf(
    [
      {
        name: 'outer',
        type: 'forEach',
        items: [1],
        body: { actions: [...named('a'), inner], flows: [{ from: 'a', to: 'each' }] },
      },
      ...named('b'),
      {
        name: 'other',
        type: 'forEach',
        items: [1],
        body: { actions: named('a', 'b'), flows: [flow('ab'), flow('ab')] },
      },
    ],
    [
      { from: 'outer', to: 'b' },
      { from: 'b', to: 'other', kind: 'error' },
    ],
  );
  expect(plan.actions.map(({ place, name }) => `${place} ${name}`)).toEqual([
    '0 outer',
    '1 b',
    '2 other',
    '3 outer/a',
    '4 outer/each',
    '5 other/a',
    '6 other/b',
    '7 outer/each/x',
  ]);
  expect(plan.targets).toEqual([1, 2, 4, 6, 6]);
  expect(plan.actions.map(({ bodyStarts }) => bodyStarts)).toEqual([[3], [], [5], [], [7], [], [], []]);
  expect(plan.actions[3]!.flows).toEqual([{ kind: 'always', flow: 2, to: 4 }]);
  expect(plan.actions[1]!.errorFlow).toEqual({ flow: 1, to: 2, rollback: false });
  expect(plan.actions[6]!.inbound).toEqual([3, 4]);
  expect(plan.actions[7]!.modulePath).toBe('/base/m.mjs');
});

test('a body begins at each action that is marked', () => {
  const [a, b, c] = named('a', 'b', 'c');
  const actions = [a!, { ...b!, start: true }, { ...c!, start: true }];
  expect(planOf([{ name: 'e', type: 'forEach', items: [], body: { actions } }]).actions[0]!.bodyStarts).toEqual([2, 3]);
});

test('a join counts the flows that lead to it, whatever their kind', () => {
  const joins = (join: Join, ...flows: Flow[]) =>
    planOf([...named('a'), { name: 'j', type: 'null', join }], flows).actions[1]!;
  const error: Flow = { from: 'a', to: 'j', kind: 'error' };
  expect(joins('all', flow('aj'), error)).toMatchObject({
    isBreak: true,
    inbound: [0, 1],
    join: { kind: 'count', need: 2, rest: 'keep' },
  });
  expect(joins({ wait: '1 of 2', rest: 'cancel' }, flow('aj'), error).join).toEqual({
    kind: 'count',
    need: 1,
    rest: 'cancel',
  });
  expect(joins('all activated', flow('aj')).join).toEqual({ kind: 'activated' });
  expect(joins('3 tokens', flow('aj')).join).toEqual({ kind: 'tokens', need: 3 });
});

test('the region of a cancel: its own level first, else all of the name in bodies below; of a group the nearest forEach', () => {
  const extend = (group: string): Action => ({ name: 'more', type: 'group', group, do: 'extend', items: [1] });
  const body = { actions: [...named('a', 'x'), extend('each')], flows: [flow('ax'), { from: 'x', to: 'more' }] };
  const definition: WorkflowDefinition = {
    name: '/a',
    actions: [
      ...named('a'),
      { name: 'each', type: 'forEach', items: [1], body },
      { name: 'two', type: 'forEach', items: [1], body: { actions: named('x') } },
      { name: 'stop', type: 'cancel', actions: ['a', 'x', 'two', 'x'] },
      { name: 'finish', type: 'group', group: 'two', do: 'complete' },
    ],
    flows: [],
  };
  const { actions } = compilePlan(definition, '/');
  const region = (name: string) =>
    actions.find(action => action.name === name)!.region.map(place => actions[place]!.name);
  expect(region('stop')).toEqual(['a', 'each/x', 'two/x', 'two']);
  expect(region('each/more')).toEqual(['each']);
  expect(region('finish')).toEqual(['two']);
});
