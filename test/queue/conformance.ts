// The suite of the Queue contract: every home passes it, through the contract alone.

import { describe, expect, test } from 'vitest';
import { expiredMax } from '../../src/queue/contract.js';
import { epochConformance } from './conformance-epoch.js';
import { fairnessConformance } from './conformance-fairness.js';
import { keyRateConformance } from './conformance-key-rates.js';
import { keyConformance } from './conformance-keys.js';
import { orderConformance } from './conformance-order.js';
import { compareRandomly } from './conformance-random.js';
import { rateConformance } from './conformance-rates.js';
import { shareConformance } from './conformance-shares.js';
import { throttleConformance } from './conformance-throttles.js';
import { whereaboutsConformance } from './conformance-whereabouts.js';
import { claimedPositions, eligibleInMs, positionsOf, stateOf } from './queue-model.js';
import { at8Ms, leaseMs, minuteMs, nothing, offerOf, type QueueHome, QueueWorld, range } from './queue-world.js';

/** @param home makes empty queues; the suite closes them */
export function queueConformance(name: string, home: QueueHome): void {
  describe(`Queue contract: ${name}, order`, () => orderConformance(home));

  describe(`Queue contract: ${name}, throttles`, () => throttleConformance(home));

  describe(`Queue contract: ${name}, rates`, () => rateConformance(home));
  describe(`Queue contract: ${name}, rates of keys`, () => keyRateConformance(home));

  describe(`Queue contract: ${name}, fairness`, () => fairnessConformance(home));

  describe(`Queue contract: ${name}, keys`, () => keyConformance(home));

  describe(`Queue contract: ${name}, shares`, () => shareConformance(home));

  describe(`Queue contract: ${name}, whereabouts`, () => whereaboutsConformance(home));

  describe(`Queue contract: ${name}, epochs`, () => epochConformance(home));

  describe(`Queue contract: ${name}, random operations`, () => {
    test('any operations in any order leave what the model leaves', { timeout: 120_000 }, () => compareRandomly(home));
  });

  describe(`Queue contract: ${name}`, () => {
    const world = new QueueWorld(home);
    const { claim, drain, expire } = world;

    test('an empty queue has nothing and knows its epoch', async () => {
      expect(await claim(10)).toBeNull();
      expect(await stateOf(world.queue)).toEqual(nothing);
      expect(world.queue.epoch).toEqual(expect.any(String));
    });

    test('a claim says what it holds, and for whom', async () => {
      await world.queue.offer([offerOf('a', 3)]);
      const first = await claim(2);
      expect(first).toEqual({
        kind: 'claimed',
        id: first?.id,
        engine: 'engine-1',
        slices: [{ segment: 'a', from: 0, to: 2, redelivered: false }],
        count: 2,
      });
      expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: 1, claimed: 2, running: { 'engine-1': 2 } });
    });

    test('a claim takes whole slices and splits the last, over many segments', async () => {
      await world.queue.offer([offerOf('a', 5), offerOf('b', 5), offerOf('c', 5)]);
      expect(claimedPositions(await claim(12))).toEqual([
        ...range('a', 0, 5),
        ...range('b', 0, 5),
        ...range('c', 0, 2),
      ]);
      expect(claimedPositions(await claim(12))).toEqual(range('c', 2, 5));
      expect(await claim(12)).toBeNull();
    });

    test('a claim of nothing takes nothing', async () => {
      await world.queue.offer([offerOf('a', 5)]);
      expect(await claim(0)).toBeNull();
      expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: 5 });
    });

    describe('Q2: a position is in one place', () => {
      test('offering what is ready changes nothing, not even its priority', async () => {
        await world.queue.offer([offerOf('a', 2), offerOf('b', 1)]);
        await world.queue.offer([offerOf('a', 2, { priority: 1 })]);
        expect(await drain(at8Ms)).toEqual(['a:0', 'a:1', 'b:0']);
      });

      test('offering what is delayed does not make it ready', async () => {
        await world.queue.offer([offerOf('a', 2, { eligibleAtMs: at8Ms + minuteMs })]);
        await world.queue.offer([offerOf('a', 2)]);
        expect(await claim(10)).toBeNull();
        expect(await stateOf(world.queue)).toEqual({ ...nothing, delayed: 2, eligibleInMs: minuteMs });
      });

      test('offering what is claimed does not make it ready', async () => {
        await world.queue.offer([offerOf('a', 2)]);
        await claim(10);
        await world.queue.offer([offerOf('a', 2)]);
        expect(await claim(10)).toBeNull();
        expect(await stateOf(world.queue)).toEqual({ ...nothing, claimed: 2, running: { 'engine-1': 2 } });
      });

      test('an overlapping offer adds only what is new, between and around what is known', async () => {
        await world.queue.offer([
          offerOf('a', 2, { from: 2 }),
          offerOf('a', 1, { from: 6, eligibleAtMs: at8Ms + minuteMs }),
        ]);
        const held = await claim(1);
        await world.queue.offer([offerOf('a', 9)]);
        expect(claimedPositions(await claim(100))).toEqual(['a:3', 'a:0', 'a:1', 'a:4', 'a:5', 'a:7', 'a:8']);
        expect(await stateOf(world.queue)).toEqual({
          ready: 0,
          delayed: 1,
          claimed: 8,
          running: { 'engine-1': 8 },
          eligibleInMs: minuteMs,
        });
        expect(held?.slices).toEqual([{ segment: 'a', from: 2, to: 3, redelivered: false }]);
      });

      test('what was settled is no longer known and can be offered again', async () => {
        await world.queue.offer([offerOf('a', 3)]);
        const held = await claim(3);
        await world.queue.settle(held!.id, [{ segment: 'a', from: 1, to: 2 }]);
        await world.queue.offer([offerOf('a', 3)]);
        expect(await drain(at8Ms)).toEqual(['a:1']);
      });
    });

    describe('Q3: nothing early', () => {
      test('a slice is claimed at its eligible time, not a millisecond before', async () => {
        const dueMs = at8Ms + minuteMs;
        await world.queue.offer([
          offerOf('later', 1, { eligibleAtMs: dueMs + 1 }),
          offerOf('due', 2, { eligibleAtMs: dueMs }),
        ]);
        expect(await claim(10, dueMs - 1)).toBeNull();
        expect(await eligibleInMs(world.queue)).toBe(1);
        expect(claimedPositions(await claim(10, dueMs))).toEqual(['due:0', 'due:1']);
        expect(await eligibleInMs(world.queue)).toBe(1);
        expect(claimedPositions(await claim(10, dueMs + 1))).toEqual(['later:0']);
        expect(await eligibleInMs(world.queue)).toBeNull();
      });

      test('a clock that steps ahead and back makes nothing ready early, and nothing wait that was ready', async () => {
        await world.queue.offer([
          offerOf('a', 1, { eligibleAtMs: at8Ms + 500 }),
          offerOf('b', 1, { eligibleAtMs: at8Ms + 600 }),
        ]);
        const ahead = await claim(1, at8Ms + 1_000);
        expect(claimedPositions(ahead)).toEqual(['a:0']);
        // Back again: what was ready at the time of that hour stays ready, claimed and released or not.
        const back = await claim(1, at8Ms + 100);
        expect(claimedPositions(back)).toEqual(['b:0']);
        await world.queue.release(ahead!.id, ahead!.slices);
        const again = await claim(1, at8Ms + 101);
        expect(claimedPositions(again)).toEqual(['a:0']);
        for (const each of [back!, again!]) await world.queue.settle(each.id, each.slices);
        // A retry that is put off now is put off.
        await world.queue.offer([offerOf('retry', 1, { eligibleAtMs: at8Ms + 160 })]);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, delayed: 1, eligibleInMs: 59 });
        expect(await claim(1, at8Ms + 159)).toBeNull();
        expect(claimedPositions(await claim(1, at8Ms + 160))).toEqual(['retry:0']);
      });

      test('what has become ready is counted so, whether it is claimed or not', async () => {
        await world.queue.offer([offerOf('a', 3, { eligibleAtMs: at8Ms + 5 })]);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, delayed: 3, eligibleInMs: 5 });
        world.nowMs = at8Ms + 5;
        expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: 3 });
      });

      test('a delayed slice of high priority leads as soon as its time has come', async () => {
        await world.queue.offer([offerOf('now', 2), offerOf('soon', 2, { priority: 1, eligibleAtMs: at8Ms + 1 })]);
        expect(claimedPositions(await claim(1, at8Ms))).toEqual(['now:0']);
        expect(await drain(at8Ms + 1)).toEqual(['soon:0', 'soon:1', 'now:1']);
      });
    });

    describe('Q4: leases', () => {
      test('a claim is offered again once its lease has ended, marked redelivered, where it was in order', async () => {
        await world.queue.offer([offerOf('a', 2), offerOf('b', 1)]);
        await claim(2);
        expect(await expire(at8Ms + leaseMs)).toBe(0);
        expect(await expire(at8Ms + leaseMs + 1)).toBe(2);
        expect(await drain(at8Ms + leaseMs + 1)).toEqual(['a:0!', 'a:1!', 'b:0']);
      });

      test('only what was not settled is offered again', async () => {
        await world.queue.offer([offerOf('a', 5)]);
        const held = await claim(5);
        await world.queue.settle(held!.id, [
          { segment: 'a', from: 0, to: 1 },
          { segment: 'a', from: 2, to: 3 },
        ]);
        expect(await expire(at8Ms + leaseMs + 1)).toBe(3);
        expect(await drain(at8Ms + leaseMs + 1)).toEqual(['a:1!', 'a:3!', 'a:4!']);
      });

      test('an extended lease holds longer, and claims that are gone are named', async () => {
        await world.queue.offer([offerOf('a', 1), offerOf('b', 1), offerOf('c', 1)]);
        const kept = await claim(1);
        const done = await claim(1);
        const lost = await claim(1);
        await world.queue.settle(done!.id, done!.slices);
        expect(await world.queue.extend([kept!.id, done!.id], 10 * leaseMs)).toEqual([done!.id]);
        expect(await expire(at8Ms + leaseMs + 1)).toBe(1);
        expect(await world.queue.extend([lost!.id], leaseMs)).toEqual([lost!.id]);
        expect(await expire(at8Ms + 10 * leaseMs)).toBe(0);
        expect(await expire(at8Ms + 10 * leaseMs + 1)).toBe(1);
      });

      test('what is put back is told with whose it was, once, in parts of bounded size', async () => {
        const many = expiredMax + 100;
        await world.queue.offer([offerOf('a', 4), ...Array.from({ length: many }, (_, at) => offerOf(`s${at}`, 1))]);
        const first = await claim(3, at8Ms, 'engine-1');
        await world.queue.settle(first!.id, [{ segment: 'a', from: 1, to: 2 }]);
        for (let held = await claim(300, at8Ms, 'engine-2'); held !== null; held = await claim(300, at8Ms, 'engine-2'));
        world.nowMs = at8Ms + leaseMs + 1;
        const parts = [await world.queue.expire(), await world.queue.expire(), await world.queue.expire()];
        expect(parts.map(({ length }) => length)).toEqual([expiredMax, many + 3 - expiredMax, 0]);
        const told = parts.flat().map(({ segment, from, to, engine }) => `${engine} ${segment}:${from}-${to}`);
        expect(told.filter(each => each.includes(' a:')).sort()).toEqual([
          'engine-1 a:0-1',
          'engine-1 a:2-3',
          'engine-2 a:3-4',
        ]);
        expect(new Set(told).size).toBe(many + 3);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: many + 3 });
      });

      test('extending never shortens a lease', async () => {
        await world.queue.offer([offerOf('a', 1)]);
        const held = await claim(1);
        await world.queue.extend([held!.id], 1);
        expect(await expire(at8Ms + leaseMs)).toBe(0);
      });

      test('the running count of an engine is its own', async () => {
        await world.queue.offer([offerOf('a', 5)]);
        const first = await claim(2, at8Ms, 'engine-1');
        await claim(3, at8Ms + 1, 'engine-2');
        expect((await stateOf(world.queue)).running).toEqual({ 'engine-1': 2, 'engine-2': 3 });
        await world.queue.settle(first!.id, [{ segment: 'a', from: 0, to: 1 }]);
        expect((await stateOf(world.queue)).running).toEqual({ 'engine-1': 1, 'engine-2': 3 });
        await expire(at8Ms + leaseMs + 1);
        expect((await stateOf(world.queue)).running).toEqual({ 'engine-2': 3 });
      });
    });

    test('what is offered as redelivered is claimed so, and what is known keeps what it was offered with', async () => {
      await world.queue.offer([offerOf('a', 2, { redelivered: true }), offerOf('b', 1)]);
      await world.queue.offer([offerOf('b', 2, { redelivered: true })]);
      const held = await claim(1);
      await world.queue.release(held!.id, held!.slices);
      expect(await drain(at8Ms)).toEqual(['a:0!', 'a:1!', 'b:0', 'b:1!']);
    });

    describe('Q5: settling twice', () => {
      test('has no effect on a claim that was settled', async () => {
        await world.queue.offer([offerOf('a', 2)]);
        const held = await claim(2);
        const half = [{ segment: 'a', from: 0, to: 1 }];
        await world.queue.settle(held!.id, half);
        await world.queue.settle(held!.id, half);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, claimed: 1, running: { 'engine-1': 1 } });
        await world.queue.settle(held!.id, held!.slices);
        await world.queue.settle(held!.id, held!.slices);
        await world.queue.release(held!.id, held!.slices);
        expect(await stateOf(world.queue)).toEqual(nothing);
      });

      test('a slice named twice in one call counts once', async () => {
        await world.queue.offer([offerOf('a', 4)]);
        const held = await claim(4);
        const half = { segment: 'a', from: 0, to: 2 };
        await world.queue.settle(held!.id, [half, half]);
        await world.queue.release(held!.id, [
          { segment: 'a', from: 2, to: 4 },
          { segment: 'a', from: 2, to: 4 },
        ]);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: 2 });
      });

      test('a late holder does not settle what somebody else has claimed since', async () => {
        await world.queue.offer([offerOf('a', 2)]);
        const late = await claim(2);
        await expire(at8Ms + leaseMs + 1);
        const heir = await claim(2, at8Ms + leaseMs + 1, 'engine-2');
        await world.queue.settle(late!.id, late!.slices);
        await world.queue.release(late!.id, late!.slices);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, claimed: 2, running: { 'engine-2': 2 } });
        await world.queue.settle(heir!.id, heir!.slices);
        expect(await stateOf(world.queue)).toEqual(nothing);
      });

      test('a claim settles nothing it does not hold', async () => {
        await world.queue.offer([offerOf('a', 4)]);
        const held = await claim(1);
        await claim(1);
        await world.queue.settle(held!.id, [
          { segment: 'a', from: 0, to: 4 },
          { segment: 'unknown', from: 0, to: 4 },
        ]);
        await world.queue.settle('no such claim', [{ segment: 'a', from: 0, to: 4 }]);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: 2, claimed: 1, running: { 'engine-1': 1 } });
      });
    });

    describe('release', () => {
      test('puts members back where they were in order, at once and not as redelivered', async () => {
        await world.queue.offer([offerOf('a', 4), offerOf('b', 2)]);
        const held = await claim(5);
        await world.queue.release(held!.id, [
          { segment: 'b', from: 0, to: 1 },
          { segment: 'a', from: 1, to: 3 },
        ]);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, ready: 4, claimed: 2, running: { 'engine-1': 2 } });
        expect(await drain(at8Ms)).toEqual(['a:1', 'a:2', 'b:0', 'b:1']);
      });

      test('keeps the mark of an earlier lease that ran out', async () => {
        await world.queue.offer([offerOf('a', 1)]);
        await claim(1);
        await expire(at8Ms + leaseMs + 1);
        const again = await claim(1, at8Ms + leaseMs + 1);
        await world.queue.release(again!.id, again!.slices);
        expect(await drain(at8Ms + leaseMs + 1)).toEqual(['a:0!']);
      });
    });

    describe('withdraw', () => {
      test('takes out what waits, ready or delayed, and says exactly what it was', async () => {
        await world.queue.offer([
          offerOf('a', 4),
          offerOf('a', 4, { from: 4, eligibleAtMs: at8Ms + minuteMs }),
          offerOf('b', 1),
        ]);
        await claim(2);
        const withdrawn = await world.queue.withdraw([
          { segment: 'a', from: 1, to: 6 },
          { segment: 'c', from: 0, to: 9 },
        ]);
        expect(positionsOf(withdrawn).sort()).toEqual(range('a', 2, 6));
        expect(await drain(at8Ms + minuteMs)).toEqual(['b:0', 'a:6', 'a:7']);
        expect(await stateOf(world.queue)).toEqual({ ...nothing, claimed: 2, running: { 'engine-1': 2 } });
      });

      test('what was withdrawn can be offered again, with another time and priority', async () => {
        await world.queue.offer([offerOf('a', 3), offerOf('b', 1)]);
        await world.queue.withdraw([{ segment: 'a', from: 0, to: 2 }]);
        await world.queue.offer([
          offerOf('a', 1, { eligibleAtMs: at8Ms + 1 }),
          offerOf('a', 1, { from: 1, priority: 1 }),
        ]);
        expect(await drain(at8Ms + 1)).toEqual(['a:1', 'a:2', 'b:0', 'a:0']);
        expect(await stateOf(world.queue)).toEqual(nothing);
      });
    });

    test('what is claimed of a segment is told part by part, whoever holds it', async () => {
      await world.queue.offer([offerOf('a', 6), offerOf('b', 2), offerOf('c', 2)]);
      const first = await claim(3);
      await claim(5, at8Ms, 'engine-2');
      await world.queue.settle(first!.id, [{ segment: 'a', from: 1, to: 2 }]);
      const claimed = await world.queue.claimed(['a', 'c', 'unknown']);
      expect(positionsOf(claimed).sort()).toEqual(['a:0', ...range('a', 2, 6)]);
      expect(positionsOf(await world.queue.claimed(['b']))).toEqual(range('b', 0, 2));
      expect(await world.queue.claimed([])).toEqual([]);
    });
  });
}
