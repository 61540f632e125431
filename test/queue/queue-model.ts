// The Queue contract as a model too small to be wrong: a list of members, looked through anew for every one claimed.

import type { Claim, ClaimedSlice, Offer, Queue, Slice } from '../../src/queue/contract.js';
import { OrderModel, type Running } from './order-model.js';

/** A position of a segment, written `segment:position`. */
export type Position = string;

interface Member extends Offer {
  readonly at: Position;
  readonly position: number;
  readonly arrival: number;
  /** Those of one slice have the same number: what it was offered as, less what has been split off. */
  part: number;
  claim: ModelClaim | null;
  redelivered: boolean;
  /** It was claimed once, so its time has come (Q3). */
  hasCome: boolean;
}

export interface ModelClaim {
  engine: string;
  leaseUntilMs: number;
  /** `null`: of what it holds some was announced. */
  claimedAtMs: number | null;
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
  #partCount = 0;
  /** What is set of branches, and the order that follows from it. */
  readonly order = new OrderModel();

  offer(offers: readonly Offer[]): void {
    for (const offer of offers) this.#admit(offer, null);
  }

  announce(claim: ModelClaim, engine: string, slices: readonly Offer[], nowMs: number, leaseMs: number): void {
    if (slices.length === 0) return;
    if (this.#exists(claim)) claim.leaseUntilMs = Math.max(claim.leaseUntilMs, nowMs + leaseMs);
    else Object.assign(claim, { engine, leaseUntilMs: nowMs + leaseMs });
    claim.claimedAtMs = null;
    for (const slice of slices) {
      this.#admit(slice, claim);
      for (const member of this.#carve(slice, null)) hold(member, claim);
    }
  }

  claim(engine: string, limit: number, nowMs: number, leaseMs: number): { claim: ModelClaim; positions: Position[] } {
    const claim = { engine, leaseUntilMs: nowMs + leaseMs, claimedAtMs: nowMs };
    const taken: Member[] = [];
    while (taken.length < limit) {
      const waiting = this.#members.filter(member => member.claim === null);
      const ready = waiting.filter(member => isReady(member, nowMs));
      const delayed = waiting.filter(member => !isReady(member, nowMs));
      const first = this.order.next({ ready, delayed }, this.running(), engine, nowMs);
      if (first === undefined) break;
      const room = Math.min(limit - taken.length, this.order.room(first, this.running(), engine, nowMs));
      // Whole: the rest of a slice comes next in every order but that of shares, which compares again after it.
      const slice = this.#members.filter(({ part }) => part === first.part);
      const to = first.position + Math.min(room, slice.length);
      const members = this.#carve({ segment: first.segment, from: first.position, to }, null);
      for (const member of members) {
        hold(member, claim);
        this.order.taken(member);
      }
      this.order.keys.take(first, members.length);
      taken.push(...members);
    }
    return { claim, positions: taken.map(member => (member.redelivered ? `${member.at}!` : member.at)) };
  }

  settle(claim: ModelClaim, slices: readonly Slice[]): void {
    for (const slice of slices) {
      const settled = this.#carve(slice, claim);
      this.#members = this.#members.filter(member => !settled.includes(member));
    }
    this.order.keys.left(this.#members);
  }

  release(claim: ModelClaim, slices: readonly Slice[], nowMs: number): void {
    const { claimedAtMs } = claim;
    const isProven = claimedAtMs !== null && claimedAtMs > this.order.setAtMs;
    const release = isProven ? { heldMs: nowMs - claimedAtMs, comeAgain: new Map<string, number>() } : null;
    for (const slice of slices) {
      for (const member of this.#carve(slice, claim)) {
        member.claim = null;
        if (release !== null) this.order.givenBack(member, release);
      }
    }
  }

  /** True when the claim still exists. */
  extend(claim: ModelClaim, leaseUntilMs: number): boolean {
    claim.leaseUntilMs = Math.max(claim.leaseUntilMs, leaseUntilMs);
    return this.#exists(claim);
  }

  withdraw(slices: readonly Slice[]): Position[] {
    const withdrawn = slices.flatMap(slice => {
      const members = this.#carve(slice, null);
      this.#members = this.#members.filter(member => !members.includes(member));
      return members;
    });
    this.order.keys.left(this.#members);
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

  /** All that claims hold. */
  running(): Running[] {
    return this.#members.flatMap(({ name, key, claim }) => {
      if (claim === null) return [];
      return [{ name, engine: claim.engine, ...(key === undefined ? {} : { key }) }];
    });
  }

  /** What is said of where a position is, with bounds of how many are before it, and whether an engine would claim it next. */
  whereIs(at: Position, nowMs: number, engine: string) {
    const member = this.#members.find(each => each.at === at);
    if (member === undefined) return { told: { kind: 'absent' }, before: null, isNext: false };
    const { claim, redelivered, eligibleAtMs } = member;
    if (claim !== null) {
      const leaseLeftMs = claim.leaseUntilMs - nowMs;
      return { told: { kind: 'claimed', engine: claim.engine, leaseLeftMs, redelivered }, before: null, isNext: false };
    }
    if (!isReady(member, nowMs)) {
      return { told: { kind: 'delayed', eligibleInMs: eligibleAtMs - nowMs }, before: null, isNext: false };
    }
    const waiting = this.#members.filter(each => each.claim === null);
    const ready = waiting.filter(each => isReady(each, nowMs));
    const all = { ready, delayed: waiting.filter(each => !isReady(each, nowMs)) };
    const { before, ...told } = this.order.whereabouts(member, all, this.running(), nowMs);
    const isNext = this.order.next(all, this.running(), engine, nowMs) === member;
    return { told: { kind: 'ready', redelivered, ...told }, before, isNext };
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
      eligibleInMs: this.#eligibleInMs(delayed, nowMs),
    };
  }

  #admit(offer: Offer, claim: ModelClaim | null): void {
    const arrival = this.#arrivalCount++;
    let part = this.#partCount++;
    for (let position = offer.from; position < offer.to; position++) {
      const at = `${offer.segment}:${position}`;
      if (this.#members.some(member => member.at === at)) {
        part = this.#partCount++; // what is known parts what is new
        continue;
      }
      const redelivered = offer.redelivered ?? false;
      this.#members.push({ ...offer, at, position, arrival, part, claim, redelivered, hasCome: claim !== null });
    }
  }

  /** The members of a slice that wait (`null`) or that a claim holds, in order; no longer parts of larger slices. */
  #carve(slice: Slice, claim: ModelClaim | null): Member[] {
    const within = (member: Member): boolean => slice.from <= member.position && member.position < slice.to;
    const members = this.#members
      .filter(member => member.segment === slice.segment && member.claim === claim && within(member))
      .sort((a, b) => a.position - b.position);
    for (const part of new Set(members.map(member => member.part))) {
      const [inside, behind] = [this.#partCount++, this.#partCount++];
      for (const member of this.#members) {
        if (member.part !== part || member.position < slice.from) continue;
        member.part = within(member) ? inside : behind;
      }
    }
    return members;
  }

  #eligibleInMs(delayed: readonly Member[], nowMs: number): number | null {
    const waits = delayed.map(({ eligibleAtMs }) => eligibleAtMs - nowMs);
    const tokenInMs = this.order.nextTokenInMs(this.#members, nowMs);
    if (tokenInMs !== null) waits.push(tokenInMs);
    return waits.length === 0 ? null : Math.min(...waits);
  }

  #exists(claim: ModelClaim): boolean {
    return this.#members.some(member => member.claim === claim);
  }
}

function hold(member: Member, claim: ModelClaim): void {
  member.claim = claim;
  member.hasCome = true;
}

function isReady(member: Member, nowMs: number): boolean {
  return member.hasCome || member.eligibleAtMs <= nowMs;
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
