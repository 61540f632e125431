// Settings of the queue in Redis that were not carried out to their end: what others do meanwhile, and what is left.

import { describe, expect, test } from 'vitest';
import { setKeys } from '../../src/queue/redis/scripts/set-keys.js';
import { setThrottle } from '../../src/queue/redis/scripts/set-throttle.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions } from './queue-model.js';
import { offerOf } from './queue-world.js';
import { longAgo, TimedRedis } from './timed-redis.js';

const redis = new TimedRedis();
const { opened, claim } = redis;

describe('settings cut off in Redis', () => {
  test('a throttle that was not set to its end counts what another has hung there meanwhile', async () => {
    const queue = await opened();
    const caller = queue as unknown as Parameters<typeof setThrottle>[0];
    for (const isSettledBetween of [false, true]) {
      const throttle = { perEngine: 3, clusterWide: isSettledBetween ? null : 3, rate: null };
      const offers = ['c', 'd'].map(name =>
        offerOf(`${name}-${isSettledBetween}`, 3, { ...longAgo, name: `/a/b/${name}/flow` }),
      );
      await queue.offer(offers);
      const held = await claim(queue, 3);
      // So it ends before any lane.
      expect(await setThrottle(caller, { branch: '/a/b/', throttle, progress: null, most: 1 })).not.toBeNull();
      for (const below of ['/a/b/c/', '/a/b/d/']) await queue.setThrottle(below, { ...throttle, clusterWide: 50 });
      if (isSettledBetween) await queue.settle(held!.id, held!.slices);
      await queue.setThrottle('/a/b/', throttle);
      if (!isSettledBetween) {
        expect(await claim(queue, 9)).toBeNull();
        await queue.settle(held!.id, held!.slices);
      }
      await queue.offer([offerOf(`more-${isSettledBetween}`, 9, { ...longAgo, name: '/a/b/flow' })]);
      const next = await claim(queue, 9);
      expect(next?.count).toBe(3);
      await queue.settle(next!.id, next!.slices);
      for (const branch of ['/a/b/', '/a/b/c/', '/a/b/d/']) await queue.setThrottle(branch, null);
      for (let rest = await claim(queue, 9); rest !== null; rest = await claim(queue, 9))
        await queue.settle(rest.id, rest.slices);
    }
  });

  test('what an engine was shown of shares goes with the engine, though their weights are being taken away', async () => {
    const queue = await opened();
    const perEngine = { perEngine: 2, clusterWide: null, rate: null };
    await queue.setThrottle('/a/b/', perEngine);
    await queue.setThrottle('/a/b/c/', perEngine);
    await queue.setKeys('/a/', rulesOf({ weights: { of: new Map([['x', 3]]), others: 1 } }));
    await queue.offer(['x', 'y'].map(key => offerOf(key, 2, { ...longAgo, name: '/a/b/c/flow', key })));
    const held = await claim(queue, 1, 'engine-2');
    // Up to the first node below, which no longer hangs below the weights, while what is below it shows shares of them.
    const caller = queue as unknown as Parameters<typeof setKeys>[0];
    let progress: Awaited<ReturnType<typeof setKeys>> = null;
    for (let page = 0; page < 2; page++) {
      progress = await setKeys(caller, { branch: '/a/', rules: null, progress, most: 1 });
      expect(progress).toMatchObject({ where: 'nodes' });
    }
    await queue.settle(held!.id, held!.slices);
    redis.nowMs += 100_000;
    expect(await claim(queue, 1, 'engine-3')).toBeNull();
    await queue.setKeys('/a/', null);
    for (let rest = await claim(queue, 1, 'engine-3'); rest !== null; rest = await claim(queue, 1, 'engine-3'))
      await queue.settle(rest.id, rest.slices);
    for (const part of ['heads', 'faces']) expect(await redis.server.client.exists(redis.world.keyOf(part))).toBe(0);
  });

  test('who shows what to whom is asked of what is below by name, while it hangs elsewhere too', async () => {
    const queue = await opened();
    const limited = (perEngine: number | null, clusterWide: number | null) => ({ perEngine, clusterWide, rate: null });
    await queue.setThrottle('/a/', limited(null, 1));
    await queue.setThrottle('/a/b/c/', limited(2, null));
    await queue.offer([
      offerOf('below', 1, { ...longAgo, eligibleAtMs: 2, name: '/a/b/c/flow' }),
      offerOf('above', 2, { ...longAgo, name: '/a/flow' }),
    ]);
    const caller = queue as unknown as Parameters<typeof setThrottle>[0];
    const cut = { branch: '/a/b/', throttle: limited(null, 50), progress: null, most: 1 };
    expect(await setThrottle(caller, cut)).not.toBeNull();
    await queue.setThrottle('/a/b/c/', null);
    for (const expected of ['above:0', 'above:1', 'below:0']) {
      const held = await claim(queue, 1);
      expect(claimedPositions(held)).toEqual([expected]);
      expect(await claim(queue, 1)).toBeNull();
      await queue.settle(held!.id, held!.slices);
    }
    await queue.setThrottle('/a/b/', null);
    for (const part of ['heads', 'faces', 'changed', 'views'])
      expect(await redis.server.client.exists(redis.world.keyOf(part))).toBe(0);
  });
});
