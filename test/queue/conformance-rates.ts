// Rates, as the Queue contract has them (Q12).

import { describe, expect, test } from 'vitest';
import type { Claim, Rate, Throttle } from '../../src/queue/contract.js';
import { claimedPositions, eligibleInMs } from './queue-model.js';
import { at8Ms, leaseMs, minuteMs, offerOf, type QueueHome, QueueWorld, range } from './queue-world.js';

const secondMs = 1_000;

function throttleOf(rate: Rate, more: Partial<Throttle> = {}): Throttle {
  return { perEngine: null, clusterWide: null, rate, ...more };
}

function ratedAt(members: number, perMs: number, burst = members): Throttle {
  return throttleOf({ members, perMs, burst });
}

export function rateConformance(home: QueueHome): void {
  describe('Q12: rates', () => {
    const world = new QueueWorld(home);
    const { claim } = world;
    const settle = (held: Claim | null): Promise<void> => world.queue.settle(held!.id, held!.slices);
    const release = (held: Claim | null): Promise<void> => world.queue.release(held!.id, held!.slices);

    test('begin with nothing, let through what comes, and after a rest no more than the burst at once', async () => {
      await world.queue.setThrottle('/a/', ratedAt(10, minuteMs, 4));
      await world.queue.offer([offerOf('a', 20, { name: '/a/flow' }), offerOf('z', 1, { priority: 300 })]);
      expect(claimedPositions(await claim(9))).toEqual(['z:0']);
      expect(await claim(9, at8Ms + 6 * secondMs - 1)).toBeNull();
      expect(claimedPositions(await claim(9, at8Ms + 6 * secondMs))).toEqual(['a:0']);
      // What is settled gives nothing back.
      expect(await claim(9, at8Ms + 6 * secondMs)).toBeNull();
      expect(claimedPositions(await claim(1, at8Ms + 30 * secondMs))).toEqual(['a:1']);
      expect(claimedPositions(await claim(9, at8Ms + 30 * secondMs))).toEqual(['a:2', 'a:3', 'a:4']);
      expect(claimedPositions(await claim(9, at8Ms + 10 * minuteMs))).toEqual(range('a', 5, 9));
    });

    test('who finds nothing is told when the next token comes, or when something is eligible before', async () => {
      await world.queue.setThrottle('/a/', ratedAt(3, 10 * secondMs));
      await world.queue.setThrottle('/b/', ratedAt(1, secondMs));
      await world.queue.offer([offerOf('a', 9, { name: '/a/flow' })]);
      expect(await eligibleInMs(world.queue)).toBe(secondMs);
      world.nowMs += secondMs;
      expect(await eligibleInMs(world.queue)).toBe(2_334);
      await world.queue.offer([offerOf('later', 1, { eligibleAtMs: world.nowMs + 50 })]);
      expect(await eligibleInMs(world.queue)).toBe(50);
      world.nowMs += 2_333;
      expect(claimedPositions(await claim(9, world.nowMs))).toEqual(['later:0']);
      expect(await eligibleInMs(world.queue)).toBe(1);
      expect(claimedPositions(await claim(9, world.nowMs + 1))).toEqual(['a:0']);
    });

    test('of a release come back, as far as the burst holds them; of what outlives its engine they do not', async () => {
      await world.queue.setThrottle('/a/', ratedAt(4, minuteMs));
      await world.queue.offer([offerOf('a', 9, { name: '/a/flow' })]);
      const nowMs = at8Ms + minuteMs;
      const held = await claim(9, nowMs);
      expect(held!.count).toBe(4);
      expect(await claim(9, nowMs)).toBeNull();
      await world.queue.release(held!.id, [{ segment: 'a', from: 2, to: 4 }]);
      expect(claimedPositions(await claim(9, nowMs))).toEqual(['a:2', 'a:3']);
      expect(await world.expire(nowMs + leaseMs + 1)).toBe(4);
      expect(claimedPositions(await claim(9, nowMs + leaseMs + 1))).toEqual(['a:0!', 'a:1!']);
      const full = await claim(9, nowMs + 10 * minuteMs);
      expect(full!.count).toBe(4);
      world.nowMs = nowMs + 20 * minuteMs;
      await release(full);
      expect((await claim(9, world.nowMs))!.count).toBe(4);
    });

    test('stand beside limits, and all on the path must have a token', async () => {
      await world.queue.setThrottle('/', ratedAt(6, minuteMs));
      await world.queue.setThrottle('/a/', throttleOf({ members: 3, perMs: minuteMs, burst: 3 }, { clusterWide: 2 }));
      await world.queue.setThrottle('/a/b/', { ...ratedAt(60, minuteMs), perEngine: 1 });
      await world.queue.offer([
        offerOf('b', 9, { name: '/a/b/flow', priority: 1 }),
        offerOf('a', 9, { name: '/a/flow', priority: 2 }),
        offerOf('z', 9, { name: '/z/flow' }),
      ]);
      const nowMs = at8Ms + minuteMs;
      const first = await claim(4, nowMs);
      expect(claimedPositions(first)).toEqual(['b:0', 'a:0', 'z:0', 'z:1']);
      await settle(first);
      // A token of /a/ is left, two of all.
      const second = await claim(9, nowMs, 'engine-2');
      expect(claimedPositions(second)).toEqual(['b:1', 'z:2']);
      await settle(second);
      expect(await claim(9, nowMs + 10 * secondMs - 1)).toBeNull();
      expect(claimedPositions(await claim(9, nowMs + 10 * secondMs))).toEqual(['z:3']);
      expect(claimedPositions(await claim(9, nowMs + 20 * secondMs))).toEqual(['b:2']);
    });

    test('changed keep what they have, as far as the new burst holds it; taken away nothing waits for them', async () => {
      await world.queue.setThrottle('/a/', ratedAt(4, minuteMs));
      await world.queue.offer([offerOf('a', 9, { name: '/a/flow' })]);
      world.nowMs = at8Ms + minuteMs;
      await world.queue.setThrottle('/a/', ratedAt(1, minuteMs, 2));
      expect((await world.queue.throttles()).get('/a/')).toMatchObject(ratedAt(1, minuteMs, 2));
      expect(claimedPositions(await claim(9, world.nowMs))).toEqual(['a:0', 'a:1']);
      world.nowMs += minuteMs / 2;
      // Half a token has come, and is half a token of the new rate: 5 s of 10 s.
      await world.queue.setThrottle('/a/', ratedAt(1, 10 * secondMs));
      expect(await eligibleInMs(world.queue)).toBe(5 * secondMs);
      await world.queue.setThrottle(
        '/a/',
        throttleOf({ members: 1, perMs: 10 * secondMs, burst: 1 }, { perEngine: 3 }),
      );
      expect(await eligibleInMs(world.queue)).toBe(5 * secondMs);
      await world.queue.setThrottle('/a/', { perEngine: 3, clusterWide: null, rate: null });
      expect(await eligibleInMs(world.queue)).toBeNull();
      expect(claimedPositions(await claim(9, world.nowMs))).toEqual(['a:2']);
      await world.queue.setThrottle('/a/', null);
      expect(claimedPositions(await claim(2, world.nowMs))).toEqual(['a:3', 'a:4']);
      // Set anew it begins with nothing.
      await world.queue.setThrottle('/a/', ratedAt(1, 10 * secondMs));
      expect(await claim(9, world.nowMs)).toBeNull();
    });

    test('a clock that is set back adds nothing and keeps nobody waiting', async () => {
      await world.queue.setThrottle('/a/', ratedAt(1, secondMs, 3));
      await world.queue.setThrottle('/b/', ratedAt(1, 10 * secondMs));
      await world.queue.offer([
        offerOf('a', 9, { name: '/a/flow' }),
        offerOf('b', 9, { name: '/b/flow', priority: 1 }),
      ]);
      expect(claimedPositions(await claim(9, at8Ms + secondMs))).toEqual(['a:0']);
      // An hour back, on from there, and an hour and a half forward: four and a half seconds, then no more than the bursts.
      world.nowMs = at8Ms - 60 * minuteMs;
      expect(await eligibleInMs(world.queue)).toBe(secondMs);
      expect(claimedPositions(await claim(9, world.nowMs + 4_500))).toEqual(['a:1', 'a:2', 'a:3']);
      expect(await eligibleInMs(world.queue)).toBe(secondMs);
      expect(claimedPositions(await claim(9, at8Ms + 30 * minuteMs))).toEqual(['b:0', 'a:4', 'a:5', 'a:6']);
      // Back to when they were taken: what has come since is not waited for again.
      world.nowMs += 9 * secondMs;
      expect(await claim(0, world.nowMs)).toBeNull();
      expect((await claim(9, world.nowMs))!.count).toBe(2);
      world.nowMs += 900;
      expect(await eligibleInMs(world.queue)).toBe(100);
      world.nowMs -= 900;
      expect(await eligibleInMs(world.queue)).toBe(100);
    });

    for (const kind of ['branch', 'key']) {
      const set = (rate: Rate | null): Promise<void> =>
        kind === 'branch'
          ? world.queue.setThrottle('/a/', { perEngine: null, clusterWide: null, rate })
          : world.queue.setKeys('/a/', { each: { clusterWide: null, rate }, weights: null, isStrict: false });
      const countAt = async (limit: number, nowMs: number): Promise<number> => (await claim(limit, nowMs))?.count ?? 0;

      test(`of a ${kind} that are given back late are no more than would be there had they not been taken`, async () => {
        await set({ members: 10, perMs: 10 * secondMs, burst: 10 });
        await world.queue.offer([offerOf('a', 99, { name: '/a/flow', key: 'x' })]);
        world.nowMs += 10 * secondMs;
        const first = await claim(10, world.nowMs);
        expect(first!.count).toBe(10);
        // By then all have come again: what is given back was lost at the burst.
        world.nowMs += 10 * secondMs;
        const second = await claim(99, world.nowMs);
        expect(second!.count).toBe(10);
        await release(first);
        expect(await countAt(99, world.nowMs)).toBe(0);
        // Of these some have not.
        world.nowMs += 2_500;
        expect(await countAt(99, world.nowMs)).toBe(2);
        await release(second);
        expect(await countAt(99, world.nowMs)).toBe(7);
      });

      test(`of a ${kind} that were never taken are not given back: claimed before the rate was set`, async () => {
        await set(null);
        await world.queue.offer([offerOf('a', 99, { name: '/a/flow', key: 'x' })]);
        const held = await claim(10, world.nowMs);
        await set({ members: 1, perMs: minuteMs, burst: 10 });
        await release(held);
        expect(await countAt(99, world.nowMs)).toBe(0);
        world.nowMs += minuteMs;
        expect(await countAt(99, world.nowMs)).toBe(1);
      });
    }

    test('of an epoch that begins have nothing, though claims are announced, and given back', async () => {
      const next = await home.create(() => world.nowMs);
      try {
        await next.attach('engine-1', leaseMs);
        await next.setThrottle('/a/', ratedAt(1, secondMs, 4));
        await next.announce('engine-1', [{ id: 'before', slices: [offerOf('a', 2, { name: '/a/flow' })] }], leaseMs);
        await next.offer([offerOf('b', 4, { name: '/a/flow' })]);
        await next.open();
        expect(await next.claim({ engine: 'engine-1', limit: 9, leaseMs })).toEqual({
          kind: 'nothing',
          eligibleInMs: secondMs,
        });
        await next.release('before', [{ segment: 'a', from: 0, to: 1 }]);
        expect(await eligibleInMs(next)).toBe(secondMs);
      } finally {
        await next.close();
      }
    });

    test('that could not be reckoned exactly are refused, and nothing is changed', async () => {
      for (const bad of [ratedAt(0, 1), ratedAt(1, 0.5), ratedAt(1_000_001, 1), ratedAt(1, 1, 1_000_001)]) {
        await expect(world.queue.setThrottle('/a/', bad)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
      }
      await expect(world.queue.setThrottle('/a/', ratedAt(1, 31 * 86_400_000 + 1))).rejects.toThrow(
        'OPTION_INVALID: rate.perMs: found 2678400001, accepted is a whole number from 1 to 2,678,400,000',
      );
      expect(await world.queue.throttles()).toEqual(new Map());
    });
  });
}
