// Epochs, as the Queue contract has them (Q6, Q7): attaching, filling, announcing, opening.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnnouncedClaim, Queue } from '../../src/queue/contract.js';
import { claimedPositions, eligibleInMs, expiredPositions, positionsOf, stateOf } from './queue-model.js';
import { at8Ms, claimOf, leaseMs, minuteMs, nothing, offerOf, type QueueHome, range } from './queue-world.js';

export function epochConformance(home: QueueHome): void {
  describe('Q6: filling', () => {
    let queue!: Queue;
    let nowMs = at8Ms;

    beforeEach(async () => {
      nowMs = at8Ms;
      queue = await home.create(() => nowMs);
    });
    afterEach(() => queue.close());

    const claim = (engine = 'engine-1') => claimOf(queue, { engine, limit: 100, leaseMs });
    const held = (id: string, ...slices: AnnouncedClaim['slices']): AnnouncedClaim => ({ id, slices });

    test('before anybody has attached there is no epoch, and nothing is taken (Q7)', async () => {
      expect(queue.epoch).toBeNull();
      const lost = expect.objectContaining({ code: 'QUEUE_LOST' });
      await expect(queue.offer([offerOf('a', 1)])).rejects.toEqual(lost);
      await expect(claim()).rejects.toEqual(lost);
      await expect(queue.settle('c', [])).rejects.toEqual(lost);
      await expect(queue.release('c', [])).rejects.toEqual(lost);
      await expect(queue.extend([], leaseMs)).rejects.toEqual(lost);
      await expect(queue.withdraw([])).rejects.toEqual(lost);
      await expect(queue.claimed([])).rejects.toEqual(lost);
      await expect(queue.expire()).rejects.toEqual(lost);
      await expect(eligibleInMs(queue)).rejects.toEqual(lost);
      await expect(queue.setInheritedPriority('/', 1)).rejects.toEqual(lost);
      await expect(queue.settings()).rejects.toEqual(lost);
      await expect(queue.setFifo('/', true)).rejects.toEqual(lost);
      await expect(queue.counts()).rejects.toEqual(lost);
      await expect(queue.announce('engine-1', [], leaseMs)).rejects.toEqual(lost);
      await expect(queue.announced()).rejects.toEqual(lost);
      await expect(queue.open()).rejects.toEqual(lost);
      expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
      expect(await stateOf(queue)).toEqual(nothing);
    });

    test('the first to attach fills it, the others wait, until it is open', async () => {
      expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
      expect(await queue.attach('engine-2', leaseMs)).toBe('filling');
      expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
      const { epoch } = queue;
      await queue.open();
      await queue.open();
      expect(await queue.attach('engine-1', leaseMs)).toBe('open');
      expect(await queue.attach('engine-2', leaseMs)).toBe('open');
      expect(queue.epoch).toBe(epoch);
    });

    test('a filler that says so goes on filling, one that is silent for a lease is taken over from', async () => {
      await queue.attach('engine-1', leaseMs);
      nowMs += leaseMs;
      expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
      nowMs += leaseMs;
      expect(await queue.attach('engine-2', leaseMs)).toBe('filling');
      nowMs += 1;
      expect(await queue.attach('engine-2', leaseMs)).toBe('mine');
      expect(await queue.attach('engine-1', leaseMs)).toBe('filling');
    });

    test('while it is being filled everything is taken, and nothing claimed', async () => {
      await queue.attach('engine-1', leaseMs);
      await queue.offer([offerOf('a', 4), offerOf('late', 2, { eligibleAtMs: at8Ms + minuteMs })]);
      await queue.announce('engine-1', [held('old', offerOf('b', 4))], leaseMs);
      expect(await claim()).toBeNull();
      await queue.settle('old', [{ segment: 'b', from: 0, to: 1 }]);
      await queue.release('old', [{ segment: 'b', from: 1, to: 2 }]);
      expect(await queue.extend(['old', 'older'], leaseMs)).toEqual(['older']);
      expect(positionsOf(await queue.withdraw([{ segment: 'a', from: 3, to: 9 }]))).toEqual(['a:3']);
      expect(positionsOf(await queue.claimed(['b']))).toEqual(range('b', 2, 4));
      expect(await claim()).toBeNull();
      expect(await stateOf(queue)).toEqual({
        ready: 4,
        delayed: 2,
        claimed: 2,
        running: { 'engine-1': 2 },
        eligibleInMs: null,
      });
      await queue.open();
      expect(claimedPositions(await claim())).toEqual([...range('a', 0, 3), 'b:1']);
    });

    test('what is announced is claimed, whether it was offered before or is offered after', async () => {
      await queue.attach('engine-1', leaseMs);
      await queue.offer([
        offerOf('before', 4, { redelivered: true }),
        offerOf('delayed', 2, { eligibleAtMs: at8Ms + 1 }),
      ]);
      const claims = [
        held('one', offerOf('before', 2, { from: 1 }), offerOf('after', 2, { from: 2 })),
        held('two', offerOf('delayed', 1, { eligibleAtMs: at8Ms + 1 })),
      ];
      await queue.announce('engine-2', claims, leaseMs);
      await queue.announce('engine-2', claims, leaseMs);
      await queue.offer([offerOf('after', 4)]);
      await queue.open();
      expect(await stateOf(queue)).toEqual({
        ready: 4,
        delayed: 1,
        claimed: 5,
        running: { 'engine-2': 5 },
        eligibleInMs: 1,
      });
      expect(claimedPositions(await claim())).toEqual(['before:0!', 'before:3!', 'after:0', 'after:1']);
      // It goes back to its place, with its own mark, like any claim.
      await queue.release('one', claims[0]!.slices);
      await queue.settle('two', claims[1]!.slices);
      expect(claimedPositions(await claim())).toEqual(['before:1!', 'before:2!', 'after:2', 'after:3']);
    });

    test('an announced lease runs out like any other', async () => {
      await queue.attach('engine-1', leaseMs);
      await queue.announce('engine-2', [held('one', offerOf('a', 2))], leaseMs);
      await queue.open();
      nowMs += leaseMs;
      expect(await expiredPositions(queue)).toEqual([]);
      nowMs += 1;
      expect(await expiredPositions(queue)).toEqual(['engine-2 a:0', 'engine-2 a:1']);
      expect(claimedPositions(await claim())).toEqual(['a:0!', 'a:1!']);
    });

    test('what somebody has claimed since stays theirs', async () => {
      await queue.attach('engine-1', leaseMs);
      await queue.open();
      await queue.offer([offerOf('a', 2)]);
      await claimOf(queue, { engine: 'engine-1', limit: 1, leaseMs });
      await queue.announce('engine-2', [held('late', offerOf('a', 2))], leaseMs);
      expect(await stateOf(queue)).toEqual({ ...nothing, claimed: 2, running: { 'engine-1': 1, 'engine-2': 1 } });
      await queue.settle('late', [{ segment: 'a', from: 0, to: 2 }]);
      expect(positionsOf(await queue.claimed(['a']))).toEqual(['a:0']);
    });

    test('who has announced is told, though it was nothing, and a claim of nothing is none', async () => {
      await queue.attach('engine-2', leaseMs);
      expect(await queue.announced()).toEqual([]);
      await queue.announce('engine-2', [], leaseMs);
      await queue.announce('engine-1', [held('none')], leaseMs);
      await queue.announce('engine-2', [], leaseMs);
      expect(await queue.announced()).toEqual(['engine-1', 'engine-2']);
      expect(await queue.extend(['none'], leaseMs)).toEqual(['none']);
    });

    test('a listener can be taken away', () => {
      for (const stop of [queue.onReady(() => {}), queue.onLeft(() => {})]) {
        stop();
        stop();
      }
    });

    test('that an engine has left can be told though nobody listens', async () => {
      await queue.attach('engine-1', leaseMs);
      await queue.tellLeft();
    });
  });
}
