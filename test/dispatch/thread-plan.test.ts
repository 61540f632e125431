// The tree of paths: members that went the same way share a node, and it does not grow without end.

import { expect, test } from 'vitest';
import { ThreadPlan } from '../../src/dispatch/thread/thread-plan.js';
import { routeOf } from '../../src/flow/route.js';
import { substituteHere } from '../../src/flow/substitution/here.js';
import { compilePlan } from '../../src/workflow/plan.js';

const to = (reached: number) => ({ reached, demand: null });

/** So many actions in one transaction, each of which leads to the next one by either of two conditions' targets. */
function diamonds(count: number): ThreadPlan {
  const names = Array.from({ length: count }, (_, at) => [`a${at}`, `b${at}`]);
  const definition = {
    name: '/a',
    actions: names.flat().map(name => ({ name, type: 'console' as const, message: '' })),
    flows: names.slice(1).flatMap(([a, b], at) =>
      names[at]!.flatMap(from => [
        { from, to: a!, condition: 'x' },
        { from, to: b!, kind: 'else' as const },
      ]),
    ),
  };
  return new ThreadPlan(compilePlan(definition, '/'), { actions: {}, routeOf, substitute: substituteHere });
}

test('the same way is the same node, another way another one', () => {
  const plan = diamonds(3);
  const root = plan.root(0, false);
  expect(plan.root(0, false)).toBe(root);
  expect(root.exit('normal', to(2))).toBe(root.exit('normal', to(2)));
  expect(root.exit('normal', to(2)).next()).toBe(root.exit('normal', to(2)).next());
  expect(root.exit('error', to(2)).next()).not.toBe(root.exit('normal', to(2)).next());
  expect(root.exit('normal', to(3)).next().path).toEqual([0, 3]);
  const failedOnce = root.exit('error', to(3)).next();
  expect([failedOnce.exits, failedOnce.exit('normal', to(4)).exits, failedOnce.failed.exits]).toEqual([
    ['error'],
    ['error', 'normal'],
    ['error', 'error'],
  ]);
  expect([root.exit('normal', to(3)).exits, root.failed.exits]).toEqual([undefined, undefined]);
});

test('past ten thousand nodes the tree grows anew; who stands on the old one goes on', () => {
  const plan = diamonds(20);
  const roots = new Set<unknown>();
  const first = plan.root(0, false);
  for (let way = 0; way < 3_000; way++) {
    let node = plan.root(0, false);
    roots.add(node);
    for (let step = 1; step < 20; step++) node = node.exit('normal', to(2 * step + ((way >> (step % 12)) & 1))).next();
    expect(node.path).toHaveLength(20);
  }
  expect(roots.size).toBeGreaterThan(1);
  expect(first.exit('normal', to(2)).next().path).toEqual([0, 2]);
});

test('members that ask for the same share an exit; very many different demands make the tree grow anew', () => {
  const plan = diamonds(3);
  const root = plan.root(0, false);
  const asks = (...flows: number[]) => ({ reached: 0, demand: { kind: 'flows' as const, flows } });
  const act = (count: number) => ({ reached: 0, demand: { kind: 'act' as const, count, name: null, range: null } });
  expect(root.exit('normal', asks(1, 2))).toBe(root.exit('normal', asks(1, 2)));
  expect(root.exit('normal', asks(1, 2))).not.toBe(root.exit('normal', asks(12)));
  expect(root.exit('error', asks(1, 2))).not.toBe(root.exit('normal', asks(1, 2)));
  expect(root.exit('normal', act(2))).toBe(root.exit('normal', act(2)));
  expect(root.exit('normal', act(2))).not.toBe(root.exit('normal', act(3)));
  expect([root.exit('normal', act(2)).ends, root.exit('normal', to(2)).ends]).toEqual([true, false]);
  const hasRun = plan.root(0, true);
  expect([hasRun.path, hasRun.hasRun, root.hasRun, hasRun.exit('normal', to(2)).next().path]).toEqual([
    [],
    true,
    false,
    [2],
  ]);
  for (let count = 0; count < 11_000; count++) root.exit('normal', act(count));
  expect(plan.root(0, false)).not.toBe(root);
});
