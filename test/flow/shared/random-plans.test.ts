// Random plans, walked in random order, several happenings in a commit: the invariants of `TinyWorld.check` hold after
// each step, and how often each action runs is what a model of tokens says that knows nothing of contexts.
//
// RUNS (default 800) and SEED make it longer, or another.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredContext } from '../../../src/flow/shared/happening.js';
import { activeOf } from '../../../src/flow/shared/signals.js';
import type { Action, ForEachAction } from '../../../src/workflow/model.js';
import { type Level, levelOf, planOf, type Random, randomOf } from './programs.js';
import { TinyWorld, takesAll } from './tiny-world.js';

const numRuns = Number(process.env.RUNS ?? 800);

/**
 * How often each action runs when every flow is taken, added up by name.
 *
 * @param times how many instances there are, or items of a group: what one leaves at a join is not there for the next
 * @param run told how often the other workflow is run
 */
function tokens(
  level: Level,
  times: number,
  into: Map<string, number>,
  run: (times: number) => void,
  prefix = '',
): void {
  const counts = new Map<string, number>();
  const isStarted = level.actions.some(({ start }) => start === true);
  for (const action of level.actions) {
    const brought = level.flows.filter(({ to }) => to === action.name).map(({ from }) => counts.get(from)!);
    const isStart = isStarted ? action.start === true : action === level.actions[0];
    const count = brought.length === 0 && isStart ? 1 : passes(action, brought);
    counts.set(action.name, count);
    into.set(prefix + action.name, (into.get(prefix + action.name) ?? 0) + count * times);
    if (action.type === 'workflow' && action.wait !== false) run(count * times);
    if (action.type !== 'forEach') continue;
    const items = count * times * (action.items as unknown[]).length;
    if (action.workflow !== undefined) run(items);
    else tokens((action as ForEachAction).body as Level, items, into, run, `${prefix}${action.name}/`);
  }
}

function passes({ join }: Action, brought: readonly number[]): number {
  const sum = brought.reduce((all, each) => all + each, 0);
  if (join === undefined) return sum;
  const wait = typeof join === 'string' ? join : join.wait;
  const least = Math.min(...brought);
  if (wait === 'all') return least;
  if (wait.endsWith('tokens')) return Math.floor(sum / Number(wait.split(' ')[0]));
  // Each flow brings one a round; a round that not all bring theirs to is never over.
  const more = brought.filter(each => each > least).length;
  return least + (more >= Number(wait.split(' ')[0]) ? 1 : 0);
}

/** One of those that are ready, or several for one commit. */
const some =
  (random: Random) =>
  (ready: readonly StoredContext[]): StoredContext[] => {
    const left = [...ready];
    const chosen: StoredContext[] = [];
    for (let many = 1 + random(random(3) === 0 ? 4 : 1); many > 0 && left.length > 0; many--) {
      chosen.push(...left.splice(random(left.length), 1));
    }
    return chosen;
  };

describe('random plans', () => {
  test('run each action as often as tokens say, in whatever order', () => {
    const begun = new Map<string, number>();
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), (number, size) => {
        const random = randomOf(number);
        const inner = levelOf({ random, size: 4, depth: 0, runs: null, isWild: false });
        const outer = levelOf({ random, size, depth: 2, runs: '/inner', isWild: false });
        const expected = new Map<string, number>();
        const ofInner = new Map<string, number>();
        let calls = 0;
        tokens(outer, 1, expected, times => {
          calls += times;
        });
        tokens(inner, calls, ofInner, () => {});
        if ([...expected.values(), ...ofInner.values()].reduce((sum, each) => sum + each, 0) > 3_000) return;
        for (let order = 0; order < 3; order++) {
          const world = new TinyWorld(new Map([[1, planOf('/outer', outer)], [2, planOf('/inner', inner)]])); // biome-ignore format: a table
          world.runAll(some(random));
          expect(world.end?.state).toBe('finished');
          expect(counted(world, '1 ')).toEqual(nonzero(expected));
          expect(counted(world, '2 ')).toEqual(nonzero(ofInner));
          for (const [name, count] of expected) begun.set(name, (begun.get(name) ?? 0) + count);
        }
      }),
      { numRuns },
    );
    expect(begun.size).toBeGreaterThan(50);
  });

  test('with loops, cancellation and ends keep what must hold, and end', () => {
    const seen = { ends: 0, failed: 0, removed: 0, signalled: 0, raced: 0 };
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), (number, size) => {
        const run = (): readonly [TinyWorld, string[]] => {
          const random = randomOf(number);
          const inner = levelOf({ random, size: 4, depth: 0, runs: null, isWild: true });
          const outer = levelOf({ random, size, depth: 2, runs: '/inner', isWild: true });
          const handler: Level = { actions: [{ name: 'a0', type: 'console', message: '' }, { name: 'a1', type: 'error' }], flows: [{ from: 'a0', to: 'a1' }] }; // biome-ignore format: a table
          const plans = new Map([[1, planOf('/outer', outer)], [2, planOf('/inner', inner)], [3, planOf('/handler', handler)]]); // biome-ignore format: a table
          let turns = 0;
          const world = new TinyWorld(plans, {
            // Any of the flows, fewer and fewer of them, so that loops end.
            flows: ({ flows }) => flows.filter(() => random(20) > 4 + turns / 20).map(({ flow }) => flow),
            count: () => random(4),
          });
          const steps: string[] = [];
          const removes = random(8) === 0;
          for (; world.end === null; turns++) {
            if (turns > 2_000) throw new Error('no end');
            const happenings = some(random)(world.ready()).map(({ context }) =>
              world.happening(context, happens(world, context)),
            );
            for (const { what } of happenings) if (what.kind === 'handed') seen.failed += 1;
            const taken = new Set(happenings.map(({ context }) => context));
            const others = [...world.contexts.values()].filter(
              ({ context, state }) =>
                context > 0 && (state === 'failed' || (removes && turns > 5)) && !taken.has(context),
            );
            if (happenings.length === 0 || random(3) === 0) {
              for (const { context } of others.slice(0, 1 + random(2)))
                happenings.push(world.happening(context, { kind: 'removed' }));
            }
            const [failed] = Object.values(world.state?.open ?? {}).filter(({ kind }) => kind === 'handler');
            if (
              failed?.opener != null &&
              random(10) === 0 &&
              !happenings.some(({ context }) => context === failed.opener)
            )
              happenings.push(world.happening(failed.opener, { kind: 'recovered' }));
            if (happenings.some(({ what }) => what.kind === 'removed')) seen.removed += 1;
            steps.push(JSON.stringify([happenings, world.commit(happenings), world.state]));
            seen.signalled += world.last.signalled.length;
            seen.raced += world.state?.races?.length ?? 0;
            if (world.end !== null || world.state === null || random(10) > 0) continue;
            steps.push(JSON.stringify([world.signal(`s${random(2)}`, random(3) > 0), world.state]));
          }
          return [world, steps];

          function happens(world: TinyWorld, context: number) {
            const { scope, workflow, place, hasRun } = world.contexts.get(context)!;
            const { state } = world;
            // What is claimed where a signal is active does not run.
            if (!hasRun && state !== null && activeOf(state, world.plan(workflow).actions[place]!) !== null)
              return { kind: 'waits' } as const;
            if (!hasRun && world.plan(workflow).actions[place]!.isRaced && random(4) === 0)
              return { kind: 'given' } as const;
            if (context > 0 && workflow !== 3 && random(12) === 0) return { kind: 'handed', workflow: 3 } as const;
            // An end of the handler that gives up is an error action.
            if (workflow === 3) return scope % 2 === 0 ? ({ kind: 'gaveUp' } as const) : ({ kind: 'ended' } as const);
            return world.transaction(context);
          }
        };
        const [world, steps] = run();
        expect(run()[1]).toEqual(steps);
        seen.ends += world.end === null ? 0 : 1;
      }),
      { numRuns },
    );
    expect(seen.ends).toBe(numRuns);
    expect(seen.failed).toBeGreaterThan(numRuns / 10);
    expect(seen.removed).toBeGreaterThan(numRuns / 20);
    expect(seen.signalled).toBeGreaterThan(numRuns / 10);
    expect(seen.raced).toBeGreaterThan(numRuns / 20);
  });

  test('a loop of a thousand turns with a split, a join and a group keeps its state as small as one turn', () => {
    const body: Level = { actions: [{ name: 'item', type: 'null', mutex: 'm' }], flows: [] };
    const plan = planOf('/long', {
      actions: [
        { name: 'head', type: 'null' },
        { name: 'a', type: 'null', mutex: 'm' },
        { name: 'b', type: 'forEach', items: [1, 2, 3], parallel: 2, complete: 2, rest: 'cancel', body },
        { name: 'c', type: 'null' },
        { name: 'join', type: 'null', join: { wait: '2 of 3', rest: 'block' } },
        { name: 'tail', type: 'null' },
      ],
      flows: ['head>a', 'head>b', 'head>c', 'a>join', 'b>join', 'c>join', 'join>tail', 'tail>head'].map(flow => ({
        from: flow.split('>')[0]!,
        to: flow.split('>')[1]!,
      })),
    } as Level);
    const sizes = [20, 1_000].map(turns => {
      const world: TinyWorld = new TinyWorld(new Map([[1, plan]]), {
        ...takesAll,
        flows: ({ name, flows }) =>
          name === 'tail' && world.times('tail') >= turns ? [] : flows.map(({ flow }) => flow),
      });
      // The longest waiting first: who is slow in one turn would else be queued for good.
      world.runAll(ready => [ready.reduce((first, each) => (each.context < first.context ? each : first))]);
      expect(world.times('tail')).toBe(turns);
      return world.bytesMax;
    });
    // Numbers get longer, nothing else.
    expect(sizes[1]).toBeLessThan(sizes[0]! * 1.5);
  });
});

function counted({ ran }: TinyWorld, prefix: string): Record<string, number> {
  return Object.fromEntries(
    [...ran]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, count]) => [key.slice(prefix.length), count])
      .sort(),
  );
}

function nonzero(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count > 0).sort());
}
