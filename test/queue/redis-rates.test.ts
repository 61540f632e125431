// Rates in Redis, beyond the contract's suite: what one script does not do in one go, who is told, what is left, and a queue
// that was wiped.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Queue, Rate, Throttle } from '../../src/queue/contract.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { rateMembersMax, ratePerMsMax } from '../../src/queue/rate.js';
import { claimedPositions, eligibleInMs } from './queue-model.js';
import { leaseMs, offerOf } from './queue-world.js';
import { longAgo, TimedRedis } from './timed-redis.js';

const redis = new TimedRedis();
const { opened, claim } = redis;
const rated = (rate: Rate): Throttle => ({ perEngine: null, clusterWide: null, rate });
const aSecond = { members: 1, perMs: 1_000, burst: 3 };

describe('rates in Redis', () => {
  test('more that have a token again than one script brings back into sight', { timeout: 60_000 }, async () => {
    const queue = await opened();
    const many = 600;
    await Promise.all(
      Array.from({ length: many }, async (_, at) => {
        const branch = `/rated/${at}/`;
        await queue.setThrottle(branch, rated({ ...aSecond, perMs: 1_000 + at }));
        await queue.offer([offerOf(`s${at}`, 2, { ...longAgo, eligibleAtMs: at, name: `${branch}flow` })]);
      }),
    );
    expect(await claim(queue, 9)).toBeNull();
    expect(await eligibleInMs(queue)).toBe(1_000);
    redis.nowMs += 1_001;
    expect(claimedPositions(await claim(queue, 9))).toEqual(['s0:0', 's1:0']);
    redis.nowMs += 2_000;
    // A claim has so many slices at most; of those that are slower than 1.5 s a token the second has not come.
    const counts = [await claim(queue, 10_000), await claim(queue, 10_000)].map(held => held!.count);
    expect(counts[0]! + counts[1]!).toBe(2 * 501 - 2 + 99);
    expect(await claim(queue, 9)).toBeNull();
  });

  test('reckons as the embedded queue does, to the last bit, however large the numbers are', async () => {
    const upTo = (max: number) =>
      fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max }), fc.constant(max));
    const rate = fc.record({ members: upTo(rateMembersMax), perMs: upTo(ratePerMsMax), burst: upTo(rateMembersMax) });
    const queues = [await opened(), new EmbeddedQueue(() => redis.nowMs)] as const;
    await queues[1].attach('engine-1', leaseMs);
    await queues[1].open();
    const each = <T>(act: (queue: Queue) => Promise<T>): Promise<T[]> => Promise.all(queues.map(act));
    await each(queue => queue.offer([offerOf('a', 90_000, { ...longAgo, name: '/a/flow' })]));
    const step = fc.record({
      rate,
      passMs: fc.oneof(upTo(50_000), upTo(ratePerMsMax)),
      limit: upTo(90_000),
      back: upTo(9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async steps => {
        for (const { rate, passMs, limit, back } of steps) {
          await each(queue => queue.setThrottle('/a/', rated(rate)));
          redis.nowMs += passMs;
          const held = await each(queue => claim(queue, limit));
          expect(held.map(one => one?.count ?? 0)).toEqual(Array(2).fill(held[1]?.count ?? 0));
          const waits = await each(eligibleInMs);
          expect(waits[0]).toBe(waits[1]);
          // Some is given back; the rest is settled, and offered again.
          for (const [at, queue] of queues.entries()) {
            const one = held[at];
            if (one === null || one === undefined) continue;
            const { from } = one.slices[0]!;
            await queue.release(one.id, [{ segment: 'a', from, to: from + back }]);
            await queue.settle(one.id, one.slices);
            await queue.offer([offerOf('a', 90_000, { ...longAgo, name: '/a/flow' })]);
          }
        }
        await each(queue => queue.setThrottle('/a/', null));
      }),
      { numRuns: 25 },
    );
  });

  test('what is done, and set no more, leaves nothing behind', async () => {
    const queue = await opened();
    await queue.setThrottle('/', rated(aSecond));
    await queue.setThrottle('/a/', { ...rated(aSecond), perEngine: 1 });
    await queue.offer([offerOf('a', 3, { ...longAgo, name: '/a/b/flow' })]);
    redis.nowMs += 3_000;
    for (const engine of ['engine-1', 'engine-2', 'engine-1']) {
      const held = await claim(queue, 1, engine);
      await queue.settle(held!.id, held!.slices);
    }
    await queue.setThrottle('/', null);
    await queue.setThrottle('/a/', { perEngine: 1, clusterWide: null, rate: null });
    expect(await eligibleInMs(queue)).toBeNull();
    await queue.setThrottle('/a/', null);
    expect(await redis.world.keys()).toEqual(redis.plainKeys(queue));
  });

  test('each engine is shown what has a token again, beside limits of its own', async () => {
    const queue = await opened();
    await queue.setThrottle('/a/', { ...rated(aSecond), perEngine: 1 });
    await queue.offer([offerOf('a', 9, { ...longAgo, name: '/a/flow' })]);
    expect(await claim(queue, 9)).toBeNull();
    expect(await claim(queue, 9, 'engine-2')).toBeNull();
    redis.nowMs += 2_000;
    expect(claimedPositions(await claim(queue, 9, 'engine-2'))).toEqual(['a:0']);
    expect(claimedPositions(await claim(queue, 9))).toEqual(['a:1']);
    expect(await claim(queue, 9, 'engine-3')).toBeNull();
    redis.nowMs += 1_000;
    expect(await claim(queue, 9)).toBeNull();
    expect(claimedPositions(await claim(queue, 9, 'engine-3'))).toEqual(['a:2']);
  });

  test('who waits is told of a token that is given back, and of a rate that is another', async () => {
    const queue = await opened();
    await queue.setThrottle('/a/', rated(aSecond));
    await queue.offer([offerOf('a', 9, { ...longAgo, name: '/a/flow' })]);
    redis.nowMs += 1_000;
    const held = await claim(queue, 9);
    const other = redis.connect();
    await other.attach('engine-2', leaseMs);
    let told = (): void => {};
    const next = () =>
      new Promise<void>(resolve => {
        told = resolve;
      });
    const begun = next();
    other.onReady(() => told());
    await begun;
    for (const act of [
      () => queue.release(held!.id, held!.slices),
      () => queue.setThrottle('/a/', rated({ ...aSecond, members: 2 })),
    ]) {
      const hinted = next();
      await act();
      await hinted;
    }
  });

  test('a queue that is wiped and filled anew has no tokens, whatever there were', async () => {
    const queue = await opened();
    await queue.setThrottle('/a/', rated(aSecond));
    redis.nowMs += 60_000;
    await redis.server.client.del(`{millrace:${redis.world.name}}:epoch`);
    await expect(claim(queue, 9)).rejects.toMatchObject({ code: 'QUEUE_LOST' });
    expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
    await queue.setThrottle('/a/', rated(aSecond));
    await queue.offer([offerOf('a', 9, { ...longAgo, name: '/a/flow' })]);
    await queue.open();
    expect(await claim(queue, 9)).toBeNull();
    expect(await eligibleInMs(queue)).toBe(1_000);
  });
});
