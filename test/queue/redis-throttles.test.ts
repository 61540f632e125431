// Throttles and fairness in Redis, beyond the contract's suite: what one script does not do in one go, who is told, what is
// left.

import { describe, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { setThrottle } from '../../src/queue/redis/scripts/set-throttle.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions } from './queue-model.js';
import { leaseMs, offerOf } from './queue-world.js';
import { longAgo, TimedRedis } from './timed-redis.js';

const redis = new TimedRedis();
const { opened, claim } = redis;
const sharing = rulesOf({ weights: { of: new Map(), others: 1 } });

/** A lane and a throttle each below `/lanes/`: more than one script looks at. */
const many = 600;
const branchAt = (at: number): string => `/lanes/${String(at).padStart(4, '0')}/`;

async function withManyLanes(): Promise<Queue> {
  const queue = await opened();
  await queue.offer(
    Array.from({ length: many }, (_, at) =>
      offerOf(`s${at}`, 2, { ...longAgo, eligibleAtMs: at, name: `${branchAt(at)}flow` }),
    ),
  );
  return queue;
}

describe('throttles in Redis', () => {
  test('more lanes and throttles than one script looks at hang where they should, and back', {
    timeout: 60_000,
  }, async () => {
    const queue = await withManyLanes();
    const held = await claim(queue, 6);
    for (let at = 0; at < many; at++)
      await queue.setThrottle(branchAt(at), { perEngine: 1, clusterWide: 2, rate: null });
    await queue.setThrottle('/lanes/', { perEngine: null, clusterWide: 8, rate: null });
    expect((await queue.throttles()).get('/lanes/')).toMatchObject({ running: 6 });
    expect((await queue.throttles()).get(branchAt(0))).toMatchObject({ running: 2 });
    // Three branches are full; two slots are left of all.
    expect(claimedPositions(await claim(queue, 9))).toEqual(['s3:0', 's4:0']);
    expect(await claim(queue, 9, 'engine-2')).toBeNull();
    await queue.settle(held!.id, held!.slices);
    expect(claimedPositions(await claim(queue, 9))).toEqual(['s5:0', 's6:0', 's7:0', 's8:0', 's9:0', 's10:0']);
    await queue.setThrottle('/lanes/', null);
    expect(claimedPositions(await claim(queue, 4, 'engine-2'))).toEqual(['s3:1', 's4:1', 's5:1', 's6:1']);
    for (let at = 0; at < many; at++) await queue.setThrottle(branchAt(at), null);
    expect(claimedPositions(await claim(queue, 9))).toHaveLength(9);
    expect(await queue.throttles()).toEqual(new Map());
  });

  test('one that was not set to its end is told so, counts what hangs there, and is whole when it is set again', async () => {
    const queue = await withManyLanes();
    await claim(queue, 4);
    const caller = queue as unknown as Parameters<typeof setThrottle>[0];
    const begun = {
      branch: '/lanes/',
      throttle: { perEngine: null, clusterWide: 5, rate: null },
      progress: null,
      most: 10,
    };
    expect(await setThrottle(caller, begun)).not.toBeNull();
    expect((await queue.throttles()).get('/lanes/')).toMatchObject({ running: 4 });
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ throttle: begun.throttle, isWhole: false });
    await queue.setThrottle('/lanes/', { perEngine: null, clusterWide: 5, rate: null });
    expect((await queue.throttles()).get('/lanes/')).toMatchObject({ running: 4 });
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ isWhole: true });
    expect(claimedPositions(await claim(queue, 9))).toEqual(['s2:0']);
    // Taken away in part it bounds nothing, and is still told of what is set.
    expect(await setThrottle(caller, { ...begun, throttle: null })).not.toBeNull();
    expect(await queue.throttles()).toEqual(new Map());
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ throttle: null, isWhole: false });
    expect(claimedPositions(await claim(queue, 2))).toEqual(['s2:1', 's3:0']);
    await queue.setThrottle('/lanes/', null);
    expect(await queue.throttles()).toEqual(new Map());
  });

  test('of an engine that has not claimed for long nothing is kept; it claims again all the same', async () => {
    const queue = await opened();
    await queue.setThrottle('/a/', { perEngine: 1, clusterWide: null, rate: null });
    await queue.offer([offerOf('a', 9, { ...longAgo, name: '/a/flow' })]);
    expect(claimedPositions(await claim(queue, 9, 'old'))).toEqual(['a:0']);
    redis.nowMs += 120_000;
    expect(claimedPositions(await claim(queue, 9, 'new'))).toEqual(['a:1']);
    const views = (await redis.world.keys()).find(key => key.endsWith(':views'))!;
    expect(await redis.server.client.hkeys(`{millrace:${redis.world.name}}:${views}`)).toEqual(['new']);
    expect(await claim(queue, 9, 'old')).toBeNull();
    await queue.expire();
    expect(claimedPositions(await claim(queue, 9, 'old'))).toEqual(['a:0!']);
  });

  test('what is done, and set no more, leaves nothing behind', async () => {
    const queue = await opened();
    await queue.setThrottle('/', { perEngine: 9, clusterWide: 9, rate: null });
    await queue.setThrottle('/a/', { perEngine: 1, clusterWide: 2, rate: null });
    await queue.setFairness('/a/', 1_000);
    await queue.setFifo('/a/', true);
    await queue.offer([offerOf('a', 3, { ...longAgo, name: '/a/b/flow' })]);
    for (const engine of ['engine-1', 'engine-2', 'engine-1']) {
      const held = await claim(queue, 1, engine);
      await queue.settle(held!.id, held!.slices);
    }
    await queue.setThrottle('/', null);
    await queue.setThrottle('/a/', null);
    await queue.setFairness('/a/', null);
    await queue.setFifo('/a/', null);
    expect(await redis.world.keys()).toEqual(redis.plainKeys(queue));
  });

  test('a throttle that is set again counts anew who has settled meanwhile', async () => {
    const queue = await opened();
    const perEngine = { perEngine: 2, clusterWide: null, rate: null };
    for (const branch of ['/', '/a/']) {
      await queue.setThrottle(branch, perEngine);
      await queue.offer([offerOf(branch, 4, { ...longAgo, name: '/a/flow' })]);
      const held = await claim(queue, 9);
      expect(claimedPositions(held)).toHaveLength(2);
      await queue.setThrottle(branch, null);
      await queue.settle(held!.id, held!.slices);
      await queue.setThrottle(branch, perEngine);
      const next = await claim(queue, 9);
      expect(claimedPositions(next)).toHaveLength(2);
      await queue.settle(next!.id, next!.slices);
      await queue.setThrottle(branch, null);
    }
    // Nor is anything left of what was held, with another node or without.
    for (const more of [0, 1]) {
      if (more === 1) await queue.setThrottle('/other/', perEngine);
      await queue.offer([offerOf(`more ${more}`, 1, { ...longAgo, name: '/a/flow' })]);
      await queue.setThrottle('/a/', { perEngine: 2, clusterWide: 2, rate: null });
      const held = await claim(queue, 1);
      await queue.setThrottle('/a/', null);
      await queue.settle(held!.id, held!.slices);
      const nodes = await redis.server.client.hkeys(redis.world.keyOf('nodes'));
      expect(nodes.filter(field => field.includes('|'))).toEqual([]);
    }
  });

  test('weights that come again find nothing of what an engine was shown before they went', async () => {
    const queue = await opened();
    for (const branch of ['/', '/b/']) {
      const below = `${branch}n/`;
      await queue.setThrottle(below, { perEngine: 2, clusterWide: null, rate: null });
      await queue.setThrottle(`${below}m/`, { perEngine: 2, clusterWide: null, rate: null });
      const finish = async (count: number): Promise<void> => {
        const held = await claim(queue, 9);
        expect(held?.count).toBe(count);
        await queue.settle(held!.id, held!.slices);
      };
      const offer = (segment: string, name: string, more = {}) =>
        queue.offer([offerOf(branch + segment, 1, { ...longAgo, name, ...more })]);
      await queue.setKeys(branch, sharing);
      await offer('keyed', `${below}m/flow`, { key: 'x', eligibleAtMs: 2 });
      await offer('first', '/c/flow');
      const first = await claim(queue, 1);
      expect(claimedPositions(first)).toEqual([`${branch}first:0`]);
      await queue.setKeys(branch, null);
      await queue.settle(first!.id, first!.slices);
      await finish(1);
      for (const part of ['heads', 'faces']) expect(await redis.server.client.exists(redis.world.keyOf(part))).toBe(0);
      await queue.setKeys(branch, sharing);
      await offer('last', '/c/flow');
      await finish(1);
      await queue.setKeys(branch, null);
    }
  });

  test('who waits is told of a slot that is free, of what is ready beside what is held back, of a limit that is raised', async () => {
    const queue = await opened();
    await queue.setThrottle('/a/', { perEngine: null, clusterWide: 1, rate: null });
    await queue.offer([offerOf('a', 3, { ...longAgo, name: '/a/flow' })]);
    const held = await claim(queue, 1);
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
      () => queue.settle(held!.id, held!.slices),
      () => queue.offer([offerOf('b', 1, { ...longAgo, name: '/b/flow' })]),
      () => queue.setThrottle('/a/', { perEngine: null, clusterWide: 2, rate: null }),
    ]) {
      const hinted = next();
      await act();
      await hinted;
    }
    // By an engine that has too many itself.
    const three = await claim(queue, 2);
    await queue.setThrottle('/a/', { perEngine: 0, clusterWide: 2, rate: null });
    const hinted = next();
    await queue.settle(three!.id, [{ segment: 'a', from: 1, to: 2 }]);
    await hinted;
  });

  test('who gives back is not told of it, but all others are', async () => {
    const queue = await opened();
    const other = redis.connect();
    await other.attach('engine-2', leaseMs);
    await queue.setThrottle('/a/', { perEngine: null, clusterWide: 1, rate: null });
    await queue.offer([offerOf('a', 3, { ...longAgo, name: '/a/flow' })]);
    const told = { own: 0, other: 0 };
    let heard = (): void => {};
    const until = async (isDone: () => boolean): Promise<void> => {
      while (!isDone())
        await new Promise<void>(resolve => {
          heard = resolve;
        });
    };
    queue.onReady(() => {
      told.own += 1;
      heard();
    });
    other.onReady(() => {
      told.other += 1;
      heard();
    });
    // Whoever begins to listen is told.
    await until(() => told.own === 1 && told.other === 1);
    const held = await claim(queue, 1);
    await queue.release(held!.id, held!.slices);
    await until(() => told.other === 2);
    await queue.offer([offerOf('b', 1, { ...longAgo, name: '/b/flow' })]);
    await until(() => told.own > 1 && told.other === 3);
    expect(told).toEqual({ own: 2, other: 3 });
  });
});
