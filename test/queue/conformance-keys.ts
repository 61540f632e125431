// Keys, as the Queue contract has them: their bounds (Q10) and their strict order (Q11).

import { describe, expect, test } from 'vitest';
import type { Offer } from '../../src/queue/contract.js';
import { type KeyRules, keyBytesMax } from '../../src/queue/key-rules.js';
import { claimedPositions } from './queue-model.js';
import { at8Ms, leaseMs, minuteMs, offerOf, type QueueHome, QueueWorld, range } from './queue-world.js';

/** Rules that bound nothing, but for what is said. */
export function rulesOf(more: Partial<KeyRules> = {}): KeyRules {
  return { each: { clusterWide: null, rate: null }, weights: null, isStrict: false, ...more };
}

const upTo = (clusterWide: number): KeyRules => rulesOf({ each: { clusterWide, rate: null } });
const strict = rulesOf({ isStrict: true });

export function keyConformance(home: QueueHome): void {
  describe('Q10: bounds of each key', () => {
    const world = new QueueWorld(home);
    const { claim } = world;
    const offer = (...offers: readonly Offer[]) => world.queue.offer(offers);

    test('so many members of each at a time, of all engines together; what has no key is not bound', async () => {
      await world.queue.setKeys('/', upTo(2));
      await offer(offerOf('x', 5, { key: 'x' }), offerOf('y', 5, { key: 'y' }), offerOf('n', 2));
      const first = await claim(3);
      expect(claimedPositions(first)).toEqual(['x:0', 'x:1', 'y:0']);
      expect(claimedPositions(await claim(9, at8Ms, 'engine-2'))).toEqual(['y:1', 'n:0', 'n:1']);
      expect(await claim(9)).toBeNull();
      await world.queue.settle(first!.id, [{ segment: 'x', from: 1, to: 2 }]);
      expect(claimedPositions(await claim(9, at8Ms, 'engine-2'))).toEqual(['x:2']);
    });

    test('what is no key is refused, with all that is offered beside it', async () => {
      for (const key of ['', 'a\nb', 'x'.repeat(keyBytesMax + 1)]) {
        await expect(offer(offerOf('a', 1), offerOf('bad', 1, { key }))).rejects.toThrow('is no key');
      }
      expect(await claim(9)).toBeNull();
    });

    test('one key of a rules branch is one, whatever branch and priority; nearer rules have keys of their own', async () => {
      await world.queue.setKeys('/a/', upTo(1));
      await world.queue.setKeys('/a/own/', upTo(2));
      const x = (segment: string, name: string, priority: number | null = null) =>
        offerOf(segment, 3, { name, priority, key: 'x' });
      await offer(x('low', '/a/flow', 300), x('high', '/a/b/flow', 1), x('own', '/a/own/flow'), x('free', '/b/flow'));
      const all = await claim(99);
      expect(claimedPositions(all)).toEqual(['high:0', 'own:0', 'own:1', ...range('free', 0, 3)]);
      await world.queue.setKeys('/a/own/', null);
      await world.queue.settle(all!.id, [{ segment: 'high', from: 0, to: 1 }]);
      expect(await claim(99)).toBeNull();
      await world.queue.settle(all!.id, [{ segment: 'own', from: 0, to: 2 }]);
      expect(claimedPositions(await claim(99))).toEqual(['high:1']);
    });

    test('throttles hold beside it, below the rules and above', async () => {
      await world.queue.setThrottle('/', { perEngine: null, clusterWide: 5, rate: null });
      await world.queue.setKeys('/', upTo(2));
      await world.queue.setThrottle('/a/', { perEngine: 1, clusterWide: null, rate: null });
      const of = (key: string) => [
        offerOf(`a-${key}`, 2, { name: '/a/flow', key, priority: 1 }),
        offerOf(`b-${key}`, 2, { name: '/b/flow', key }),
      ];
      await offer(...of('x'), ...of('y'), ...of('z'));
      expect(claimedPositions(await claim(3))).toEqual(['a-x:0', 'b-x:0', 'b-y:0']);
      expect(claimedPositions(await claim(9, at8Ms, 'engine-2'))).toEqual(['a-y:0', 'b-z:0']);
    });

    test('a claim that fills a key in two branches, and the throttle of one of them', async () => {
      await world.queue.setKeys('/', upTo(1));
      await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: 1, rate: null });
      await offer(
        offerOf('a-x', 1, { name: '/a/flow', key: 'x' }),
        offerOf('a-y', 1, { name: '/a/flow', key: 'y' }),
        offerOf('b-x', 1, { name: '/b/flow', key: 'x' }),
        offerOf('b-z', 1, { name: '/b/flow', key: 'z' }),
      );
      expect(claimedPositions(await claim(9))).toEqual(['a-x:0', 'b-z:0']);
    });

    test('what is claimed counts for rules that come, that change and that were not yet there when it was offered', async () => {
      await offer(offerOf('x', 9, { key: 'x' }), offerOf('y', 2, { key: 'y', priority: 99 }));
      const held = await claim(2);
      await world.queue.setKeys('/branch/', upTo(3));
      expect(claimedPositions(await claim(9))).toEqual(['x:2', 'y:0', 'y:1']);
      await world.queue.setKeys('/branch/', upTo(1));
      await world.queue.settle(held!.id, [{ segment: 'x', from: 0, to: 1 }]);
      expect(await claim(9)).toBeNull();
      await world.queue.setKeys('/branch/', upTo(4));
      expect(claimedPositions(await claim(9))).toEqual(['x:3', 'x:4']);
      await world.queue.setKeys('/branch/', null);
      expect(claimedPositions(await claim(9))).toEqual(range('x', 5, 9));
    });

    test('slots come back by release and from an engine that has died; what is announced has them', async () => {
      await world.queue.setKeys('/', upTo(1));
      await world.queue.announce('engine-2', [{ id: 'before', slices: [offerOf('x', 2, { key: 'x' })] }], leaseMs);
      await offer(offerOf('x', 4, { key: 'x' }));
      expect(await claim(9)).toBeNull();
      await world.queue.release('before', [{ segment: 'x', from: 0, to: 1 }]);
      expect(await claim(9)).toBeNull();
      expect(await world.expire(at8Ms + leaseMs + 1)).toBe(1);
      expect(claimedPositions(await claim(9, at8Ms + leaseMs + 1))).toEqual(['x:0']);
    });

    test('a key that is full is out of the way, whatever else its window and branch', async () => {
      await world.queue.setKeys('/', upTo(1));
      await world.queue.setFairness('/a/', minuteMs);
      await offer(
        offerOf('x', 2, { key: 'x', name: '/a/flow', priority: 1 }),
        offerOf('x-b', 1, { key: 'x', name: '/b/flow', priority: 2 }),
        offerOf('y', 2, { key: 'y', name: '/a/flow', priority: 5 }),
      );
      const first = await claim(9, at8Ms + minuteMs);
      expect(claimedPositions(first)).toEqual(['x:0', 'y:0']);
      await world.queue.settle(first!.id, first!.slices);
      expect(claimedPositions(await claim(9, at8Ms + 4 * minuteMs))).toEqual(['x:1', 'y:1']);
    });
  });

  describe('Q11: strict order of a key', () => {
    const world = new QueueWorld(home);
    const { claim } = world;
    const offer = (...offers: readonly Offer[]) => world.queue.offer(offers);
    const x = (segment: string, members: number, createdMinute: number, more: Partial<Offer> = {}) =>
      offerOf(segment, members, { key: 'x', createdAtMs: at8Ms + createdMinute * minuteMs, ...more });

    test('one after the other by creation, whatever their priorities, branches and eligible times', async () => {
      await world.queue.setKeys('/', strict);
      await offer(
        x('second', 2, 2, { priority: 1 }),
        x('first', 1, 1, { priority: 300, eligibleAtMs: at8Ms + minuteMs, name: '/b/flow' }),
        x('third', 1, 3, { eligibleAtMs: at8Ms - minuteMs }),
        offerOf('other', 1, { key: 'y' }),
      );
      const nowMs = at8Ms + minuteMs;
      expect(claimedPositions(await claim(1, nowMs))).toEqual(['other:0']);
      expect(await world.drain(nowMs)).toEqual(['first:0', 'second:0', 'second:1', 'third:0']);
    });

    test('one at a time, though more are asked for and another engine asks; other keys go beside it', async () => {
      await world.queue.setKeys('/', strict);
      await offer(x('x', 3, 0), offerOf('y', 3, { key: 'y' }));
      const first = await claim(9);
      expect(claimedPositions(first)).toEqual(['x:0', 'y:0']);
      expect(await claim(9, at8Ms, 'engine-2')).toBeNull();
      await world.queue.settle(first!.id, [{ segment: 'x', from: 0, to: 1 }]);
      expect(claimedPositions(await claim(9, at8Ms, 'engine-2'))).toEqual(['x:1']);
    });

    test('a first that is delayed is not passed by the younger of its key', async () => {
      await world.queue.setKeys('/', strict);
      await offer(x('x', 2, 0), offerOf('y', 1, { key: 'y' }));
      const first = await claim(1);
      await world.queue.offer([x('x-retried', 1, -1, { eligibleAtMs: at8Ms + minuteMs })]);
      await world.queue.settle(first!.id, first!.slices);
      expect(claimedPositions(await claim(9))).toEqual(['y:0']);
      expect(await world.drain(at8Ms + minuteMs)).toEqual(['x-retried:0', 'x:1']);
    });

    test('what is given back or outlives its engine is first again, what is withdrawn lets the next go', async () => {
      await world.queue.setKeys('/', strict);
      await offer(x('a', 1, 1), x('b', 1, 2));
      const first = await claim(9);
      await world.queue.release(first!.id, first!.slices);
      expect(claimedPositions(await claim(9))).toEqual(['a:0']);
      await world.expire(at8Ms + leaseMs + 1);
      expect(claimedPositions(await claim(9, at8Ms + leaseMs + 1))).toEqual(['a:0!']);
      await world.expire(at8Ms + 3 * leaseMs);
      await world.queue.withdraw([{ segment: 'a', from: 0, to: 1 }]);
      expect(claimedPositions(await claim(9, at8Ms + 3 * leaseMs))).toEqual(['b:0']);
    });

    test('is waited for by a throttle, not passed; set and taken away while it waits', async () => {
      await offer(x('full', 2, 1, { name: '/full/flow' }), x('free', 2, 2, { name: '/free/flow', priority: 1 }));
      await world.queue.setThrottle('/full/', { perEngine: null, clusterWide: 0, rate: null });
      await world.queue.setKeys('/', strict);
      expect(await claim(9)).toBeNull();
      await world.queue.setKeys('/', rulesOf());
      expect(claimedPositions(await claim(1))).toEqual(['free:0']);
      await world.queue.setKeys('/', strict);
      await world.queue.setThrottle('/full/', null);
      expect(await claim(9)).toBeNull();
      await world.queue.setKeys('/', null);
      expect(claimedPositions(await claim(9))).toEqual(['free:1', 'full:0', 'full:1']);
    });

    test('its first competes by its own priority, which ages', async () => {
      await world.queue.setKeys('/', strict);
      await world.queue.setFairness('/', minuteMs);
      await offer(
        x('x-old', 1, 1, { priority: 20 }),
        x('x-young', 1, 2, { priority: 1 }),
        offerOf('y', 2, { key: 'y', priority: 15 }),
        offerOf('late', 1, { key: 'z', priority: 9, eligibleAtMs: at8Ms + 10 * minuteMs }),
      );
      expect(await world.drain(at8Ms + 10 * minuteMs)).toEqual(['y:0', 'y:1', 'late:0', 'x-old:0', 'x-young:0']);
    });
  });
}
