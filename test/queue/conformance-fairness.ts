// Fairness, as the Queue contract has it (Q1): what is starved overtakes, step by step.

import { describe, expect, test } from 'vitest';
import { claimedPositions } from './queue-model.js';
import { at8Ms, minuteMs, offerOf, type QueueHome, QueueWorld } from './queue-world.js';

export function fairnessConformance(home: QueueHome): void {
  describe('fairness', () => {
    const world = new QueueWorld(home);
    const { claim, drain } = world;

    test('is off: what is starved stays where it is', async () => {
      await world.queue.offer([
        offerOf('low', 1, { priority: 11 }),
        offerOf('high', 1, { eligibleAtMs: at8Ms + minuteMs }),
      ]);
      expect(await drain(at8Ms + 100 * minuteMs)).toEqual(['high:0', 'low:0']);
    });

    test('a step a window, until it overtakes, down to 1, where time alone counts', async () => {
      await world.queue.setFairness('/', minuteMs);
      await world.queue.offer([offerOf('low', 3, { priority: 3 })]);
      const late = (minute: number, priority: number) =>
        world.queue.offer([offerOf(`late-${minute}`, 1, { priority, eligibleAtMs: at8Ms + minute * minuteMs })]);
      await late(1, 1);
      expect(claimedPositions(await claim(1, at8Ms + minuteMs))).toEqual(['late-1:0']);
      // Two steps after two windows: level with a priority of 1, and older.
      await late(2, 1);
      expect(claimedPositions(await claim(1, at8Ms + 2 * minuteMs))).toEqual(['low:0']);
      await late(9, 1);
      expect(await drain(at8Ms + 9 * minuteMs)).toEqual(['low:1', 'low:2', 'late-2:0', 'late-9:0']);
    });

    test('who reaches 1 last goes before those who have it, if it is older', async () => {
      await world.queue.setFairness('/', minuteMs);
      await world.queue.offer([
        offerOf('low', 1, { priority: 3 }),
        offerOf('high', 1, { priority: 1, eligibleAtMs: at8Ms + minuteMs }),
      ]);
      const first = await claim(1, at8Ms + minuteMs);
      expect(claimedPositions(first)).toEqual(['high:0']);
      await world.queue.release(first!.id, first!.slices);
      expect(await drain(at8Ms + 2 * minuteMs)).toEqual(['low:0', 'high:0']);
    });

    test('what fires begins anew; what is given back, or outlives its engine, keeps its age', async () => {
      await world.queue.setFairness('/', minuteMs);
      await world.queue.offer([
        offerOf('old', 1, { priority: 5 }),
        offerOf('other', 1, { priority: 4, eligibleAtMs: at8Ms + 2 * minuteMs }),
      ]);
      const held = await claim(1, at8Ms + 2 * minuteMs);
      expect(claimedPositions(held)).toEqual(['old:0']);
      await world.queue.release(held!.id, held!.slices);
      expect(claimedPositions(await claim(1, at8Ms + 2 * minuteMs))).toEqual(['old:0']);
      await world.expire(at8Ms + 3 * minuteMs);
      const again = await claim(1, at8Ms + 3 * minuteMs);
      expect(claimedPositions(again)).toEqual(['old:0!']);
      await world.queue.settle(again!.id, again!.slices);
      await world.queue.offer([offerOf('old', 1, { priority: 5, eligibleAtMs: at8Ms + 3 * minuteMs })]);
      expect(await drain(at8Ms + 3 * minuteMs)).toEqual(['other:0', 'old:0']);
    });

    test('a branch below may have another window, or none', async () => {
      await world.queue.setFairness('/', minuteMs);
      await world.queue.setFairness('/slow/', 10 * minuteMs);
      await world.queue.setFairness('/never/', 'off');
      await world.queue.offer([
        offerOf('never', 1, { priority: 8, name: '/never/flow' }),
        offerOf('slow', 1, { priority: 8, name: '/slow/flow' }),
        offerOf('quick', 1, { priority: 12, name: '/quick/flow' }),
      ]);
      const all = await claim(9, at8Ms + 10 * minuteMs);
      await world.queue.release(all!.id, all!.slices);
      expect(claimedPositions(all)).toEqual(['quick:0', 'slow:0', 'never:0']);
      await world.queue.setFairness('/', null);
      expect(await drain(at8Ms + 10 * minuteMs)).toEqual(['slow:0', 'never:0', 'quick:0']);
    });

    test('with FIFO: by creation among those of one effective priority', async () => {
      await world.queue.setFairness('/', minuteMs);
      await world.queue.setFifo('/', true);
      const at = (minute: number, created: number) => ({
        priority: 6,
        eligibleAtMs: at8Ms + minute * minuteMs,
        createdAtMs: at8Ms - created * minuteMs,
      });
      await world.queue.offer([
        offerOf('woke-first', 1, at(0, 1)),
        offerOf('woke-later', 1, at(2, 3)),
        offerOf('older', 1, at(2, 9)),
      ]);
      const all = await claim(9, at8Ms + 2 * minuteMs);
      await world.queue.release(all!.id, all!.slices);
      expect(claimedPositions(all)).toEqual(['woke-first:0', 'older:0', 'woke-later:0']);
      // All have reached 1.
      expect(await drain(at8Ms + 7 * minuteMs)).toEqual(['older:0', 'woke-later:0', 'woke-first:0']);
    });

    test('nobody starves: what has a priority of 20 is claimed within 19 windows, whatever comes', async () => {
      await world.queue.setFairness('/', minuteMs);
      await world.queue.offer([offerOf('starved', 1, { priority: 20 })]);
      for (let minute = 0; minute <= 19; minute++) {
        await world.queue.offer([
          offerOf(`rival-${minute}`, 1, { priority: 1, eligibleAtMs: at8Ms + minute * minuteMs }),
        ]);
        const next = await claim(1, at8Ms + minute * minuteMs);
        expect(claimedPositions(next)).toEqual([minute < 19 ? `rival-${minute}:0` : 'starved:0']);
        await world.queue.settle(next!.id, next!.slices);
      }
    });

    test('is changed and taken away while it is at work, throttles beside it', async () => {
      await world.queue.setThrottle('/a/', { perEngine: 1, clusterWide: null, rate: null });
      await world.queue.setFairness('/a/', minuteMs);
      await world.queue.offer([
        offerOf('a', 3, { priority: 9, name: '/a/flow' }),
        offerOf('b', 2, { priority: 5, name: '/b/flow' }),
      ]);
      const laterMs = at8Ms + 6 * minuteMs;
      const first = await claim(3, laterMs);
      expect(claimedPositions(first)).toEqual(['a:0', 'b:0', 'b:1']);
      await world.queue.release(first!.id, first!.slices);
      await world.queue.setFairness('/a/', 10 * minuteMs);
      const second = await claim(1, laterMs);
      expect(claimedPositions(second)).toEqual(['b:0']);
      await world.queue.setFairness('/a/', null);
      expect(claimedPositions(await claim(9, laterMs))).toEqual(['b:1', 'a:0']);
    });
  });
}
