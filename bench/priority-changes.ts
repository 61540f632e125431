// What it costs to change the priority that everything waiting below a branch inherits: the change, and the claim behind it,
// which must see it.

import { randomUUID } from 'node:crypto';
import type { Offer, Queue } from '../src/queue/contract.js';

const engine = 'engine-1';
const leaseMs = 60_000;
const sliceMembers = 500;
const offersPerCall = 100;
const waiting = '/waiting/flow';
const beside = '/beside/flow';

export interface Changes {
  /** A second, each with the claim behind it. */
  readonly perSecond: number;
  /** CPU time of one, of the caller and of the queue's server together, microseconds. */
  readonly cpuUs: number;
}

/**
 * The branch is before and behind what waits beside it in turns.
 *
 * @param slices of 500 that wait below the branch
 * @param cpuUsNow of all that take part
 * @throws when a claim does not see the change before it
 */
export async function costOfChanges(
  queue: Queue,
  slices: number,
  turns: number,
  cpuUsNow: () => Promise<number>,
): Promise<Changes> {
  await queue.attach(engine, leaseMs);
  await queue.open();
  const offers = [offerOf(beside, 0), ...Array.from({ length: slices }, (_, at) => offerOf(waiting, at))];
  for (let at = 0; at < offers.length; at += offersPerCall) await queue.offer(offers.slice(at, at + offersPerCall));
  const besideSegment = offers[0]!.segment;
  const turn = async (priority: number): Promise<void> => {
    await queue.setInheritedPriority('/waiting/', priority);
    const claim = await queue.claim({ engine, limit: 1, leaseMs });
    const isWaiting = claim.kind === 'claimed' && claim.slices[0]!.segment !== besideSegment;
    if (claim.kind === 'nothing' || isWaiting !== priority < 10) {
      throw new Error(`priority ${priority} of ${slices * sliceMembers} waiting was not seen by the next claim`);
    }
    await queue.release(claim.id, claim.slices);
  };
  await turn(1); // What is ready is found once.
  const beganUs = await cpuUsNow();
  const startedAtMs = performance.now();
  for (let at = 0; at < turns; at++) await turn(at % 2 === 0 ? 20 : 1);
  const perSecond = turns / ((performance.now() - startedAtMs) / 1_000);
  const cpuUs = ((await cpuUsNow()) - beganUs) / turns;
  await queue.close();
  return { perSecond, cpuUs };
}

function offerOf(name: string, at: number): Offer {
  const segment = `${at}-${randomUUID()}`;
  return { segment, from: 0, to: sliceMembers, name, priority: null, eligibleAtMs: 1 + at, createdAtMs: 1 + at };
}
