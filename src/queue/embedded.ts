// The embedded home of the Queue contract: one process, nothing installed, everything in memory.
//
// Ready slices stand in lanes under heaps of lane heads (`embedded-lanes.ts`), one for each throttle, slices whose time has not
// come in a heap by eligible time; a position is found through its segment (`embedded-places.ts`). Nothing here waits: delayed
// slices become ready when somebody asks for something.
//
// Invariants, beside those of the contract:
//   E1. Every method runs to its end without yielding, so each call is atomic.
//   E2. An entry is ready from the first look at the clock that is not before its eligible time, and stays so: through a
//       claim, a release, and a clock that is set back.
//   E3. The counters are changed only where an entry changes its place: `#promote`, `#wait`, `#ready`, `#unwait`, and
//       the claims' `hold` and `unhold`.

import { randomUUID } from 'node:crypto';
import {
  type AnnouncedClaim,
  type Attachment,
  type BranchSettings,
  type Claim,
  type ClaimedSlice,
  type ClaimRequest,
  type ExpiredSlice,
  expiredMax,
  type FairnessWindow,
  type NothingReady,
  type Offer,
  type Queue,
  type QueueCounts,
  type Slice,
  type Throttle,
  type ThrottleState,
} from './contract.js';
import { Claims, newClaim } from './embedded-claims.js';
import { Entry, eligibleBefore, type HeldClaim } from './embedded-entry.js';
import { EmbeddedEpoch } from './embedded-epoch.js';
import { Lanes } from './embedded-lanes.js';
import { Places } from './embedded-places.js';
import { IndexedHeap } from './indexed-heap.js';
import { assertKey, assertRules, type KeyRules } from './key-rules.js';
import { assertRate } from './rate.js';
import type { Whereabouts } from './whereabouts.js';

export class EmbeddedQueue implements Queue {
  readonly #nowMs: () => number;
  readonly #epoch = new EmbeddedEpoch();
  readonly #places = new Places();
  readonly #lanes = new Lanes();
  readonly #delayed = new IndexedHeap<Entry>(eligibleBefore);
  readonly #claims = new Claims();
  readonly #listeners = new Set<() => void>();

  #arrivalCount = 0;
  #readyMembers = 0;
  #delayedMembers = 0;

  /** @param nowMs the time of day; the clock's */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get epoch(): string | null {
    return this.#epoch.isAttached ? this.#epoch.id : null;
  }

  async attach(engine: string, leaseMs: number): Promise<Attachment> {
    return this.#epoch.attach(engine, this.#nowMs(), leaseMs);
  }

  async announce(engine: string, claims: readonly AnnouncedClaim[], leaseMs: number): Promise<void> {
    this.#epoch.assertAttached();
    const leaseUntilMs = this.#nowMs() + leaseMs;
    for (const { key } of claims.flatMap(({ slices }) => slices)) if (key !== undefined) assertKey(key);
    for (const { id, slices } of claims) {
      if (slices.length === 0) continue;
      const held = this.#claims.get(id) ?? newClaim(id, engine);
      for (const slice of slices) {
        this.#offer(slice, part => this.#hold(part, held));
        for (const entry of this.#places.overlapping(slice)) {
          if (typeof entry.place === 'object') continue;
          const part = this.#carve(entry, slice);
          this.#unwait(part);
          this.#hold(part, held);
        }
      }
      held.leaseUntilMs = Math.max(held.leaseUntilMs, leaseUntilMs);
      held.tookAtMs = null;
    }
    this.#epoch.announce(engine);
  }

  async announced(): Promise<string[]> {
    this.#epoch.assertAttached();
    return this.#epoch.announced();
  }

  async open(): Promise<void> {
    this.#epoch.assertAttached();
    this.#epoch.open();
  }

  async offer(offers: readonly Offer[]): Promise<void> {
    this.#epoch.assertAttached();
    for (const { key } of offers) if (key !== undefined) assertKey(key);
    for (const offer of offers) this.#offer(offer, part => this.#wait(part));
  }

  async claim(request: ClaimRequest): Promise<Claim | NothingReady> {
    this.#epoch.assertAttached();
    if (!this.#epoch.isOpen) return { kind: 'nothing', eligibleInMs: null }; // Q6
    const nowMs = this.#promote();
    this.#lanes.refill(nowMs);
    const held = newClaim(randomUUID(), request.engine, nowMs + request.leaseMs, this.#lanes.rateMs);
    const slices: ClaimedSlice[] = [];
    while (held.count < request.limit) {
      const entry = this.#lanes.next(request.engine, nowMs);
      if (entry === undefined) break;
      const room = Math.min(this.#lanes.room(entry, request.engine), request.limit - held.count);
      if (entry.count > room) this.#split(entry, entry.from + room);
      this.#lanes.take(entry, request.engine);
      this.#unwait(entry);
      this.#claims.hold(entry, held);
      slices.push({ segment: entry.segment, from: entry.from, to: entry.to, redelivered: entry.redelivered });
    }
    if (held.count > 0) return { kind: 'claimed', id: held.id, engine: held.engine, slices, count: held.count };
    return { kind: 'nothing', eligibleInMs: this.#eligibleInMs(nowMs) };
  }

  async settle(claim: string, slices: readonly Slice[]): Promise<void> {
    this.#epoch.assertAttached();
    const { taken, hasMadeRoom } = this.#takeFromClaim(claim, slices, false);
    for (const entry of taken) this.#forget(entry);
    if (hasMadeRoom) this.#tellReady();
  }

  async release(claim: string, slices: readonly Slice[]): Promise<void> {
    this.#epoch.assertAttached();
    for (const entry of this.#takeFromClaim(claim, slices, true).taken) this.#ready(entry);
  }

  async extend(claims: readonly string[], leaseMs: number): Promise<string[]> {
    this.#epoch.assertAttached();
    return this.#claims.extend(claims, this.#nowMs() + leaseMs);
  }

  async withdraw(slices: readonly Slice[]): Promise<Slice[]> {
    this.#epoch.assertAttached();
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
    // In strict order what waited before it may have come out of its way.
    if (withdrawn.length > 0) this.#tellReady();
    return withdrawn;
  }

  async claimed(segments: readonly string[]): Promise<Slice[]> {
    this.#epoch.assertAttached();
    const claimed: Slice[] = [];
    for (const segment of segments) {
      for (const entry of this.#places.of(segment)) if (typeof entry.place === 'object') claimed.push(entry.slice());
    }
    return claimed;
  }

  async expire(): Promise<ExpiredSlice[]> {
    this.#epoch.assertAttached();
    const nowMs = this.#nowMs();
    const expired: ExpiredSlice[] = [];
    // Claims are as many as batches in flight: walking them all is cheaper than keeping them in order.
    for (const held of this.#claims.all()) {
      if (held.leaseUntilMs >= nowMs) continue;
      for (const entry of held.entries) {
        if (entry.place !== held) continue;
        if (expired.length === expiredMax) return expired;
        this.#unhold(entry, held, false);
        entry.redelivered = true;
        this.#ready(entry);
        expired.push({ ...entry.slice(), engine: held.engine });
      }
    }
    return expired;
  }

  async setInheritedPriority(branch: string, priority: number | null): Promise<void> {
    this.#epoch.assertTakes(branch);
    this.#lanes.setPriority(branch, priority);
  }

  async setFifo(branch: string, fifo: boolean | null): Promise<void> {
    this.#epoch.assertTakes(branch);
    this.#lanes.setFifo(branch, fifo);
  }

  async setFairness(branch: string, window: FairnessWindow | null): Promise<void> {
    this.#epoch.assertTakes(branch);
    this.#lanes.setFairness(branch, window);
  }

  async setThrottle(branch: string, throttle: Throttle | null): Promise<void> {
    this.#epoch.assertTakes(branch);
    if (throttle !== null && throttle.rate !== null) assertRate(throttle.rate);
    this.#lanes.refill(this.#nowMs());
    this.#lanes.setThrottle(branch, throttle, this.#claims.runningBelow(branch));
    this.#tellReady();
  }

  async settings(): Promise<ReadonlyMap<string, BranchSettings>> {
    this.#epoch.assertAttached();
    return this.#lanes.settings();
  }

  async setKeys(branch: string, rules: KeyRules | null): Promise<void> {
    this.#epoch.assertTakes(branch);
    if (rules !== null) assertRules(rules);
    this.#lanes.refill(this.#nowMs());
    this.#lanes.setKeys(branch, rules, { entries: this.#places.all(), held: this.#claims.held() });
    this.#tellReady();
  }

  async throttles(): Promise<ReadonlyMap<string, ThrottleState>> {
    this.#epoch.assertAttached();
    return this.#claims.statesOf(this.#lanes.throttles());
  }

  async counts(): Promise<QueueCounts> {
    this.#epoch.assertAttached();
    this.#promote();
    return {
      ready: this.#readyMembers,
      delayed: this.#delayedMembers,
      claimed: this.#claims.members,
      running: this.#claims.running(),
    };
  }

  async whereIs(segment: string, position: number): Promise<Whereabouts> {
    this.#epoch.assertAttached();
    return this.#lanes.whereIs(this.#places.at(segment, position), position, this.#promote());
  }

  /** Told of room under throttles and rules for keys alone: what is offered or released here comes from the engine that claims here. */
  onReady(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tellReady(): void {
    for (const listener of this.#listeners) listener();
  }

  /** There are no others. */
  async tellLeft(): Promise<void> {}

  onLeft(_listener: () => void): () => void {
    return () => {};
  }

  /** Nothing to give back: the memory goes with the object. */
  async close(): Promise<void> {}

  /** Make entries of what is new of an offer, in no place yet, and hand each to `put`. */
  #offer(offer: Offer, put: (entry: Entry) => void): void {
    const arrival = this.#arrivalCount++;
    let from = offer.from;
    // Q2: only the gaps between what is known are new.
    for (const known of this.#places.overlapping(offer)) {
      if (from < known.from) put(this.#admit(offer, { from, to: known.from, arrival }));
      from = known.to;
    }
    if (from < offer.to) put(this.#admit(offer, { from, to: offer.to, arrival }));
  }

  #admit(offer: Offer, part: { from: number; to: number; arrival: number }): Entry {
    const { segment, eligibleAtMs, createdAtMs, key = null } = offer;
    const lane = this.#lanes.laneOf(offer.name, offer.priority, key);
    const entry = new Entry(segment, part.from, part.to, lane, eligibleAtMs, createdAtMs, part.arrival, key);
    entry.redelivered = offer.redelivered ?? false;
    lane.entryCount++;
    this.#places.add(entry);
    return entry;
  }

  /** The queue no longer knows the entry, which has left its place before. */
  #forget(entry: Entry): void {
    this.#places.remove(entry);
    this.#lanes.entryGone(entry.lane);
  }

  /** Look at the clock: what its time has come for is ready (E2). Returns the time. */
  #promote(): number {
    const nowMs = this.#nowMs();
    const first = this.#delayed.first;
    if (first === undefined || first.eligibleAtMs > nowMs) return nowMs; // Q3
    for (const entry of this.#delayed.takeWhere(delayed => delayed.eligibleAtMs <= nowMs)) {
      this.#delayedMembers -= entry.count;
      this.#ready(entry);
    }
    return nowMs;
  }

  /** Until something may be ready, or have room under a rate, that is not now. */
  #eligibleInMs(nowMs: number): number | null {
    const never = Number.POSITIVE_INFINITY;
    const inMs = Math.min((this.#delayed.first?.eligibleAtMs ?? never) - nowMs, this.#lanes.nextTokenInMs ?? never);
    return inMs === never ? null : inMs;
  }

  #wait(entry: Entry): void {
    if (entry.eligibleAtMs <= this.#nowMs()) {
      this.#ready(entry);
      return;
    }
    entry.place = 'delayed';
    this.#delayed.push(entry);
    this.#lanes.delay(entry);
    this.#delayedMembers += entry.count;
  }

  #ready(entry: Entry): void {
    entry.place = 'ready';
    this.#lanes.add(entry);
    this.#readyMembers += entry.count;
  }

  /** What runs already: it counts, and takes of no rate or share. */
  #hold(entry: Entry, held: HeldClaim): void {
    this.#claims.hold(entry, held);
    this.#lanes.count(entry.lane, held.engine, entry.count, 0);
  }

  /** The caller puts the entry somewhere. True when a throttle has room that had none. @param asUnclaimed with its tokens */
  #unhold(entry: Entry, held: HeldClaim, asUnclaimed: boolean): boolean {
    this.#claims.unhold(entry, held);
    return this.#lanes.count(entry.lane, held.engine, -entry.count, asUnclaimed ? -entry.count : 0);
  }

  #unwait(entry: Entry): void {
    if (entry.place === 'ready') {
      this.#lanes.remove(entry);
      this.#readyMembers -= entry.count;
    } else {
      this.#delayed.remove(entry);
      this.#lanes.undelay(entry);
      this.#delayedMembers -= entry.count;
    }
  }

  /** Take out of a claim what it still holds of the slices. What it does not hold, or no longer, is left alone (Q5). */
  #takeFromClaim(
    claim: string,
    slices: readonly Slice[],
    asUnclaimed: boolean,
  ): { readonly taken: readonly Entry[]; hasMadeRoom: boolean } {
    const held = this.#claims.get(claim);
    const taken: Entry[] = [];
    let hasMadeRoom = false;
    if (held === undefined) return { taken, hasMadeRoom };
    const withTokens = asUnclaimed && this.#lanes.giveBackOf(held.tookAtMs, this.#nowMs());
    for (const slice of slices) {
      for (const entry of this.#places.overlapping(slice)) {
        if (entry.place !== held) continue;
        const part = this.#carve(entry, slice);
        hasMadeRoom = this.#unhold(part, held, withTokens) || hasMadeRoom;
        // Named twice in one call, the second time it must not be found in the claim; the caller puts it somewhere.
        part.place = 'ready';
        taken.push(part);
      }
    }
    return { taken, hasMadeRoom };
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
    else if (place === 'delayed') {
      this.#delayed.push(rest);
      this.#lanes.delay(rest);
    } else place.entries.push(rest);
    return rest;
  }
}
