// The embedded queue: the contract's suite, and what is its own.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Offer } from '../../src/queue/contract.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { type HeapItem, IndexedHeap } from '../../src/queue/indexed-heap.js';
import { queueConformance } from './conformance.js';
import { claimedPositions, stateOf } from './queue-model.js';

queueConformance('embedded', async () => new EmbeddedQueue());

const request = { engine: 'engine-1', limit: 1_000_000, nowMs: 1_000, leaseMs: 10 };

function offerOf(segment: string, more: Partial<Offer> = {}): Offer {
  return { segment, from: 0, to: 1, name: '/a/flow', priority: null, eligibleAtMs: 1, createdAtMs: 1, ...more };
}

describe('embedded queue', () => {
  test('each life of a process is an epoch of its own, and claims of another do nothing', async () => {
    const before = new EmbeddedQueue();
    const after = new EmbeddedQueue();
    expect(before.epoch).not.toBe(after.epoch);
    for (const queue of [before, after]) await queue.offer([offerOf('a')]);
    const old = await before.claim(request);
    const held = await after.claim(request);
    expect(old?.id).not.toBe(held?.id);
    await after.settle(old!.id, old!.slices);
    expect((await stateOf(after)).claimed).toBe(1);
  });

  test('the time it is made with makes offers ready before the first claim', async () => {
    const queue = new EmbeddedQueue(500);
    await queue.offer([offerOf('past', { eligibleAtMs: 500 }), offerOf('future', { eligibleAtMs: 501 })]);
    expect(await stateOf(queue)).toEqual({ ready: 1, delayed: 1, claimed: 0, running: {}, nextEligibleAtMs: 501 });
  });

  test('a clock that steps ahead and back makes nothing ready early, and nothing wait that was ready', async () => {
    const queue = new EmbeddedQueue();
    const at = (nowMs: number) => queue.claim({ ...request, limit: 1, nowMs });
    await queue.offer([offerOf('a', { eligibleAtMs: 500 }), offerOf('b', { eligibleAtMs: 600 })]);
    const ahead = await at(1_000);
    expect(claimedPositions(ahead)).toEqual(['a:0']);
    // Back again: what was ready at the time of that hour stays ready, claimed and released or not.
    const back = await at(100);
    expect(claimedPositions(back)).toEqual(['b:0']);
    await queue.release(ahead!.id, ahead!.slices);
    const again = await at(101);
    expect(claimedPositions(again)).toEqual(['a:0']);
    for (const claim of [back!, again!]) await queue.settle(claim.id, claim.slices);
    // A retry that is put off now is put off.
    await queue.offer([offerOf('retry', { eligibleAtMs: 160 })]);
    expect(await stateOf(queue)).toMatchObject({ ready: 0, delayed: 1, nextEligibleAtMs: 160 });
    expect(await at(159)).toBeNull();
    expect(claimedPositions(await at(160))).toEqual(['retry:0']);
  });

  test('extending never shortens a lease', async () => {
    const queue = new EmbeddedQueue();
    await queue.offer([offerOf('a')]);
    const held = await queue.claim(request);
    await queue.extend([held!.id], request.nowMs);
    expect(await queue.expire(request.nowMs + request.leaseMs)).toBe(0);
  });

  test('a FIFO branch is ordered by creation, priority still first, and compares with others by what it is filed under', async () => {
    const queue = new EmbeddedQueue();
    await queue.offer([
      offerOf('woke-first', { eligibleAtMs: 10, createdAtMs: 9 }),
      offerOf('created-first', { eligibleAtMs: 20, createdAtMs: 1 }),
      offerOf('urgent', { eligibleAtMs: 30, createdAtMs: 30, priority: 1 }),
      offerOf('elsewhere', { name: '/b/flow', eligibleAtMs: 5, createdAtMs: 2 }),
    ]);
    const order = async (): Promise<string[]> => {
      const claim = await queue.claim(request);
      await queue.release(claim!.id, claim!.slices);
      return claimedPositions(claim);
    };
    expect(await order()).toEqual(['urgent:0', 'elsewhere:0', 'woke-first:0', 'created-first:0']);
    await queue.setFifo('/a/', true);
    expect(await order()).toEqual(['urgent:0', 'created-first:0', 'elsewhere:0', 'woke-first:0']);
    await queue.setFifo('/a/', null);
    await queue.withdraw([{ segment: 'urgent', from: 0, to: 1 }]);
    await queue.setFifo('/a/', true);
    expect(await order()).toEqual(['created-first:0', 'elsewhere:0', 'woke-first:0']);
    await queue.setFifo('/', true);
    expect(await order()).toEqual(['created-first:0', 'elsewhere:0', 'woke-first:0']);
    await queue.setFifo('/a/', false);
    expect(await order()).toEqual(['elsewhere:0', 'woke-first:0', 'created-first:0']);
  });

  test('a million ready in slices of 500 beside ten thousand branches of one is claimed and settled whole', async () => {
    const queue = new EmbeddedQueue(1_000);
    for (let i = 0; i < 10_000; i++) await queue.offer([offerOf(`s${i}`, { name: `/branch-${i}/flow` })]);
    for (let i = 0; i < 2_000; i++) await queue.offer([offerOf(`big${i}`, { to: 500 })]);
    expect((await queue.counts()).ready).toBe(1_010_000);
    const all = await queue.claim({ ...request, limit: 2_000_000 });
    await queue.settle(all!.id, all!.slices);
    expect(await stateOf(queue)).toEqual({ ready: 0, delayed: 0, claimed: 0, running: {}, nextEligibleAtMs: null });
    expect(await queue.extend([all!.id], 9_999)).toEqual([all!.id]);
  });
});

describe('indexed heap', () => {
  interface Item extends HeapItem {
    key: number;
  }

  test('gives the smallest first after any pushes, removals and moves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('push', 'push', 'remove', 'move'), fc.nat(50), fc.nat(50)), {
          maxLength: 200,
          size: 'max', // its own idea of a list is ten long
        }),
        fc.boolean(),
        (steps, turn) => {
          const heap = new IndexedHeap<Item>((a, b) => a.key < b.key);
          const items: Item[] = [];
          for (const [step, pick, key] of steps) {
            const item = items[pick % Math.max(1, items.length)];
            if (step === 'push' || item === undefined) {
              const added = { key, heapIndex: -1 };
              items.push(added);
              heap.push(added);
            } else if (step === 'remove') {
              items.splice(items.indexOf(item), 1);
              heap.remove(item);
              expect(item.heapIndex).toBe(-1);
            } else {
              item.key = key;
              heap.moved(item);
            }
            expect(heap.size).toBe(items.length);
            const placed = [...items].sort((a, b) => a.heapIndex - b.heapIndex);
            expect(placed.map(each => each.heapIndex)).toEqual(items.map((_, index) => index)); // H1
            for (let i = 1; i < placed.length; i++)
              expect(placed[(i - 1) >> 1]!.key).toBeLessThanOrEqual(placed[i]!.key);
            expect(heap.first?.key).toBe(items.length === 0 ? undefined : Math.min(...items.map(each => each.key)));
          }
          if (turn) {
            const limit = steps.length % 51;
            const taken = heap.takeWhere(item => item.key <= limit);
            expect(taken.every(item => item.heapIndex === -1)).toBe(true);
            expect(new Set(taken)).toEqual(new Set(items.filter(item => item.key <= limit)));
            for (const item of taken) items.splice(items.indexOf(item), 1);
            expect(heap.first?.key).toBe(items.length === 0 ? undefined : Math.min(...items.map(each => each.key)));
            for (const item of items) item.key = 50 - item.key;
            heap.reorder();
          }
          const drained: number[] = [];
          for (let first = heap.first; first !== undefined; first = heap.first) {
            drained.push(first.key);
            heap.remove(first);
          }
          expect(drained).toEqual(items.map(item => item.key).sort((a, b) => a - b));
        },
      ),
    );
  });
});
