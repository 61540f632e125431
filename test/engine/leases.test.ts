// Leases renewed in calls of bounded size; what was settled is dropped, what was not is kept.

import { expect, it } from 'vitest';
import { Leases } from '../../src/engine/claims/leases.js';
import { TestClock } from '../../src/observe/clock.js';
import type { ExpiredSlice } from '../../src/queue/contract.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { claimOf } from '../queue/queue-world.js';

const leaseMs = 30_000;
const count = 2_500;

/** Notes how many claims each call names, and tells when a renewal has come to its end. */
class WatchedQueue extends EmbeddedQueue {
  calls: number[] = [];
  renewed: () => void = () => {};

  override extend(claims: readonly string[], forMs: number): Promise<string[]> {
    this.calls.push(claims.length);
    return super.extend(claims, forMs);
  }

  override async expire(): Promise<ExpiredSlice[]> {
    const expired = await super.expire();
    this.renewed();
    return expired;
  }
}

it('renews a bounded number of claims in a call, and drops those that were settled', async () => {
  const clock = new TestClock();
  const queue = new WatchedQueue(() => clock.nowMs());
  await queue.attach('e', leaseMs);
  await queue.open();
  const leases = new Leases(queue, clock, leaseMs);
  const offered = { name: '/a/flow', priority: null, eligibleAtMs: 1, createdAtMs: 1 };
  await queue.offer([{ ...offered, segment: 's', from: 0, to: count }]);
  for (let member = 0; member < count; member++) {
    const claim = await claimOf(queue, { engine: 'e', limit: 1, leaseMs });
    leases.add(claim!);
    if (member % 2 === 0) await queue.settle(claim!.id, claim!.slices);
  }
  const faults: unknown[] = [];
  leases.start(
    expired => faults.push(`${expired.length} expired`),
    error => faults.push(error),
  );
  const renewals: number[][] = [];
  for (let third = 0; third < 4; third++) {
    queue.calls = [];
    const renewed = new Promise<void>(resolve => {
      queue.renewed = resolve;
    });
    clock.advanceMs(leaseMs / 3);
    await renewed;
    renewals.push(queue.calls);
  }
  leases.stop();
  expect(renewals).toEqual([
    [1_000, 1_000, 500],
    [1_000, 250],
    [1_000, 250],
    [1_000, 250],
  ]);
  expect(faults).toEqual([]);
  expect((await queue.counts()).claimed).toBe(count / 2);
});
