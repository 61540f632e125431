// Random operations on a queue and on its model: both must answer the same, and be left in the same state.

import fc from 'fast-check';
import { expect } from 'vitest';
import type { Offer, Queue, Rate, Slice } from '../../src/queue/contract.js';
import { sortedByBranch } from './order-model.js';
import {
  claimedPositions,
  expiredPositions,
  type ModelClaim,
  positionsOf,
  QueueModel,
  stateOf,
} from './queue-model.js';
import type { QueueHome } from './queue-world.js';
import { claimOf } from './queue-world.js';

/** @throws with the seed and the shortest list of operations that fails */
export async function compareRandomly(home: QueueHome): Promise<void> {
  await fc.assert(
    fc.asyncProperty(beginning, operations, async (first, rest) => {
      const clock = { nowMs: 1 };
      const queue = await home.create(() => clock.nowMs);
      try {
        await compareWithModel(queue, [...first, ...rest], clock);
      } finally {
        await queue.close();
      }
    }),
    { numRuns: home.randomRuns },
  );
}

const segmentNames = ['p', 'q', 'r'];
const segmentSize = 8;
const slice: fc.Arbitrary<Slice> = fc
  .record({
    segment: fc.constantFrom(...segmentNames),
    from: fc.integer({ min: 0, max: segmentSize - 1 }),
    length: fc.integer({ min: 1, max: segmentSize }),
  })
  .map(({ segment, from, length }) => ({ segment, from, to: Math.min(segmentSize, from + length) }));
const offer: fc.Arbitrary<Offer> = fc
  .tuple(
    slice,
    fc.record({
      name: fc.constantFrom('/f', '/a/f', '/a/b/f', '/ab/f'),
      priority: fc.constantFrom(null, null, 1, 4, 10, 300),
      // Half of them ready on arrival, so that lanes and their heads are at work, not only the delayed.
      eligibleAtMs: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 1, max: 20 })),
      createdAtMs: fc.integer({ min: 1, max: 20 }),
      redelivered: fc.constantFrom(false, false, true),
      key: fc.constantFrom(null, 'x', 'y', 'z'),
    }),
  )
  .map(([positions, { key, ...rest }]) => ({ ...positions, ...rest, ...(key === null ? {} : { key }) }));
/** So that a millisecond brings some of a token, or several. */
const rate: fc.Arbitrary<Rate> = fc.record({
  members: fc.integer({ min: 1, max: 9 }),
  perMs: fc.integer({ min: 1, max: 7 }),
  burst: fc.integer({ min: 1, max: 5 }),
});
const throttle = fc.record({
  perEngine: fc.option(fc.nat(4), { freq: 2 }),
  clusterWide: fc.option(fc.nat(6), { freq: 2 }),
  rate: fc.option(rate, { freq: 2 }),
});
/** Which of the claims made so far, the latest first. */
const which = fc.nat(3);

const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('offer' as const), offers: fc.array(offer, { maxLength: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      engine: fc.constantFrom('engine-1', 'engine-2'),
      limit: fc.integer({ min: 1, max: 12 }),
      passMs: fc.nat(3),
      leaseMs: fc.integer({ min: 1, max: 6 }),
    }),
  },
  fc.record({ kind: fc.constant('settle' as const), which, slices: fc.array(slice, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('release' as const), which, slices: fc.array(slice, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('extend' as const), which, byMs: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant('withdraw' as const), slices: fc.array(slice, { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('expire' as const), passMs: fc.nat(4) }),
  fc.record({ kind: fc.constant('pass' as const), passMs: fc.nat(4) }),
  fc.record({
    kind: fc.constant('announce' as const),
    // One that exists, or one of an epoch before.
    which: fc.option(which),
    engine: fc.constantFrom('engine-1', 'engine-2'),
    slices: fc.array(offer, { maxLength: 3 }),
    leaseMs: fc.integer({ min: 1, max: 6 }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fifo' as const),
      branch: fc.constantFrom('/', '/a/', '/a/b/'),
      fifo: fc.constantFrom(null, true, false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('priority' as const),
      branch: fc.constantFrom('/', '/a/', '/a/b/'),
      priority: fc.constantFrom(null, 1, 5, 400),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fairness' as const),
      branch: fc.constantFrom('/', '/a/', '/a/b/'),
      window: fc.constantFrom(null, 'off' as const, 1, 3, 7),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('throttle' as const),
      branch: fc.constantFrom('/', '/a/', '/a/b/', '/ab/'),
      throttle: fc.option(throttle),
    }),
  },
);
const keys = fc.record({
  kind: fc.constant('keys' as const),
  branch: fc.constantFrom('/', '/a/', '/a/b/', '/ab/'),
  rules: fc.option(
    fc.record({
      each: fc.record({ clusterWide: fc.constantFrom(null, 1, 2, 3), rate: fc.option(rate, { freq: 2 }) }),
      weights: fc.option(
        fc.record({
          of: fc
            .dictionary(fc.constantFrom('x', 'y'), fc.constantFrom(1, 2, 7, 1_000))
            .map(of => new Map(Object.entries(of))),
          others: fc.constantFrom(1, 3),
        }),
        { freq: 2 },
      ),
      isStrict: fc.constantFrom(false, false, true),
    }),
  ),
});
type Operation = typeof operation | typeof keys extends fc.Arbitrary<infer T> ? T : never;
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof({ weight: 20, arbitrary: operation }, { weight: 3, arbitrary: keys }),
  { minLength: 1, maxLength: 60, size: 'max' },
);
/** In half of the runs all that orders is at work from the first offer on: drawn one by one they seldom meet. */
const beginning = fc.oneof(
  fc.constant<Operation[]>([]),
  fc
    .record({ window: fc.constantFrom(1, 3, 7), throttle, branch: fc.constantFrom('/', '/a/') })
    .map(({ window, throttle, branch }): Operation[] => [
      { kind: 'fifo', branch: '/', fifo: true },
      { kind: 'fairness', branch: '/', window },
      { kind: 'throttle', branch, throttle },
    ]),
);

async function compareWithModel(
  queue: Queue,
  operations: readonly Operation[],
  clock: { nowMs: number },
): Promise<void> {
  const model = new QueueModel();
  const claims: { readonly id: string; readonly model: ModelClaim }[] = [];
  const claimBoth = async (engine: string, limit: number, leaseMs: number): Promise<void> => {
    const actual = await claimOf(queue, { engine, limit, leaseMs });
    const expected = model.claim(engine, limit, clock.nowMs, leaseMs);
    expect(claimedPositions(actual)).toEqual(expected.positions);
    if (actual !== null) claims.unshift({ id: actual.id, model: expected.claim });
  };
  await queue.attach('engine-1', 1);
  await queue.open();
  for (const [index, step] of operations.entries()) {
    const held = 'which' in step && step.which !== null ? claims[step.which] : undefined;
    switch (step.kind) {
      case 'offer':
        await queue.offer(step.offers);
        model.offer(step.offers);
        break;
      case 'claim':
        clock.nowMs += step.passMs;
        await claimBoth(step.engine, step.limit, step.leaseMs);
        break;
      case 'settle':
        if (held === undefined) break;
        await queue.settle(held.id, step.slices);
        model.settle(held.model, step.slices);
        break;
      case 'release':
        if (held === undefined) break;
        await queue.release(held.id, step.slices);
        model.release(held.model, step.slices, clock.nowMs);
        break;
      case 'extend': {
        if (held === undefined) break;
        const exists = model.extend(held.model, clock.nowMs + step.byMs);
        expect(await queue.extend([held.id], step.byMs)).toEqual(exists ? [] : [held.id]);
        break;
      }
      case 'announce': {
        const announced = held ?? { id: `before-${index}`, model: { engine: '', leaseUntilMs: 0, claimedAtMs: null } };
        await queue.announce(step.engine, [{ id: announced.id, slices: step.slices }], step.leaseMs);
        model.announce(announced.model, step.engine, step.slices, clock.nowMs, step.leaseMs);
        if (held === undefined) claims.unshift(announced);
        break;
      }
      case 'withdraw':
        expect(positionsOf(await queue.withdraw(step.slices)).sort()).toEqual(model.withdraw(step.slices));
        break;
      case 'pass':
        clock.nowMs += step.passMs;
        break;
      case 'expire':
        clock.nowMs += step.passMs;
        expect(await expiredPositions(queue)).toEqual(model.expire(clock.nowMs));
        break;
      case 'priority':
        await queue.setInheritedPriority(step.branch, step.priority);
        model.order.setPriority(step.branch, step.priority);
        break;
      case 'fifo':
        await queue.setFifo(step.branch, step.fifo);
        model.order.setFifo(step.branch, step.fifo);
        break;
      case 'fairness':
        await queue.setFairness(step.branch, step.window);
        model.order.setFairness(step.branch, step.window);
        break;
      case 'throttle':
        await queue.setThrottle(step.branch, step.throttle);
        model.order.setThrottle(step.branch, step.throttle, clock.nowMs);
        break;
      case 'keys':
        await queue.setKeys(step.branch, step.rules);
        model.order.keys.set(step.branch, step.rules, clock.nowMs);
        break;
    }
    expect(positionsOf(await queue.claimed(segmentNames)).sort()).toEqual(model.claimed(segmentNames));
    expect(await stateOf(queue)).toEqual(model.state(clock.nowMs));
    expect(await throttlesOf(queue)).toEqual(model.order.throttles(model.running()));
    // One a step: all would be seen in the course of a run.
    const [segment, position] = [segmentNames[index % segmentNames.length]!, (index * 5) % segmentSize];
    const where = model.whereIs(`${segment}:${position}`, clock.nowMs, 'engine-1');
    const { before, ...told } = { before: null, ...(await queue.whereIs(segment, position)) };
    expect(told).toEqual(where.told);
    if (where.before !== null) {
      expect(before).toBeGreaterThanOrEqual(where.before[0]);
      expect(before).toBeLessThanOrEqual(where.isNext ? 0 : where.before[1]);
    }
    expect(sortedByBranch(await queue.settings())).toEqual(model.order.settings());
  }
  // What is left, in order: nothing is missing, nothing is twice, nobody's lease is forgotten.
  clock.nowMs += 1_000;
  expect(await expiredPositions(queue)).toEqual(model.expire(clock.nowMs));
  await claimBoth('engine-3', 1_000, 1);
  // Nor is what throttles and keys held back.
  for (const [branch] of model.order.throttles([])) {
    await queue.setThrottle(branch, null);
    model.order.setThrottle(branch, null, clock.nowMs);
  }
  for (const branch of model.order.keys.branches()) {
    await queue.setKeys(branch, null);
    model.order.keys.set(branch, null, clock.nowMs);
  }
  await claimBoth('engine-3', 1_000, 1);
  expect(await throttlesOf(queue)).toEqual([]);
}

/** As the model tells them. */
async function throttlesOf(queue: Queue): Promise<unknown> {
  return sortedByBranch(
    [...(await queue.throttles())].map(([branch, { runningBy, ...rest }]) => [
      branch,
      { ...rest, runningBy: [...runningBy].sort() },
    ]),
  );
}
