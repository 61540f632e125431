// A queue in a test: what is offered to it, and how it is claimed from.

import { afterEach, beforeEach, expect } from 'vitest';
import type { Claim, ClaimRequest, Offer, Queue } from '../../src/queue/contract.js';
import { claimedPositions, expiredPositions, positionsOf } from './queue-model.js';

export const at8Ms = Date.UTC(2030, 0, 2, 8);
export const minuteMs = 60_000;
export const leaseMs = 30_000;

export const nothing = { ready: 0, delayed: 0, claimed: 0, running: {}, eligibleInMs: null };

/** What is claimed, or `null`. */
export async function claimOf(queue: Pick<Queue, 'claim'>, request: ClaimRequest): Promise<Claim | null> {
  const answer = await queue.claim(request);
  return answer.kind === 'claimed' ? answer : null;
}

export function offerOf(segment: string, members: number, more: Partial<Offer> = {}): Offer {
  const eligibleAtMs = more.eligibleAtMs ?? at8Ms;
  const from = more.from ?? 0;
  return {
    segment,
    from,
    to: from + members,
    name: '/branch/flow',
    priority: null,
    eligibleAtMs,
    createdAtMs: eligibleAtMs,
    ...more,
  };
}

/** Positions `from` to `to` of a segment, as `claimedPositions` writes them. */
export function range(segment: string, from: number, to: number): string[] {
  return positionsOf([{ segment, from, to }]);
}

/** A home of the contract, as the suite uses it. */
export interface QueueHome {
  /** An empty queue that nobody has attached to; its time is what `nowMs` says. */
  create(nowMs: () => number): Promise<Queue>;
  /** Random runs; fewer where a call is a round trip. */
  readonly randomRuns: number;
}

/** A fresh queue for each test of the suite it is made in, open, closed at its end. */
export class QueueWorld {
  queue!: Queue;
  nowMs = at8Ms;

  constructor(home: QueueHome) {
    beforeEach(async () => {
      this.nowMs = at8Ms;
      this.queue = await home.create(() => this.nowMs);
      expect(await this.queue.attach('engine-1', leaseMs)).toBe('mine');
      await this.queue.open();
    });
    afterEach(() => this.queue.close());
  }

  readonly claim = (limit: number, nowMs = at8Ms, engine = 'engine-1'): Promise<Claim | null> => {
    this.nowMs = nowMs;
    return claimOf(this.queue, { engine, limit, leaseMs });
  };

  /** How many members are put back. */
  readonly expire = async (nowMs: number): Promise<number> => {
    this.nowMs = nowMs;
    return (await expiredPositions(this.queue)).length;
  };

  /** Claim one member at a time until nothing is ready, settling each. */
  readonly drain = async (nowMs: number): Promise<string[]> => {
    const order: string[] = [];
    for (let one = await this.claim(1, nowMs); one !== null; one = await this.claim(1, nowMs)) {
      expect(one.count).toBe(1);
      order.push(...claimedPositions(one));
      await this.queue.settle(one.id, one.slices);
    }
    return order;
  };
}
