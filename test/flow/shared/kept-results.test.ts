// What an instance leaves with is the RESULT of the context that ended last, also where those that live on then end
// nowhere: they are swallowed at a join, or wait there in vain.

import { expect, test } from 'vitest';
import type { Action, Flow } from '../../../src/workflow/model.js';
import { compilePlan } from '../../../src/workflow/plan.js';
import { TinyWorld } from './tiny-world.js';

test.each<[join: string | { wait: string; rest: 'block' | 'cancel' }]>([
  ['first'],
  [{ wait: 'first', rest: 'block' }],
  ['2 tokens'],
])('%j: what went on has ended when the others come', join => {
  const world = worldOf(join, ['one', 'two', 'three']);
  const [one, two, three] = splitOf(world, 3);
  world.run(one!);
  if (join === '2 tokens') world.run(two!);
  world.run(world.at('meet')[0]!);
  expect({ end: world.end, kept: world.state!.open[0]!.result }).toEqual({ end: null, kept: one });
  if (join !== '2 tokens') world.run(two!);
  expect(world.end).toBeNull();
  world.run(three!);
  expect(world.end).toEqual({ state: 'finished', result: one });
});

test('an end after it takes its place, and a join that cancels the rest leaves it', () => {
  const world = worldOf({ wait: 'first', rest: 'cancel' }, ['one', 'two'], ['early', 'late']);
  const [one, two, early, late] = splitOf(world, 4);
  world.run(early!);
  expect(world.state!.open[0]!.result).toBe(early);
  world.run(one!);
  expect([...world.contexts.keys()]).not.toContain(two);
  expect([...world.contexts.keys()]).toContain(early);
  world.run(late!);
  expect(world.state!.open[0]!.result).toBe(late);
  expect([...world.contexts.keys()]).not.toContain(early);
  world.run(world.at('meet')[0]!);
  expect(world.end).toEqual({ state: 'finished', result: one });
});

test('nothing is kept where there are no joins', () => {
  const world = worldOf(undefined, [], ['one', 'two']);
  const [one, two] = splitOf(world, 2);
  world.run(one!);
  expect([...world.contexts.keys()]).toEqual([two]);
  world.run(two!);
  expect(world.end).toEqual({ state: 'finished', result: two });
});

/** All branches come from `begin`; some of them meet. */
function worldOf(join: Action['join'], meeting: readonly string[], others: readonly string[] = []): TinyWorld {
  const branches = [...meeting, ...others];
  const actions: Action[] = ['begin', ...branches].map(name => ({ name, type: 'null' }));
  const flows: Flow[] = branches.map(to => ({ from: 'begin', to }));
  if (join !== undefined) actions.push({ name: 'meet', type: 'null', join });
  flows.push(...meeting.map(from => ({ from, to: 'meet' })));
  return new TinyWorld(new Map([[1, compilePlan({ name: '/test', actions, flows }, '/')]]));
}

/** The contexts behind `begin`, in the order of its flows. */
function splitOf(world: TinyWorld, count: number): number[] {
  world.run(0);
  expect(world.contexts.size).toBe(count);
  return [...world.contexts.keys()].sort((a, b) => a - b);
}
