// Random operations on a queue and on its model: both must answer the same, and be left in the same state.

import fc from 'fast-check';
import { expect } from 'vitest';
import type { Offer, Queue, Slice } from '../../src/queue/contract.js';
import { claimedPositions, type ModelClaim, positionsOf, QueueModel, stateOf } from './queue-model.js';

/** @throws with the seed and the shortest list of operations that fails */
export async function compareRandomly(create: () => Promise<Queue>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }), async operations => {
      const queue = await create();
      try {
        await compareWithModel(queue, operations);
      } finally {
        await queue.close();
      }
    }),
    // A failure prints its seed; give it here to see it again.
    { numRuns: 300, ...(process.env.MILLRACE_SEED ? { seed: Number(process.env.MILLRACE_SEED) } : {}) },
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
      priority: fc.constantFrom(null, null, 1, 10, 300),
      // Half of them ready on arrival, so that lanes and their heads are at work, not only the delayed.
      eligibleAtMs: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 1, max: 20 })),
      createdAtMs: fc.integer({ min: 1, max: 20 }),
    }),
  )
  .map(([positions, rest]) => ({ ...positions, ...rest }));
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
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('priority' as const),
      branch: fc.constantFrom('/', '/a/', '/a/b/'),
      priority: fc.constantFrom(null, 1, 5, 400),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

async function compareWithModel(queue: Queue, operations: readonly Operation[]): Promise<void> {
  const model = new QueueModel();
  const claims: { readonly id: string; readonly model: ModelClaim; untilMs: number }[] = [];
  let nowMs = 1;
  const claimBoth = async (engine: string, limit: number, leaseForMs: number): Promise<void> => {
    const request = { engine, limit, nowMs, leaseMs: leaseForMs };
    const actual = await queue.claim(request);
    const expected = model.claim(request);
    expect(claimedPositions(actual)).toEqual(expected.positions);
    if (actual !== null) claims.unshift({ id: actual.id, model: expected.claim, untilMs: nowMs + leaseForMs });
    expect(await stateOf(queue)).toEqual(model.state(nowMs));
  };
  await claimBoth('engine-1', 1, 1); // tells the time
  for (const step of operations) {
    const held = 'which' in step ? claims[step.which] : undefined;
    switch (step.kind) {
      case 'offer':
        await queue.offer(step.offers);
        model.offer(step.offers);
        break;
      case 'claim':
        nowMs += step.passMs;
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
        model.release(held.model, step.slices);
        break;
      case 'extend': {
        if (held === undefined) break;
        held.untilMs += step.byMs;
        const exists = model.extend(held.model, held.untilMs);
        expect(await queue.extend([held.id], held.untilMs)).toEqual(exists ? [] : [held.id]);
        break;
      }
      case 'withdraw':
        expect(positionsOf(await queue.withdraw(step.slices)).sort()).toEqual(model.withdraw(step.slices));
        break;
      case 'expire':
        nowMs += step.passMs;
        expect(await queue.expire(nowMs)).toBe(model.expire(nowMs));
        break;
      case 'priority':
        await queue.setInheritedPriority(step.branch, step.priority);
        model.setInheritedPriority(step.branch, step.priority);
        break;
    }
    expect(positionsOf(await queue.claimed(segmentNames)).sort()).toEqual(model.claimed(segmentNames));
    const actual = await stateOf(queue);
    const expected = model.state(nowMs);
    expect(actual.ready + actual.delayed).toBe(expected.ready + expected.delayed);
    expect([actual.claimed, actual.running]).toEqual([expected.claimed, expected.running]);
  }
  // What is left, in order: nothing is missing, nothing is twice, nobody's lease is forgotten.
  nowMs += 1_000;
  expect(await queue.expire(nowMs)).toBe(model.expire(nowMs));
  await claimBoth('engine-3', 1_000, 1);
}
