// A rate of each key, as the Queue contract has it (Q12).

import { describe, expect, test } from 'vitest';
import type { Claim, Offer, Rate } from '../../src/queue/contract.js';
import type { KeyRules } from '../../src/queue/key-rules.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions, eligibleInMs } from './queue-model.js';
import { at8Ms, leaseMs, minuteMs, offerOf, type QueueHome, QueueWorld, range } from './queue-world.js';

const secondMs = 1_000;

/** Of each key. */
export function ratedTo(rate: Rate, more: Partial<KeyRules> = {}): KeyRules {
  return rulesOf({ each: { clusterWide: null, rate }, ...more });
}

const aSecond: Rate = { members: 1, perMs: secondMs, burst: 3 };

export function keyRateConformance(home: QueueHome): void {
  describe('Q12: a rate of each key', () => {
    const world = new QueueWorld(home);
    const { claim } = world;
    const offer = (...offers: readonly Offer[]) => world.queue.offer(offers);
    const of = (key: string, members: number, more: Partial<Offer> = {}) => offerOf(key, members, { key, ...more });
    const settle = (held: Claim | null): Promise<void> => world.queue.settle(held!.id, held!.slices);

    test('begins with nothing, for keys that wait and for those that come; what has no key is not bound', async () => {
      await offer(of('x', 9));
      await world.queue.setKeys('/', ratedTo(aSecond));
      await offer(of('y', 2), offerOf('n', 2));
      expect(claimedPositions(await claim(9))).toEqual(['n:0', 'n:1']);
      expect(await claim(9, at8Ms + secondMs - 1)).toBeNull();
      expect(claimedPositions(await claim(9, at8Ms + secondMs))).toEqual(['x:0', 'y:0']);
      expect(await claim(9, at8Ms + secondMs)).toBeNull();
      // One that comes later has what has come since the rate was set, and no more than the burst.
      await offer(of('z', 9));
      expect(claimedPositions(await claim(9, at8Ms + secondMs))).toEqual(['z:0']);
      expect(claimedPositions(await claim(9, at8Ms + minuteMs))).toEqual([
        ...range('x', 1, 4),
        'y:1',
        ...range('z', 1, 4),
      ]);
    });

    test('who finds nothing is told when the next key has a token, as long as it has something in the queue', async () => {
      await world.queue.setKeys('/', ratedTo(aSecond));
      expect(await eligibleInMs(world.queue)).toBeNull();
      await offer(of('x', 2));
      expect(await eligibleInMs(world.queue)).toBe(secondMs);
      const first = await claim(9, at8Ms + secondMs);
      expect(first!.count).toBe(1);
      expect(await eligibleInMs(world.queue)).toBe(secondMs);
      world.nowMs += 300;
      await offer(of('y', 2));
      expect(claimedPositions(await claim(9, world.nowMs))).toEqual(['y:0']);
      expect(await eligibleInMs(world.queue)).toBe(700);
      expect(await world.queue.whereIs('x', 1)).toMatchObject({
        kind: 'ready',
        shortages: [{ kind: 'rate', branch: '/', key: 'x', rate: aSecond, nextInMs: 700 }],
      });
      await settle(first);
      await world.queue.withdraw([{ segment: 'x', from: 0, to: 9 }]);
      expect(await eligibleInMs(world.queue)).toBe(700);
      await world.queue.setKeys('/', null);
      expect(await eligibleInMs(world.queue)).toBeNull();
    });

    test('is remembered of a key that has nothing in the queue, until its bucket is full', async () => {
      await world.queue.setKeys('/', ratedTo({ members: 1, perMs: 10 * secondMs, burst: 2 }));
      world.nowMs = at8Ms + minuteMs;
      for (const [after, members] of [
        [0, 2],
        [0, 0],
        [9 * secondMs, 0],
        [secondMs, 1],
        [minuteMs, 2],
      ] as const) {
        world.nowMs += after;
        await offer(of('x', 5));
        const held = await claim(9, world.nowMs);
        expect(held?.count ?? 0).toBe(members);
        if (held !== null) await settle(held);
        await world.queue.withdraw([{ segment: 'x', from: 0, to: 9 }]);
        expect(await eligibleInMs(world.queue)).toBeNull();
      }
    });

    test('tokens of a release come back, of what outlives its engine they do not', async () => {
      await world.queue.setKeys('/', ratedTo({ members: 1, perMs: minuteMs, burst: 4 }));
      await offer(of('x', 9));
      const nowMs = at8Ms + 4 * minuteMs;
      const held = await claim(9, nowMs);
      expect(held!.count).toBe(4);
      await world.queue.release(held!.id, [{ segment: 'x', from: 2, to: 4 }]);
      expect(claimedPositions(await claim(9, nowMs))).toEqual(['x:2', 'x:3']);
      expect(await world.expire(nowMs + leaseMs + 1)).toBe(4);
      expect(await claim(9, nowMs + leaseMs + 1)).toBeNull();
    });

    test('stands beside limits, throttles, shares and strict order', async () => {
      await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: null, rate: { ...aSecond, members: 2 } });
      await world.queue.setKeys('/', {
        ...ratedTo(aSecond, { isStrict: true }),
        weights: { of: new Map([['x', 4]]), others: 1 },
      });
      const below = (key: string) => of(key, 9, { name: '/a/flow' });
      await offer(below('x'), below('y'), below('z'));
      let nowMs = at8Ms + secondMs;
      const first = await claim(9, nowMs);
      // Two of the branch, and of each key one at a time.
      expect(claimedPositions(first)).toEqual(['x:0', 'y:0']);
      await settle(first);
      nowMs += secondMs;
      const second = await claim(9, nowMs);
      expect(claimedPositions(second)).toEqual(['z:0', 'x:1']);
      await settle(second);
      // The branch has none; y and z have one more each, and start alike.
      expect(await claim(9, nowMs)).toBeNull();
      nowMs += secondMs / 2;
      expect(claimedPositions(await claim(9, nowMs))).toEqual(['y:1']);
    });

    test('changed keeps what keys have, those that are gone and those that have not come too; set anew it is nothing', async () => {
      await world.queue.setKeys('/', ratedTo({ members: 4, perMs: minuteMs, burst: 4 }));
      await offer(of('x', 9), of('gone', 3));
      world.nowMs = at8Ms + minuteMs;
      expect((await claim(3, world.nowMs))!.count).toBe(3);
      const gone = await claim(4, world.nowMs);
      expect(claimedPositions(gone)).toEqual(['x:3', ...range('gone', 0, 3)]);
      await world.queue.settle(gone!.id, [{ segment: 'gone', from: 0, to: 3 }]);
      world.nowMs += minuteMs / 8;
      await world.queue.setKeys('/', ratedTo({ members: 1, perMs: 10 * secondMs, burst: 2 }));
      await offer(of('gone', 9, { from: 10 }), of('new', 9));
      // Of a token half, one and a half, and two of four.
      expect(claimedPositions(await claim(9, world.nowMs))).toEqual(['gone:10', 'new:0', 'new:1']);
      expect(await eligibleInMs(world.queue)).toBe(5 * secondMs);
      expect(claimedPositions(await claim(9, world.nowMs + 5 * secondMs))).toEqual(['x:4', 'gone:11']);
      await world.queue.setKeys('/', null);
      await world.queue.setKeys('/', ratedTo(aSecond));
      expect(await claim(9, world.nowMs)).toBeNull();
    });

    test('that could not be reckoned exactly is refused, and nothing is changed', async () => {
      await expect(world.queue.setKeys('/', ratedTo({ ...aSecond, perMs: 0.5 }))).rejects.toThrow(
        'OPTION_INVALID: rate.perMs: found 0.5',
      );
      expect(await world.queue.settings()).toEqual(new Map());
    });
  });
}
