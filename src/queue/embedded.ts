// The embedded home of the Queue contract: one process, nothing installed, everything in memory.
//
// Ready slices stand in lanes under a heap of lane heads (`embedded-lanes.ts`), slices whose time has not come in a
// heap by eligible time, and every position the queue knows is found through its segment (`embedded-places.ts`).
// Nothing here waits or reads the time: delayed slices are promoted by the time a claim brings.
//
// Invariants, beside Q1-Q5 of the contract:
//   E1. Every method runs to its end without yielding, so each call is atomic.
//   E2. The queue's time is the `nowMs` of the last claim, and goes back with it. An entry is ready from the first time
//       that is not before its eligible time, and stays so: through a claim, a release, and a clock that is set back.
//   E3. The counters are changed only where an entry changes its place: `#tellTime`, `#wait`, `#ready`,
//       `#unwait`, `#hold`, `#unhold`.

import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { Claim, ClaimedSlice, ClaimRequest, Offer, Queue, QueueCounts, Slice } from './contract.js';
import { Entry, eligibleBefore, type HeldClaim } from './embedded-entry.js';
import { Lanes } from './embedded-lanes.js';
import { Places } from './embedded-places.js';
import { IndexedHeap } from './indexed-heap.js';

export class EmbeddedQueue implements Queue {
  /** A new one each time: what an earlier process claimed cannot be settled here. */
  readonly epoch = randomUUID();

  readonly #places = new Places();
  readonly #lanes = new Lanes();
  readonly #delayed = new IndexedHeap<Entry>(eligibleBefore);
  readonly #claims = new Map<string, HeldClaim>();

  #nowMs: number;
  #arrivalCount = 0;
  #claimCount = 0;

  #readyMembers = 0;
  #delayedMembers = 0;
  #claimedMembers = 0;
  readonly #runningByEngine = new Map<string, number>();

  /** @param nowMs what is eligible by then is ready at once, before the first claim tells the time */
  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  async offer(offers: readonly Offer[]): Promise<void> {
    for (const offer of offers) {
      const arrival = this.#arrivalCount++;
      let from = offer.from;
      // Q2: only the gaps between what is known are new.
      for (const known of this.#places.overlapping(offer)) {
        if (from < known.from) this.#admit(offer, { from, to: known.from, arrival });
        from = known.to;
      }
      if (from < offer.to) this.#admit(offer, { from, to: offer.to, arrival });
    }
  }

  async claim(request: ClaimRequest): Promise<Claim | null> {
    this.#tellTime(request.nowMs);
    if (request.limit <= 0 || this.#lanes.first === undefined) return null;
    const held: HeldClaim = {
      id: `${this.epoch}:${++this.#claimCount}`,
      engine: request.engine,
      leaseUntilMs: request.nowMs + request.leaseMs,
      count: 0,
      entries: [],
    };
    this.#claims.set(held.id, held);
    const slices: ClaimedSlice[] = [];
    while (held.count < request.limit) {
      const entry = this.#lanes.first;
      if (entry === undefined) break;
      const room = request.limit - held.count;
      if (entry.count > room) this.#split(entry, entry.from + room);
      this.#unwait(entry);
      this.#hold(entry, held);
      slices.push({ segment: entry.segment, from: entry.from, to: entry.to, redelivered: entry.redelivered });
    }
    return { id: held.id, engine: held.engine, slices, count: held.count, leaseUntilMs: held.leaseUntilMs };
  }

  async settle(claim: string, slices: readonly Slice[]): Promise<void> {
    for (const entry of this.#takeFromClaim(claim, slices)) this.#forget(entry);
  }

  async release(claim: string, slices: readonly Slice[]): Promise<void> {
    for (const entry of this.#takeFromClaim(claim, slices)) this.#ready(entry);
  }

  async extend(claims: readonly string[], leaseUntilMs: number): Promise<string[]> {
    const lost: string[] = [];
    for (const id of claims) {
      const held = this.#claims.get(id);
      if (held === undefined) lost.push(id);
      else held.leaseUntilMs = Math.max(held.leaseUntilMs, leaseUntilMs);
    }
    return lost;
  }

  async withdraw(slices: readonly Slice[]): Promise<Slice[]> {
    const withdrawn: Slice[] = [];
    for (const slice of slices) {
      for (const entry of this.#places.overlapping(slice)) {
        if (typeof entry.place === 'object') continue;
        const part = this.#carve(entry, slice);
        this.#unwait(part);
        this.#forget(part);
        withdrawn.push(part.slice());
      }
    }
    return withdrawn;
  }

  async claimed(segments: readonly string[]): Promise<Slice[]> {
    const claimed: Slice[] = [];
    for (const segment of segments) {
      for (const entry of this.#places.of(segment)) if (typeof entry.place === 'object') claimed.push(entry.slice());
    }
    return claimed;
  }

  async expire(nowMs: number): Promise<number> {
    let members = 0;
    // Claims are as many as batches in flight: walking them all is cheaper than keeping them in order.
    for (const held of this.#claims.values()) {
      if (held.leaseUntilMs >= nowMs) continue;
      members += held.count;
      for (const entry of held.entries) {
        if (entry.place !== held) continue;
        this.#unhold(entry, held);
        entry.redelivered = true;
        this.#ready(entry);
      }
    }
    return members;
  }

  async nextEligibleAtMs(): Promise<number | null> {
    return this.#delayed.first?.eligibleAtMs ?? null;
  }

  async setInheritedPriority(branch: string, priority: number | null): Promise<void> {
    assert(branch.endsWith('/'), `branch "${branch}" must end with a slash`);
    this.#lanes.setPriority(branch, priority);
  }

  /** Order a branch and all below it by creation time (`true`), by eligible time (`false`), or as above it (`null`). */
  async setFifo(branch: string, fifo: boolean | null): Promise<void> {
    assert(branch.endsWith('/'), `branch "${branch}" must end with a slash`);
    this.#lanes.setFifo(branch, fifo);
  }

  /** As of the time the last claim brought (E2). */
  async counts(): Promise<QueueCounts> {
    return {
      ready: this.#readyMembers,
      delayed: this.#delayedMembers,
      claimed: this.#claimedMembers,
      running: new Map(this.#runningByEngine),
    };
  }

  /** Nothing to give back: the memory goes with the object. */
  async close(): Promise<void> {}

  #admit(offer: Offer, part: { from: number; to: number; arrival: number }): void {
    const lane = this.#lanes.laneOf(offer.name, offer.priority);
    const { segment, eligibleAtMs, createdAtMs } = offer;
    const entry = new Entry(segment, part.from, part.to, lane, eligibleAtMs, createdAtMs, part.arrival);
    lane.entryCount++;
    this.#places.add(entry);
    this.#wait(entry);
  }

  /** The queue no longer knows the entry, which has left its place before. */
  #forget(entry: Entry): void {
    this.#places.remove(entry);
    this.#lanes.entryGone(entry.lane);
  }

  #tellTime(nowMs: number): void {
    this.#nowMs = nowMs;
    const first = this.#delayed.first;
    if (first === undefined || first.eligibleAtMs > nowMs) return; // Q3
    for (const entry of this.#delayed.takeWhere(delayed => delayed.eligibleAtMs <= nowMs)) {
      this.#delayedMembers -= entry.count;
      this.#ready(entry);
    }
  }

  #wait(entry: Entry): void {
    if (entry.eligibleAtMs <= this.#nowMs) {
      this.#ready(entry);
      return;
    }
    entry.place = 'delayed';
    this.#delayed.push(entry);
    this.#delayedMembers += entry.count;
  }

  #ready(entry: Entry): void {
    entry.place = 'ready';
    this.#lanes.add(entry);
    this.#readyMembers += entry.count;
  }

  #unwait(entry: Entry): void {
    if (entry.place === 'ready') {
      this.#lanes.remove(entry);
      this.#readyMembers -= entry.count;
    } else {
      this.#delayed.remove(entry);
      this.#delayedMembers -= entry.count;
    }
  }

  #hold(entry: Entry, held: HeldClaim): void {
    entry.place = held;
    held.entries.push(entry);
    held.count += entry.count;
    this.#claimedMembers += entry.count;
    this.#changeRunning(held.engine, entry.count);
  }

  #unhold(entry: Entry, held: HeldClaim): void {
    held.count -= entry.count;
    this.#claimedMembers -= entry.count;
    this.#changeRunning(held.engine, -entry.count);
    if (held.count === 0) this.#claims.delete(held.id);
  }

  #changeRunning(engine: string, change: number): void {
    const running = (this.#runningByEngine.get(engine) ?? 0) + change;
    if (running === 0) this.#runningByEngine.delete(engine);
    else this.#runningByEngine.set(engine, running);
  }

  /** Take out of a claim what it still holds of the slices. What it does not hold, or no longer, is left alone (Q5). */
  #takeFromClaim(claim: string, slices: readonly Slice[]): Entry[] {
    const held = this.#claims.get(claim);
    if (held === undefined) return [];
    const taken: Entry[] = [];
    for (const slice of slices) {
      for (const entry of this.#places.overlapping(slice)) {
        if (entry.place !== held) continue;
        const part = this.#carve(entry, slice);
        this.#unhold(part, held);
        // Named twice in one call, the second time it must not be found in the claim; the caller puts it somewhere.
        part.place = 'ready';
        taken.push(part);
      }
    }
    return taken;
  }

  /** Make what the slice covers of an entry an entry of its own; the rest stays in its place, in order. */
  #carve(entry: Entry, slice: Slice): Entry {
    const part = entry.from < slice.from ? this.#split(entry, slice.from) : entry;
    if (part.to > slice.to) this.#split(part, slice.to);
    return part;
  }

  /** Split an entry in two that stay where they are; returns the second. No counter changes. */
  #split(entry: Entry, at: number): Entry {
    const rest = entry.splitAt(at);
    const place = entry.place;
    rest.place = place;
    rest.lane.entryCount++;
    this.#places.add(rest);
    if (place === 'ready') this.#lanes.add(rest);
    else if (place === 'delayed') this.#delayed.push(rest);
    else place.entries.push(rest);
    return rest;
  }
}
