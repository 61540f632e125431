// Settings of the queue in Redis that were not carried out to their end: what others do meanwhile, and what is left.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { setThrottle } from '../../src/queue/redis/scripts/set-throttle.js';
import { RedisServer } from '../servers/redis-server.js';
import { claimedPositions } from './queue-model.js';
import { claimOf, leaseMs, offerOf } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

let server!: RedisServer;
let world!: RedisWorld;
let nowMs = 1_000_000;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  nowMs = 1_000_000;
  world = new RedisWorld(server);
});
afterEach(() => world.close());

async function opened(): Promise<Queue> {
  const queue = world.connect({ nowMs: () => nowMs });
  await queue.attach('engine-1', leaseMs);
  await queue.open();
  return queue;
}

const claim = (queue: Queue, limit: number, engine = 'engine-1') => claimOf(queue, { engine, limit, leaseMs });
const then = { eligibleAtMs: 1, createdAtMs: 1 };

describe('settings cut off in Redis', () => {
  test('a throttle that was not set to its end counts what another has hung there meanwhile', async () => {
    const queue = await opened();
    const caller = queue as unknown as Parameters<typeof setThrottle>[0];
    for (const isSettledBetween of [false, true]) {
      const throttle = { perEngine: 3, clusterWide: isSettledBetween ? null : 3, rate: null };
      const offers = ['c', 'd'].map(name =>
        offerOf(`${name}-${isSettledBetween}`, 3, { ...then, name: `/a/b/${name}/flow` }),
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
      await queue.offer([offerOf(`more-${isSettledBetween}`, 9, { ...then, name: '/a/b/flow' })]);
      const next = await claim(queue, 9);
      expect(next?.count).toBe(3);
      await queue.settle(next!.id, next!.slices);
      for (const branch of ['/a/b/', '/a/b/c/', '/a/b/d/']) await queue.setThrottle(branch, null);
      for (let rest = await claim(queue, 9); rest !== null; rest = await claim(queue, 9))
        await queue.settle(rest.id, rest.slices);
    }
  });

  test('who shows what to whom is asked of what is below by name, while it hangs elsewhere too', async () => {
    const queue = await opened();
    const limited = (perEngine: number | null, clusterWide: number | null) => ({ perEngine, clusterWide, rate: null });
    await queue.setThrottle('/a/', limited(null, 1));
    await queue.setThrottle('/a/b/c/', limited(2, null));
    await queue.offer([
      offerOf('below', 1, { ...then, eligibleAtMs: 2, name: '/a/b/c/flow' }),
      offerOf('above', 2, { ...then, name: '/a/flow' }),
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
      expect(await server.client.exists(world.keyOf(part))).toBe(0);
  });
});
