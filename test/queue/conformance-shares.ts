// Shares between keys, as the Queue contract has them (`key-rules.ts`).

import { describe, expect, test } from 'vitest';
import type { Claim, Offer } from '../../src/queue/contract.js';
import type { KeyRules } from '../../src/queue/key-rules.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions } from './queue-model.js';
import { at8Ms, minuteMs, offerOf, type QueueHome, QueueWorld } from './queue-world.js';

function weights(of: Record<string, number>, others = 1): KeyRules {
  return rulesOf({ weights: { of: new Map(Object.entries(of)), others } });
}

export function shareConformance(home: QueueHome): void {
  describe('shares between keys', () => {
    const world = new QueueWorld(home);
    const { claim, drain } = world;
    const offer = (...offers: readonly Offer[]) => world.queue.offer(offers);
    const keyed = (key: string, members: number, more: Partial<Offer> = {}) => offerOf(key, members, { key, ...more });

    /** Members of each key by name of its segment: `segments` times `size` of each waiting, `total` claimed, up to `limit` at once. */
    const sharesOf = async (names: readonly string[], { size, segments, limit, total }: Record<string, number>) => {
      for (const key of names) {
        await world.queue.offer(
          Array.from({ length: segments! }, (_, i) => offerOf(`${key}${i}`, size!, { key, createdAtMs: at8Ms + i })),
        );
      }
      const counts = new Map<string, number>();
      // Each holds what it has for another while, as if they ran longer and shorter.
      const held: Claim[] = [];
      for (let count = 0; count < total!; ) {
        const next = (await claim(limit!))!;
        count += next.count;
        for (const slice of next.slices) {
          const key = slice.segment.slice(0, 1);
          counts.set(key, (counts.get(key) ?? 0) + slice.to - slice.from);
        }
        held.push(next);
        const [done] = held.splice((count * 7) % held.length, 1);
        if (held.length > 3) await world.queue.settle(done!.id, done!.slices);
        else held.push(done!);
      }
      return counts;
    };

    const expectShares = (counts: ReadonlyMap<string, number>, expected: Record<string, number>) => {
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const parts = Object.values(expected).reduce((sum, part) => sum + part, 0);
      for (const [key, part] of Object.entries(expected)) {
        const ratio = (counts.get(key) ?? 0) / ((total * part) / parts);
        expect(ratio).toBeGreaterThan(0.95);
        expect(ratio).toBeLessThan(1.05);
      }
    };

    test('two to one, exactly: by start, ties by arrival', async () => {
      await world.queue.setKeys('/', weights({ a: 2 }));
      await offer(keyed('a', 7), keyed('b', 4));
      expect(await drain(at8Ms)).toEqual('a:0 b:0 a:1 a:2 b:1 a:3 a:4 b:2 a:5 a:6 b:3'.split(' '));
    });

    test('one to two to four over 10,000 members of slices of one', async () => {
      await world.queue.setKeys('/', weights({ a: 1, b: 2, c: 4 }));
      const counts = await sharesOf(['a', 'b', 'c'], { size: 1, segments: 6_000, limit: 50, total: 10_000 });
      expectShares(counts, { a: 1, b: 2, c: 4 });
    });

    test('and in slices of 128, which are taken whole', async () => {
      await world.queue.setKeys('/', weights({ a: 1, b: 2, c: 4 }));
      const counts = await sharesOf(['a', 'b', 'c'], { size: 128, segments: 150, limit: 128, total: 128 * 210 });
      expectShares(counts, { a: 1, b: 2, c: 4 });
      expect((await claim(128))!.slices).toHaveLength(1);
    });

    test('nobody starves: while a key gets m members, each other gets (v/w + 1) m of them at most', async () => {
      const of = { a: 1, b: 7, c: 30, d: 3 };
      await world.queue.setKeys('/', weights(of));
      const m = 8;
      const names = Object.keys(of) as (keyof typeof of)[];
      for (const key of names) {
        await world.queue.offer(Array.from({ length: 120 }, (_, i) => offerOf(`${key}${i}`, 1 + (i % m), { key })));
      }
      const since = new Map(names.map(name => [name, new Map<string, number>()]));
      for (let i = 0; i < 90; i++) {
        const { slices } = (await claim(m))!;
        for (const { segment, from, to } of slices) {
          const key = segment.slice(0, 1) as keyof typeof of;
          for (const name of names) {
            if (name === key) since.set(name, new Map());
            else since.get(name)!.set(key, (since.get(name)!.get(key) ?? 0) + to - from);
            for (const [other, members] of since.get(name)!) {
              expect(members).toBeLessThanOrEqual((of[other as keyof typeof of] / of[name] + 1) * m);
            }
          }
        }
      }
    });

    test('within one effective priority only, and before time', async () => {
      await world.queue.setKeys('/', weights({}));
      await offer(
        keyed('a', 3),
        offerOf('urgent', 2, { key: 'a', priority: 1 }),
        keyed('b', 2, { eligibleAtMs: at8Ms + minuteMs }),
      );
      expect(await drain(at8Ms + minuteMs)).toEqual(['urgent:0', 'urgent:1', 'b:0', 'a:0', 'b:1', 'a:1', 'a:2']);
    });

    test('who was idle has saved nothing up, and who ran alone owes nothing', async () => {
      await world.queue.setKeys('/', weights({}));
      await offer(keyed('a', 60));
      for (let i = 0; i < 50; i++) await claim(1);
      await offer(keyed('b', 9, { eligibleAtMs: at8Ms + 1 }));
      const order: string[] = [];
      for (let i = 0; i < 6; i++) order.push(...claimedPositions(await claim(1, at8Ms + 1)));
      expect(order).toEqual(['b:0', 'a:50', 'b:1', 'a:51', 'b:2', 'a:52']);
    });

    test('all without key share as one, of the weight of others', async () => {
      await world.queue.setKeys('/', weights({ a: 1 }, 2));
      await offer(keyed('a', 3), offerOf('n', 3), offerOf('m', 3, { name: '/other/flow' }));
      const order = await drain(at8Ms);
      expect(order).toEqual(['a:0', 'n:0', 'n:1', 'a:1', 'n:2', 'm:0', 'a:2', 'm:1', 'm:2']);
    });

    test('a branch with weights competes with others by time, and below another one as what has no key', async () => {
      await world.queue.setKeys('/a/', weights({}));
      await world.queue.setKeys('/a/b/', weights({}));
      const of = (segment: string, name: string, key: string, second: number) =>
        offerOf(segment, 2, { name, key, eligibleAtMs: at8Ms + second });
      await offer(
        of('x', '/a/flow', 'x', 0),
        of('bx', '/a/b/flow', 'x', 1),
        of('by', '/a/b/flow', 'y', 2),
        of('out', '/out/flow', 'x', 1),
      );
      expect(await drain(at8Ms + 9)).toEqual(['x:0', 'bx:0', 'x:1', 'out:0', 'out:1', 'by:0', 'bx:1', 'by:1']);
    });

    test('what has no room waits without saving up; throttled branches below share with all others', async () => {
      await world.queue.setKeys('/', { ...weights({}), each: { clusterWide: 1, rate: null } });
      await world.queue.setThrottle('/t/', { perEngine: null, clusterWide: 9, rate: null });
      await offer(keyed('a', 3, { name: '/t/flow' }), keyed('b', 30), offerOf('a-out', 2, { key: 'a' }));
      const first = await claim(1);
      expect(claimedPositions(first)).toEqual(['a:0']);
      for (let i = 0; i < 10; i++) {
        const next = await claim(9);
        expect(claimedPositions(next)).toEqual([`b:${i}`]);
        await world.queue.settle(next!.id, next!.slices);
      }
      await world.queue.settle(first!.id, first!.slices);
      expect((await drain(at8Ms)).slice(0, 6)).toEqual(['a:1', 'a:2', 'b:10', 'b:11', 'a-out:0', 'b:12']);
    });

    test('weights are changed while all wait; taken away, time decides', async () => {
      await world.queue.setKeys('/', weights({}));
      await offer(keyed('a', 40), keyed('b', 40));
      const next = async (claims: number): Promise<string> => {
        let order = '';
        for (let i = 0; i < claims; i++) order += (await claim(1))!.slices[0]!.segment;
        return order;
      };
      expect(await next(4)).toBe('abab');
      await world.queue.setKeys('/', weights({ b: 4 }));
      // The finish of each stays as it was; what follows costs b a fourth.
      expect(await next(10)).toBe('abbbbabbbb');
      await world.queue.setKeys('/', rulesOf());
      expect(await next(4)).toBe('aaaa');
      await world.queue.setKeys('/', null);
      expect(await next(4)).toBe('aaaa');
    });

    test('what is given back has been counted', async () => {
      await world.queue.setKeys('/', weights({}));
      await offer(keyed('a', 4), keyed('b', 4));
      const first = await claim(2);
      expect(first!.slices).toHaveLength(1);
      await world.queue.release(first!.id, first!.slices);
      expect(await drain(at8Ms)).toEqual(['b:0', 'b:1', 'a:0', 'b:2', 'a:1', 'b:3', 'a:2', 'a:3']);
    });

    test('outlast what is hung anew below them, by rules that come', async () => {
      await world.queue.setKeys('/a/b/', rulesOf());
      await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: null, rate: null });
      await world.queue.setKeys('/', weights({}));
      await offer(offerOf('first', 9, { name: '/a/b/flow' }));
      expect((await claim(5))!.count).toBe(5);
      await world.queue.setKeys('/a/', rulesOf());
      await offer(keyed('y', 2, { name: '/flow' }));
      expect(claimedPositions(await claim(1))).toEqual(['y:0']);
    });
  });
}
