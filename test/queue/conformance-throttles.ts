// Throttles and fairness, as the Queue contract has them (Q1, Q9), the seed's worked examples among it.

import { describe, expect, test } from 'vitest';
import type { Claim } from '../../src/queue/contract.js';
import { claimedPositions } from './queue-model.js';
import { at8Ms, leaseMs, minuteMs, offerOf, type QueueHome, QueueWorld } from './queue-world.js';

const one = { perEngine: null, clusterWide: 1 };

export function throttleConformance(home: QueueHome): void {
  describe('Q9: throttles', () => {
    const world = new QueueWorld(home);
    const { claim } = world;

    /**
     * What starts, minute by minute from 8:00: each claim is settled once what it runs for is over.
     *
     * @param minutesOf how long a member runs
     * @param at what is offered meanwhile, by minute
     */
    const runMinutes = async (
      minutes: number,
      minutesOf: (position: string) => number,
      at: ReadonlyMap<number, () => Promise<void>> = new Map(),
    ): Promise<string[]> => {
      const started: string[] = [];
      let running: { readonly held: Claim; readonly untilMinute: number }[] = [];
      for (let minute = 0; minute < minutes; minute++) {
        const nowMs = at8Ms + minute * minuteMs;
        world.nowMs = nowMs;
        for (const { held, untilMinute } of running) {
          if (untilMinute <= minute) await world.queue.settle(held.id, held.slices);
        }
        running = running.filter(({ untilMinute }) => untilMinute > minute);
        await at.get(minute)?.();
        for (let held = await claim(1, nowMs); held !== null; held = await claim(1, nowMs)) {
          const [position] = claimedPositions(held);
          started.push(`8:${String(minute).padStart(2, '0')} ${position}`);
          running.push({ held, untilMinute: minute + minutesOf(position!) });
        }
        for (const { held } of running) await world.queue.extend([held.id], leaseMs * 10);
      }
      return started;
    };

    test('one for all: 8:05 overtakes what waits, but not what runs (worked example)', async () => {
      await world.queue.setThrottle('/', one);
      await world.queue.offer([offerOf('A', 15, { priority: 300, name: '/a/flow' })]);
      const b = offerOf('B', 10, { priority: 100, name: '/b/flow', eligibleAtMs: at8Ms + 5 * minuteMs });
      const started = await runMinutes(
        40,
        position => (position.startsWith('A') ? 1 : 2),
        new Map([[5, () => world.queue.offer([b])]]),
      );
      expect(started.slice(0, 7)).toEqual([
        '8:00 A:0',
        '8:01 A:1',
        '8:02 A:2',
        '8:03 A:3',
        '8:04 A:4',
        '8:05 B:0',
        '8:07 B:1',
      ]);
      expect(started.slice(14, 16)).toEqual(['8:23 B:9', '8:25 A:5']);
      expect(started).toHaveLength(25);
    });

    test('one a branch and two in all: the lower priority runs beside the higher (worked example)', async () => {
      await world.queue.setThrottle('/', { perEngine: null, clusterWide: 2 });
      await world.queue.setThrottle('/a/', one);
      await world.queue.setThrottle('/b/', one);
      await world.queue.offer([
        offerOf('A', 2, { priority: 100, name: '/a/flow' }),
        offerOf('B', 3, { priority: 300, name: '/b/flow' }),
      ]);
      const started = await runMinutes(21, position => (position.startsWith('A') ? 10 : 1));
      expect(started).toEqual(['8:00 A:0', '8:00 B:0', '8:01 B:1', '8:02 B:2', '8:10 A:1']);
    });

    test('FIFO: what comes back from a trigger queues by its creation (worked example)', async () => {
      await world.queue.setThrottle('/', one);
      await world.queue.setFifo('/', true);
      const again = (position: string, minute: number, createdMinute: number) => (): Promise<void> => {
        const eligibleAtMs = at8Ms + minute * minuteMs;
        const createdAtMs = at8Ms + createdMinute * minuteMs;
        return world.queue.offer([offerOf(`${position}-again`, 1, { eligibleAtMs, createdAtMs, name: '/x/flow' })]);
      };
      await world.queue.offer([offerOf('A', 2, { name: '/a/flow' })]);
      const started = await runMinutes(
        9,
        () => 1,
        new Map([
          [1, () => world.queue.offer([offerOf('B', 2, { name: '/b/flow', eligibleAtMs: at8Ms + minuteMs })])],
          [3, again('A0', 3, 0)],
          [4, again('A1', 4, 0)],
          [5, again('B0', 5, 1)],
          [8, again('B1', 8, 1)],
        ]),
      );
      expect(started).toEqual([
        '8:00 A:0',
        '8:01 A:1',
        '8:02 B:0',
        '8:03 A0-again:0',
        '8:04 A1-again:0',
        '8:05 B:1',
        '8:06 B0-again:0',
        '8:08 B1-again:0',
      ]);
    });

    test('each engine has its own, and all together theirs; other branches have neither', async () => {
      await world.queue.setThrottle('/a/', { perEngine: 2, clusterWide: 3 });
      await world.queue.offer([offerOf('a', 9, { name: '/a/b/flow', priority: 1 }), offerOf('z', 2)]);
      expect(claimedPositions(await claim(3))).toEqual(['a:0', 'a:1', 'z:0']);
      expect(claimedPositions(await claim(3, at8Ms, 'engine-2'))).toEqual(['a:2', 'z:1']);
      expect(await claim(3, at8Ms, 'engine-3')).toBeNull();
      expect([...(await world.queue.throttles()).entries()]).toEqual([
        [
          '/a/',
          {
            perEngine: 2,
            clusterWide: 3,
            running: 3,
            runningBy: new Map([
              ['engine-1', 2],
              ['engine-2', 1],
            ]),
            isWhole: true,
          },
        ],
      ]);
    });

    test('slots come back by settling, by release, and from an engine that has died when its lease has ended', async () => {
      await world.queue.setThrottle('/branch/', one);
      await world.queue.offer([offerOf('a', 4)]);
      const first = await claim(9);
      expect(await claim(9)).toBeNull();
      await world.queue.settle(first!.id, first!.slices);
      const second = await claim(9, at8Ms, 'engine-2');
      expect(claimedPositions(second)).toEqual(['a:1']);
      await world.queue.release(second!.id, second!.slices);
      expect(claimedPositions(await claim(9))).toEqual(['a:1']);
      expect(await claim(9, at8Ms + leaseMs + 1, 'engine-2')).toBeNull();
      expect(await world.expire(at8Ms + leaseMs + 1)).toBe(1);
      expect(claimedPositions(await claim(9, at8Ms + leaseMs + 1, 'engine-2'))).toEqual(['a:1!']);
    });

    test('what already runs counts below a throttle that is new, and one that is lowered waits for it', async () => {
      await world.queue.offer([offerOf('a', 9, { name: '/a/b/flow' })]);
      const held = await claim(4);
      await world.queue.setThrottle('/a/b/', { perEngine: 5, clusterWide: null });
      expect(claimedPositions(await claim(9))).toEqual(['a:4']);
      await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: 3 });
      await world.queue.settle(held!.id, [{ segment: 'a', from: 0, to: 2 }]);
      expect(await claim(9)).toBeNull();
      await world.queue.settle(held!.id, [{ segment: 'a', from: 2, to: 3 }]);
      expect(claimedPositions(await claim(9))).toEqual(['a:5']);
      await world.queue.setThrottle('/a/', null);
      expect(claimedPositions(await claim(9))).toEqual(['a:6', 'a:7']);
      await world.queue.setThrottle('/a/b/', null);
      expect(claimedPositions(await claim(9))).toEqual(['a:8']);
      expect(await world.queue.throttles()).toEqual(new Map());
    });

    test('of 0 lets nothing run, and what is announced may be more than a throttle lets', async () => {
      await world.queue.setThrottle('/a/', { perEngine: 0, clusterWide: null });
      await world.queue.announce(
        'engine-2',
        [{ id: 'before', slices: [offerOf('a', 2, { name: '/a/flow' })] }],
        leaseMs,
      );
      await world.queue.offer([offerOf('b', 2, { name: '/a/flow' })]);
      expect(await claim(9)).toBeNull();
      expect((await world.queue.throttles()).get('/a/')).toMatchObject({ running: 2 });
    });
  });

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
      await world.queue.setThrottle('/a/', { perEngine: 1, clusterWide: null });
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
