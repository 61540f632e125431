// The embedded queue: the contract's suite, and what is its own.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Offer } from '../../src/queue/contract.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { type HeapItem, IndexedHeap } from '../../src/queue/indexed-heap.js';
import { queueConformance } from './conformance.js';
import { stateOf } from './queue-model.js';
import { claimOf } from './queue-world.js';

queueConformance('embedded', { create: async nowMs => new EmbeddedQueue(nowMs), randomRuns: 300 });

const request = { engine: 'engine-1', limit: 1_000_000, leaseMs: 10 };

function offerOf(segment: string, more: Partial<Offer> = {}): Offer {
  return { segment, from: 0, to: 1, name: '/a/flow', priority: null, eligibleAtMs: 1, createdAtMs: 1, ...more };
}

async function openQueue(): Promise<EmbeddedQueue> {
  const queue = new EmbeddedQueue(() => 1_000);
  await queue.attach('engine-1', 10);
  await queue.open();
  return queue;
}

describe('embedded queue', () => {
  test('each life of a process is an epoch of its own, and claims of another do nothing', async () => {
    const before = await openQueue();
    const after = await openQueue();
    expect(before.epoch).not.toBe(after.epoch);
    for (const queue of [before, after]) await queue.offer([offerOf('a')]);
    const old = await claimOf(before, request);
    const held = await claimOf(after, request);
    expect(old?.id).not.toBe(held?.id);
    await after.settle(old!.id, old!.slices);
    expect((await stateOf(after)).claimed).toBe(1);
  });

  test('who waits is told of room under a throttle, and of one that is set; not of what makes no difference', async () => {
    const queue = await openQueue();
    let told = 0;
    const stop = queue.onReady(() => told++);
    await queue.setThrottle('/a/', { perEngine: null, clusterWide: 2, rate: null });
    await queue.offer([offerOf('s', { to: 5 }), offerOf('z', { name: '/z/flow' })]);
    const held = await claimOf(queue, request);
    expect([held!.count, told]).toEqual([3, 1]);
    await queue.settle(held!.id, [{ segment: 'z', from: 0, to: 1 }]);
    expect(told).toBe(1);
    await queue.settle(held!.id, [{ segment: 's', from: 0, to: 1 }]);
    await queue.settle(held!.id, [{ segment: 's', from: 1, to: 2 }]);
    expect(told).toBe(2);
    await queue.setThrottle('/a/', null);
    await queue.setKeys('/a/', { each: { clusterWide: 1, rate: null }, weights: null, isStrict: false });
    expect(told).toBe(4);
    await queue.setKeys('/a/', null);
    stop();
    await queue.setThrottle('/a/', { perEngine: 1, clusterWide: null, rate: null });
    expect(told).toBe(5);
  });

  test('a million ready in slices of 500 beside ten thousand branches of one is claimed and settled whole', async () => {
    const queue = await openQueue();
    for (let i = 0; i < 10_000; i++) await queue.offer([offerOf(`s${i}`, { name: `/branch-${i}/flow` })]);
    for (let i = 0; i < 2_000; i++) await queue.offer([offerOf(`big${i}`, { to: 500 })]);
    expect((await queue.counts()).ready).toBe(1_010_000);
    const all = await claimOf(queue, { ...request, limit: 2_000_000 });
    await queue.settle(all!.id, all!.slices);
    expect(await stateOf(queue)).toEqual({ ready: 0, delayed: 0, claimed: 0, running: {}, eligibleInMs: null });
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
