// The Queue contract as a model too small to be wrong: a list of members, sorted anew for every claim.

import type { Claim, ClaimedSlice, Offer, Queue, Slice } from '../../src/queue/contract.js';

/** A position of a segment, written `segment:position`. */
export type Position = string;

interface Member extends Offer {
  readonly at: Position;
  readonly position: number;
  readonly arrival: number;
  claim: ModelClaim | null;
  redelivered: boolean;
  /** It was claimed once, so its time has come (Q3). */
  hasCome: boolean;
}

export interface ModelClaim {
  engine: string;
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

/** Put back all whose lease has ended: `engine segment:position`, sorted. */
export async function expiredPositions(queue: Queue): Promise<string[]> {
  const told: string[] = [];
  for (;;) {
    const expired = await queue.expire();
    if (expired.length === 0) return told.sort();
    for (const slice of expired) told.push(...positionsOf([slice]).map(at => `${slice.engine} ${at}`));
  }
}

export class QueueModel {
  #members: Member[] = [];
  #arrivalCount = 0;
  readonly #priorities = new Map<string, number | null>();
  readonly #fifo = new Map<string, boolean | null>();

  offer(offers: readonly Offer[]): void {
    for (const offer of offers) this.#admit(offer, null);
  }

  announce(claim: ModelClaim, engine: string, slices: readonly Offer[], nowMs: number, leaseMs: number): void {
    if (slices.length === 0) return;
    if (this.#exists(claim)) claim.leaseUntilMs = Math.max(claim.leaseUntilMs, nowMs + leaseMs);
    else Object.assign(claim, { engine, leaseUntilMs: nowMs + leaseMs });
    for (const slice of slices) {
      this.#admit(slice, claim);
      const named = new Set(positionsOf([slice]));
      for (const member of this.#members) if (member.claim === null && named.has(member.at)) hold(member, claim);
    }
  }

  claim(engine: string, limit: number, nowMs: number, leaseMs: number): { claim: ModelClaim; positions: Position[] } {
    const claim = { engine, leaseUntilMs: nowMs + leaseMs };
    const first = this.#members
      .filter(member => member.claim === null && isReady(member, nowMs))
      .sort(
        (a, b) =>
          this.#priority(a) - this.#priority(b) ||
          this.#filedMs(a) - this.#filedMs(b) ||
          a.arrival - b.arrival ||
          a.position - b.position,
      )
      .slice(0, limit);
    for (const member of first) hold(member, claim);
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
    claim.leaseUntilMs = Math.max(claim.leaseUntilMs, leaseUntilMs);
    return this.#exists(claim);
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

  /** As `expiredPositions` writes them. */
  expire(nowMs: number): string[] {
    const expired = this.#members.filter(member => member.claim !== null && member.claim.leaseUntilMs < nowMs);
    const told = expired.map(({ claim, at }) => `${claim!.engine} ${at}`);
    for (const member of expired) {
      member.claim = null;
      member.redelivered = true;
    }
    return told.sort();
  }

  setInheritedPriority(branch: string, priority: number | null): void {
    this.#priorities.set(branch, priority);
  }

  /** What is set, in order of branch. */
  inheritedPriorities(): [string, number][] {
    return sortedByBranch(
      [...this.#priorities].flatMap(([branch, priority]) => (priority === null ? [] : [[branch, priority]])),
    );
  }

  setFifo(branch: string, fifo: boolean | null): void {
    this.#fifo.set(branch, fifo);
  }

  state(nowMs: number): QueueState {
    const waiting = this.#members.filter(member => member.claim === null);
    const delayed = waiting.filter(member => !isReady(member, nowMs));
    const running: Record<string, number> = {};
    for (const { claim } of this.#members) if (claim) running[claim.engine] = (running[claim.engine] ?? 0) + 1;
    return {
      ready: waiting.length - delayed.length,
      delayed: delayed.length,
      claimed: this.#members.length - waiting.length,
      running,
      eligibleInMs: delayed.length === 0 ? null : Math.min(...delayed.map(member => member.eligibleAtMs)) - nowMs,
    };
  }

  #admit(offer: Offer, claim: ModelClaim | null): void {
    const arrival = this.#arrivalCount++;
    for (let position = offer.from; position < offer.to; position++) {
      const at = `${offer.segment}:${position}`;
      if (this.#members.some(member => member.at === at)) continue;
      const redelivered = offer.redelivered ?? false;
      this.#members.push({ ...offer, at, position, arrival, claim, redelivered, hasCome: claim !== null });
    }
  }

  #exists(claim: ModelClaim): boolean {
    return this.#members.some(member => member.claim === claim);
  }

  #priority(member: Member): number {
    return member.priority ?? nearest(this.#priorities, member.name) ?? 10;
  }

  #filedMs(member: Member): number {
    return nearest(this.#fifo, member.name) ? member.createdAtMs : member.eligibleAtMs;
  }
}

function hold(member: Member, claim: ModelClaim): void {
  member.claim = claim;
  member.hasCome = true;
}

function isReady(member: Member, nowMs: number): boolean {
  return member.hasCome || member.eligibleAtMs <= nowMs;
}

export function sortedByBranch(priorities: Iterable<[string, number]>): [string, number][] {
  return [...priorities].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** What is set at the nearest branch at or above a workflow. */
function nearest<T>(set: ReadonlyMap<string, T | null>, name: string): T | null {
  for (let branch = name; branch !== ''; branch = branch.slice(0, -1)) {
    const value = branch.endsWith('/') ? set.get(branch) : null;
    if (value != null) return value;
  }
  return null;
}

/** Everything the contract shows of a queue without changing it. */
export interface QueueState {
  readonly ready: number;
  readonly delayed: number;
  readonly claimed: number;
  readonly running: Readonly<Record<string, number>>;
  readonly eligibleInMs: number | null;
}

/** Asked without taking anything. */
export async function eligibleInMs(queue: Pick<Queue, 'claim'>): Promise<number | null> {
  const answer = await queue.claim({ engine: 'nobody', limit: 0, leaseMs: 1 });
  if (answer.kind === 'claimed') throw new Error('claimed something, although nothing was asked for');
  return answer.eligibleInMs;
}

export async function stateOf(queue: Queue): Promise<QueueState> {
  const { ready, delayed, claimed, running } = await queue.counts();
  return {
    ready,
    delayed,
    claimed,
    running: Object.fromEntries(running),
    eligibleInMs: await eligibleInMs(queue),
  };
}
