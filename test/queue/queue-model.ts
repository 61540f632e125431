// The Queue contract as a model too small to be wrong: a list of members, sorted anew for every claim.

import type { Claim, ClaimedSlice, ClaimRequest, Offer, Queue, Slice } from '../../src/queue/contract.js';

/** A position of a segment, written `segment:position`. */
export type Position = string;

interface Member extends Offer {
  readonly at: Position;
  readonly position: number;
  readonly arrival: number;
  claim: ModelClaim | null;
  redelivered: boolean;
}

export interface ModelClaim {
  readonly engine: string;
  leaseUntilMs: number;
}

export function positionsOf(slices: readonly Slice[]): Position[] {
  return slices.flatMap(slice =>
    Array.from({ length: slice.to - slice.from }, (_, i) => `${slice.segment}:${slice.from + i}`),
  );
}

/** What a claim holds, member by member in order; `!` marks what is redelivered. */
export function claimedPositions(claim: Claim | null): Position[] {
  return (claim?.slices ?? []).flatMap((slice: ClaimedSlice) =>
    positionsOf([slice]).map(position => (slice.redelivered ? `${position}!` : position)),
  );
}

export class QueueModel {
  #members: Member[] = [];
  #arrivalCount = 0;
  readonly #priorities = new Map<string, number | null>();

  offer(offers: readonly Offer[]): void {
    for (const offer of offers) {
      const arrival = this.#arrivalCount++;
      for (let position = offer.from; position < offer.to; position++) {
        const at = `${offer.segment}:${position}`;
        if (this.#members.some(member => member.at === at)) continue;
        this.#members.push({ ...offer, at, position, arrival, claim: null, redelivered: false });
      }
    }
  }

  claim(request: ClaimRequest): { claim: ModelClaim; positions: Position[] } {
    const claim = { engine: request.engine, leaseUntilMs: request.nowMs + request.leaseMs };
    const first = this.#members
      .filter(member => member.claim === null && member.eligibleAtMs <= request.nowMs)
      .sort(
        (a, b) =>
          this.#priority(a) - this.#priority(b) ||
          a.eligibleAtMs - b.eligibleAtMs ||
          a.arrival - b.arrival ||
          a.position - b.position,
      )
      .slice(0, request.limit);
    for (const member of first) member.claim = claim;
    return { claim, positions: first.map(member => (member.redelivered ? `${member.at}!` : member.at)) };
  }

  settle(claim: ModelClaim, slices: readonly Slice[]): void {
    const named = new Set(positionsOf(slices));
    this.#members = this.#members.filter(member => member.claim !== claim || !named.has(member.at));
  }

  release(claim: ModelClaim, slices: readonly Slice[]): void {
    const named = new Set(positionsOf(slices));
    for (const member of this.#members) if (member.claim === claim && named.has(member.at)) member.claim = null;
  }

  /** True when the claim still exists. */
  extend(claim: ModelClaim, leaseUntilMs: number): boolean {
    claim.leaseUntilMs = leaseUntilMs;
    return this.#members.some(member => member.claim === claim);
  }

  withdraw(slices: readonly Slice[]): Position[] {
    const named = new Set(positionsOf(slices));
    const withdrawn = this.#members.filter(member => member.claim === null && named.has(member.at));
    this.#members = this.#members.filter(member => !withdrawn.includes(member));
    return withdrawn.map(member => member.at).sort();
  }

  claimed(segments: readonly string[]): Position[] {
    const claimed = this.#members.filter(member => member.claim !== null && segments.includes(member.segment));
    return claimed.map(member => member.at).sort();
  }

  expire(nowMs: number): number {
    const expired = this.#members.filter(member => member.claim !== null && member.claim.leaseUntilMs < nowMs);
    for (const member of expired) {
      member.claim = null;
      member.redelivered = true;
    }
    return expired.length;
  }

  setInheritedPriority(branch: string, priority: number | null): void {
    this.#priorities.set(branch, priority);
  }

  state(nowMs: number): QueueState {
    const waiting = this.#members.filter(member => member.claim === null);
    const delayed = waiting.filter(member => member.eligibleAtMs > nowMs);
    const running: Record<string, number> = {};
    for (const { claim } of this.#members) if (claim) running[claim.engine] = (running[claim.engine] ?? 0) + 1;
    return {
      ready: waiting.length - delayed.length,
      delayed: delayed.length,
      claimed: this.#members.length - waiting.length,
      running,
      nextEligibleAtMs: delayed.length === 0 ? null : Math.min(...delayed.map(member => member.eligibleAtMs)),
    };
  }

  #priority(member: Member): number {
    if (member.priority !== null) return member.priority;
    for (let branch = member.name; branch !== ''; branch = branch.slice(0, -1)) {
      const priority = branch.endsWith('/') ? this.#priorities.get(branch) : null;
      if (priority != null) return priority;
    }
    return 10;
  }
}

/** Everything the contract shows of a queue without changing it. */
export interface QueueState {
  readonly ready: number;
  readonly delayed: number;
  readonly claimed: number;
  readonly running: Readonly<Record<string, number>>;
  readonly nextEligibleAtMs: number | null;
}

export async function stateOf(queue: Queue): Promise<QueueState> {
  const { ready, delayed, claimed, running } = await queue.counts();
  return {
    ready,
    delayed,
    claimed,
    running: Object.fromEntries(running),
    nextEligibleAtMs: await queue.nextEligibleAtMs(),
  };
}
