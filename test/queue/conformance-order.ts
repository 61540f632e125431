// The order of claims, as the Queue contract has it (Q1), the seed's worked examples among it.

import { describe, expect, test } from 'vitest';
import type { BranchSettings } from '../../src/queue/contract.js';
import { claimedPositions } from './queue-model.js';
import { at8Ms, minuteMs, offerOf, type QueueHome, QueueWorld, range } from './queue-world.js';

export function orderConformance(home: QueueHome): void {
  describe('Q1: order', () => {
    const world = new QueueWorld(home);
    const { claim, drain } = world;

    test('the priority closer to 1 comes first, whatever its time', async () => {
      await world.queue.offer([
        offerOf('low', 2, { priority: 300 }),
        offerOf('high', 2, { priority: 1, eligibleAtMs: at8Ms + minuteMs }),
        offerOf('middle', 2, { priority: 100 }),
      ]);
      expect(await drain(at8Ms + minuteMs)).toEqual([
        ...range('high', 0, 2),
        ...range('middle', 0, 2),
        ...range('low', 0, 2),
      ]);
    });

    test('at equal priority the oldest eligible time comes first, over branches', async () => {
      await world.queue.offer([
        offerOf('third', 2, { name: '/x/flow', eligibleAtMs: at8Ms + 2 }),
        offerOf('first', 2, { name: '/y/flow', eligibleAtMs: at8Ms }),
        offerOf('second', 2, { name: '/z/flow', priority: 10, eligibleAtMs: at8Ms + 1 }),
      ]);
      expect(await drain(at8Ms + 2)).toEqual([
        ...range('first', 0, 2),
        ...range('second', 0, 2),
        ...range('third', 0, 2),
      ]);
    });

    test('at equal time what arrived first comes first, over branches and offers', async () => {
      await world.queue.offer([offerOf('z', 1, { name: '/b/flow' }), offerOf('y', 1, { name: '/a/flow' })]);
      await world.queue.offer([offerOf('x', 1, { name: '/b/flow' }), offerOf('w', 2, { priority: 10 })]);
      expect(await drain(at8Ms)).toEqual(['z:0', 'y:0', 'x:0', 'w:0', 'w:1']);
    });

    test('what was eligible earlier leads though it was offered later, over branches', async () => {
      await world.queue.offer([
        offerOf('a', 1, { name: '/a/flow', eligibleAtMs: at8Ms - 5 }),
        offerOf('b', 1, { name: '/b/flow', eligibleAtMs: at8Ms - 4 }),
        offerOf('earlier', 1, { name: '/b/flow', eligibleAtMs: at8Ms - 6 }),
      ]);
      expect(await drain(at8Ms)).toEqual(['earlier:0', 'a:0', 'b:0']);
    });

    test('slices of one segment offered out of order come by arrival', async () => {
      await world.queue.offer([offerOf('a', 2, { from: 4 }), offerOf('a', 2, { from: 0 })]);
      expect(await drain(at8Ms)).toEqual(['a:4', 'a:5', 'a:0', 'a:1']);
    });

    test('what could not all be claimed goes on where the claim ended, before later arrivals', async () => {
      await world.queue.offer([offerOf('a', 4), offerOf('b', 1)]);
      await claim(1);
      await world.queue.offer([offerOf('c', 1)]);
      expect(await drain(at8Ms)).toEqual(['a:1', 'a:2', 'a:3', 'b:0', 'c:0']);
    });

    test('eligible time and priority: ten of priority 100 overtake fifteen of 300 (worked example)', async () => {
      const started: string[] = [];
      const runFrom = async (fromMs: number, runs: number, runMs: number): Promise<number> => {
        for (let run = 0; run < runs; run++) {
          const one = await claim(1, fromMs + run * runMs);
          started.push(...claimedPositions(one));
          await world.queue.settle(one!.id, one!.slices);
        }
        return fromMs + runs * runMs;
      };
      await world.queue.offer([offerOf('A', 15, { priority: 300, name: '/group-a/flow' })]);
      const at805Ms = await runFrom(at8Ms, 5, minuteMs);
      expect(at805Ms).toBe(at8Ms + 5 * minuteMs);
      await world.queue.offer([offerOf('B', 10, { priority: 100, name: '/group-b/flow', eligibleAtMs: at805Ms })]);
      const at825Ms = await runFrom(at805Ms, 10, 2 * minuteMs);
      await runFrom(at825Ms, 10, minuteMs);
      expect(started).toEqual([...range('A', 0, 5), ...range('B', 0, 10), ...range('A', 5, 15)]);
    });

    test('creation timestamps: equal priority, the earlier submitted finish first (worked example)', async () => {
      await world.queue.offer([offerOf('A', 10, { priority: 300, name: '/group-a/flow' })]);
      const five = await claim(5);
      await world.queue.settle(five!.id, five!.slices);
      const at805Ms = at8Ms + 5 * minuteMs;
      await world.queue.offer([offerOf('B', 10, { priority: 300, name: '/group-b/flow', eligibleAtMs: at805Ms })]);
      expect(await drain(at805Ms)).toEqual([...range('A', 5, 10), ...range('B', 0, 10)]);
    });
  });

  describe('inherited priority', () => {
    const world = new QueueWorld(home);
    const { claim, drain } = world;

    const setUp = () =>
      world.queue.offer([
        offerOf('root', 1, { name: '/flow' }),
        offerOf('own', 1, { name: '/a/flow', priority: 9 }),
        offerOf('a', 1, { name: '/a/flow' }),
        offerOf('deep', 1, { name: '/a/b/c/flow' }),
        offerOf('other', 1, { name: '/ab/flow' }),
      ]);

    test('without any value it is 10', async () => {
      await setUp();
      expect(await drain(at8Ms)).toEqual(['own:0', 'root:0', 'a:0', 'deep:0', 'other:0']);
    });

    test('a value holds for the branch and everything below it, and moves what already waits', async () => {
      await setUp();
      await world.queue.setInheritedPriority('/a/', 5);
      expect(await drain(at8Ms)).toEqual(['a:0', 'deep:0', 'own:0', 'root:0', 'other:0']);
    });

    test('the nearest value holds, whichever was set first', async () => {
      await world.queue.setInheritedPriority('/a/b/', 1);
      await setUp();
      await world.queue.setInheritedPriority('/', 500);
      await world.queue.setInheritedPriority('/a/', 200);
      expect(await drain(at8Ms)).toEqual(['deep:0', 'own:0', 'a:0', 'root:0', 'other:0']);
    });

    test('taking a value away uncovers the one above', async () => {
      await setUp();
      await world.queue.setInheritedPriority('/', 20);
      await world.queue.setInheritedPriority('/a/', 1);
      await world.queue.setInheritedPriority('/a/', null);
      expect(await drain(at8Ms)).toEqual(['own:0', 'root:0', 'a:0', 'deep:0', 'other:0']);
    });

    test('what is set is told, and what is taken away is not', async () => {
      await world.queue.setInheritedPriority('/', 20);
      await world.queue.setInheritedPriority('/a/', 1);
      await world.queue.setInheritedPriority('/a/b/', 10_000);
      await world.queue.setInheritedPriority('/a/', null);
      await world.queue.setFifo('/a/', false);
      await world.queue.setFairness('/a/b/', 'off');
      await world.queue.setFairness('/c/', 60_000);
      const rate = { members: 5, perMs: 1_000, burst: 2 };
      await world.queue.setThrottle('/', { perEngine: 0, clusterWide: null, rate: null });
      await world.queue.setThrottle('/c/', { perEngine: null, clusterWide: 3, rate });
      await world.queue.setThrottle('/d/', { perEngine: 1, clusterWide: 1, rate: null });
      await world.queue.setThrottle('/d/', null);
      const none = { priority: null, fifo: null, fairness: null, throttle: null, keys: null, isWhole: true };
      const keys = {
        each: { clusterWide: 2, rate: null },
        weights: { of: new Map([['x', 3]]), others: 1 },
        isStrict: true,
      };
      await world.queue.setKeys('/a/', keys);
      await world.queue.setKeys('/d/', keys);
      await world.queue.setKeys('/d/', null);
      expect(new Map(await world.queue.settings())).toEqual(
        new Map<string, BranchSettings>([
          ['/', { ...none, priority: 20, throttle: { perEngine: 0, clusterWide: null, rate: null } }],
          ['/a/', { ...none, fifo: false, keys }],
          ['/a/b/', { ...none, priority: 10_000, fairness: 'off' }],
          ['/c/', { ...none, fairness: 60_000, throttle: { perEngine: null, clusterWide: 3, rate } }],
        ]),
      );
    });

    test('what a claim holds comes back under the priority that holds then', async () => {
      await world.queue.offer([offerOf('a', 1, { name: '/a/flow' }), offerOf('b', 1, { name: '/b/flow' })]);
      const held = await claim(1);
      await world.queue.setInheritedPriority('/a/', 50);
      await world.queue.release(held!.id, held!.slices);
      expect(await drain(at8Ms)).toEqual(['b:0', 'a:0']);
    });
  });

  describe('FIFO branches', () => {
    const world = new QueueWorld(home);

    test('are ordered by creation, priority still first, and compare with others by what they are filed under', async () => {
      const { queue } = world;
      await queue.offer([
        offerOf('woke-first', 1, { name: '/a/flow', eligibleAtMs: at8Ms - 20, createdAtMs: at8Ms - 21 }),
        offerOf('created-first', 1, { name: '/a/flow', eligibleAtMs: at8Ms - 10, createdAtMs: at8Ms - 29 }),
        offerOf('urgent', 1, { name: '/a/flow', eligibleAtMs: at8Ms, createdAtMs: at8Ms, priority: 1 }),
        offerOf('elsewhere', 1, { name: '/b/flow', eligibleAtMs: at8Ms - 25, createdAtMs: at8Ms - 28 }),
      ]);
      const order = async (): Promise<string[]> => {
        const all = await world.claim(100);
        await queue.release(all!.id, all!.slices);
        return claimedPositions(all);
      };
      expect(await order()).toEqual(['urgent:0', 'elsewhere:0', 'woke-first:0', 'created-first:0']);
      await queue.setFifo('/a/', true);
      expect(await order()).toEqual(['urgent:0', 'created-first:0', 'elsewhere:0', 'woke-first:0']);
      await queue.setFifo('/a/', null);
      expect(await order()).toEqual(['urgent:0', 'elsewhere:0', 'woke-first:0', 'created-first:0']);
      await queue.withdraw([{ segment: 'urgent', from: 0, to: 1 }]);
      await queue.setFifo('/a/', true);
      expect(await order()).toEqual(['created-first:0', 'elsewhere:0', 'woke-first:0']);
      await queue.setFifo('/', true);
      expect(await order()).toEqual(['created-first:0', 'elsewhere:0', 'woke-first:0']);
      await queue.setFifo('/a/', false);
      expect(await order()).toEqual(['elsewhere:0', 'woke-first:0', 'created-first:0']);
    });

    test('what is offered later, and what a claim gives back, is filed the same way', async () => {
      const { queue } = world;
      await queue.offer([offerOf('held', 1, { eligibleAtMs: at8Ms - 9, createdAtMs: at8Ms - 9 })]);
      const held = await world.claim(1);
      await queue.setFifo('/branch/', true);
      await queue.offer([
        offerOf('late', 1, { eligibleAtMs: at8Ms - 5, createdAtMs: at8Ms - 5 }),
        offerOf('early', 1, { eligibleAtMs: at8Ms, createdAtMs: at8Ms - 10 }),
      ]);
      await queue.release(held!.id, held!.slices);
      expect(await world.drain(at8Ms)).toEqual(['early:0', 'held:0', 'late:0']);
    });
  });
}
