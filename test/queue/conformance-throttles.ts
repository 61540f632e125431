// Throttles, as the Queue contract has them (Q9), the seed's worked examples among it.

import { describe, expect, test } from 'vitest';
import type { Claim } from '../../src/queue/contract.js';
import { claimedPositions } from './queue-model.js';
import { at8Ms, leaseMs, minuteMs, offerOf, type QueueHome, QueueWorld } from './queue-world.js';

const one = { perEngine: null, clusterWide: 1, rate: null };

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
      await world.queue.setThrottle('/', { perEngine: null, clusterWide: 2, rate: null });
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
      await world.queue.setThrottle('/a/', { perEngine: 2, clusterWide: 3, rate: null });
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
            rate: null,
            running: 3,
            runningBy: new Map([
              ['engine-1', 2],
              ['engine-2', 1],
            ]),
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
      await world.queue.setThrottle('/a/b/', { perEngine: 5, clusterWide: null, rate: null });
      expect(claimedPositions(await claim(9))).toEqual(['a:4']);
      await world.queue.setThrottle('/a/', { perEngine: null, clusterWide: 3, rate: null });
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

    test('a slot that an engine gives up is free for another, though it has too many itself', async () => {
      await world.queue.offer([offerOf('a', 9, { name: '/a/flow' })]);
      const held = await claim(3);
      await world.queue.setThrottle('/a/', { perEngine: 1, clusterWide: 3, rate: null });
      expect(await claim(9, at8Ms, 'engine-2')).toBeNull();
      await world.queue.settle(held!.id, [{ segment: 'a', from: 0, to: 1 }]);
      expect(await claim(9)).toBeNull();
      expect(claimedPositions(await claim(9, at8Ms, 'engine-2'))).toEqual(['a:3']);
    });

    test('of 0 lets nothing run, and what is announced may be more than a throttle lets', async () => {
      await world.queue.setThrottle('/a/', { perEngine: 0, clusterWide: null, rate: null });
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
}
