// Outcomes in, commits out. What is there goes at once, in one commit; what arrives while two commits are under way
// waits for the next (D4, D8). After the commit: new slices are offered, claims settled, waiters told.
//
// Invariants:
//   C1. Commits that touch a segment are sent in the order in which they were built.
//   C2. A refused commit is decided again on fresh segments; members that somebody else has committed are dropped.
//   C3. When the store fails for good nothing is acknowledged and nothing more is sent.
//   C4. One value the store refuses fails its own instance: a refused commit is halved until the culprit stands alone.
//   C5. Trouble of the store fails no instance: the same commit is sent again until it is answered.
//   C6. Outcomes are in a list, in a commit under way, or durable; an error on the way puts them back.
//   C8. Of what concerns instances with several contexts one commit is under way at a time: it is decided on what they
//       share as the store has it, and two of them would only refuse each other.
//   C7. A claim that has adopted what is in hand holds it until it is durable and its batch has ended, and no longer.

import type { Batch, OutcomeGroup, OutcomeMessage, Withdrawn } from '../../dispatch/protocol.js';
import type { Offer, Slice } from '../../queue/contract.js';
import { hasBit } from '../../store/bitmap.js';
import type { AuditRow, Segment, SegmentChange } from '../../store/contract.js';
import type { SqlError } from '../../store/driver.js';
import { AdoptedClaims } from '../claims/adopted-claims.js';
import { type HeldSegment, isSoonAsked } from '../claims/holdings.js';
import { type RunningBatch, slicesOf } from '../claims/running.js';
import { signalledItems, tellSignalled } from '../operations/signalled-programs.js';
import { withdrawRunning, withoutWithdrawn } from '../operations/withdrawals.js';
import type { EngineParts } from '../parts.js';
import { isRepeated, offerOfNew } from '../queueing/offers.js';
import { buildShared } from '../shared/build.js';
import { isShared, SharedGone } from '../shared/decide.js';
import type { SignalPart } from '../shared/gathered.js';
import { blamesValue, pause, surely, withPatience } from '../store-trouble.js';
import { CommitBacklog } from './commit-backlog.js';
import { type AddedToCommit, type BuiltCommit, buildCommit, type CommitItem, withAdded } from './commit-builder.js';
import { halves, itemsOf, splitByRequests } from './commit-items.js';
import { countCommit, logFailures } from './commit-report.js';
import { failedItems } from './failed-items.js';
import { narrowed, parted } from './narrowed.js';
import { refusedByStore } from './refused-items.js';

/** Two: the store works on one while the next is built; more would only make commits smaller. */
const commitsUnderWayMax = 2;
/** Outcomes held in memory; bounds what a slow store costs. */
const undurableMax = 16_384;

export class Committer {
  readonly #parts: EngineParts;
  readonly #batches = new Map<number, RunningBatch>();
  readonly #backlog = new CommitBacklog();
  /** What is in commits under way. */
  readonly #sending = new Set<{ readonly items: readonly CommitItem[] }>();
  /** A commit that concerns instances with several contexts is one of them (C8). */
  #isSharedUnderWay = false;
  readonly #adopted: AdoptedClaims;
  /** Members that came back from the threads and are in no acknowledged commit. */
  #undurable = 0;
  /** Messages of the threads that wait for a report. */
  #waiting = 0;
  #idle: (() => void)[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#adopted = new AdoptedClaims(parts.queue, segment => this.inHand(segment));
  }

  /** Batches handed to the threads, by id. */
  get batches(): ReadonlyMap<number, RunningBatch> {
    return this.#batches;
  }

  /**
   * Positions of a segment that are executing here, or whose outcomes are on their way to the store. For slices that came
   * back because a lease of ours had ended: running them again would be in vain.
   * COST a walk over all that is in hand.
   */
  inHand(segment: string): ReadonlySet<number> {
    const found = new Set<number>();
    const look = (items: readonly Pick<CommitItem, 'held' | 'positions'>[]): void => {
      for (const { held, positions } of items)
        if (held.segment.id === segment) for (const position of positions) found.add(position);
    };
    for (const { parts } of this.#batches.values()) look(parts);
    for (const items of this.#backlog.lists()) look(items);
    for (const { items } of this.#sending) look(items);
    return found;
  }

  /** Members in hand came back under this claim: it keeps them from everybody else until they are in hand no more (C7). */
  adopt(claim: string, segment: string, positions: readonly number[]): void {
    this.#adopted.add(claim, segment, positions);
  }

  expect(batch: Batch, running: RunningBatch): void {
    this.#batches.set(batch.id, running);
  }

  /** Outcomes of a thread. What is being reported must be known to be durable, or not, before it is left out. */
  accept(message: OutcomeMessage): void {
    const batch = this.#batches.get(message.batch);
    if (batch === undefined) return;
    const reported = message.groups.find(({ part }) => batch.parts[part]!.reporting !== null);
    if (reported !== undefined) {
      this.#waiting += 1;
      void batch.parts[reported.part]!.reporting!.then(() => {
        this.#waiting -= 1;
        this.accept(message);
        this.#tellIdle();
      });
      return;
    }
    const eventsOf = new Map<OutcomeGroup, { member: number; event: OutcomeMessage['events'][number] }[]>();
    for (const event of message.events) {
      const group = message.groups.find(({ part, members }) => part === event.part && members.includes(event.member));
      if (group === undefined) continue;
      const list = eventsOf.get(group) ?? [];
      list.push({ member: group.members.indexOf(event.member), event });
      eventsOf.set(group, list);
    }
    for (const group of message.groups) {
      const part = batch.parts[group.part]!;
      batch.remaining -= group.members.length;
      const { kept, gone } = withoutWithdrawn(itemsOf(part, group, eventsOf.get(group) ?? []), part);
      void this.#settle(gone);
      const { failing, clock } = this.#parts;
      const items = group.kind === 'failed' ? kept.flatMap(item => signalledItems(item, clock.nowMs())) : kept;
      this.#enqueue(items.flatMap(item => failedItems(item, failing)));
    }
    if (batch.remaining === 0) {
      this.#batches.delete(message.batch);
      void this.#adopted.settle(batch.parts);
    }
    this.flush();
  }

  /** Members whose fate is decided without running. */
  add(items: readonly CommitItem[]): void {
    this.#enqueue(items);
    this.flush();
  }

  /**
   * A commit of an operation: members that leave, segments that change, audit rows, all or nothing.
   *
   * @returns false when something came in between: nothing was applied, read again
   * @throws what the store says; `STORE_UNAVAILABLE` after 15 s out of reach: nobody knows whether it was applied
   */
  async commitNow(
    items: readonly CommitItem[],
    changes: readonly SegmentChange[],
    audit: readonly AuditRow[],
    added: Partial<AddedToCommit> & Partial<SignalPart> = {},
  ): Promise<boolean> {
    const { clock, build } = this.#parts;
    const { signals = [] } = added;
    const built =
      items.some(isShared) || signals.length > 0
        ? await buildShared(items, clock.nowMs(), this.#parts, signals).catch(nullIfGone)
        : buildCommit(items, clock.nowMs(), build);
    if (built === null) return false;
    const commit = withAdded(
      { ...built.commit, changes, guards: added.guards ?? [], audit: [...built.commit.audit, ...audit] },
      added,
    );
    return this.commitBuilt({ ...built, commit });
  }

  /** The same of a commit that has been built. */
  async commitBuilt(built: BuiltCommit): Promise<boolean> {
    const { store, queue, holdings, clock, health } = this.#parts;
    const { commit } = built;
    let isDurable = false;
    let mayBeStale = false;
    const { openings } = queue;
    try {
      const answer = await withPatience(() => store.commit(commit), clock, health);
      isDurable = answer.kind === 'committed';
      mayBeStale = isRepeated(answer) || queue.openings !== openings;
    } finally {
      // What is held of changed segments has an old revision, of marked ones members that have not left after all: read
      // again, or decided again, when it is next needed.
      for (const { segment } of commit.changes) holdings.dropSegment(segment);
      if (!isDurable) for (const { segment } of commit.marks) holdings.dropSegment(segment);
    }
    if (isDurable) await this.#committed(built, mayBeStale);
    return isDurable;
  }

  flush(): void {
    if (this.#parts.health.storeIsDead) return;
    if (this.#backlog.hasShared && !this.#isSharedUnderWay) {
      this.#isSharedUnderWay = true;
      const items = this.#backlog.takeShared();
      void this.#send(items, async () => buildShared(items, this.#parts.clock.nowMs(), this.#parts));
    }
    while (this.#sending.size - +this.#isSharedUnderWay < commitsUnderWayMax && this.#backlog.hasPlain) {
      const items = this.#backlog.takePlain();
      // Built at once: what is built first is sent first (C1).
      const built = buildCommit(items, this.#parts.clock.nowMs(), this.#parts.build);
      void this.#send(items, () => built);
    }
  }

  /** Members whose outcome is not durable yet are more than a few commits: the store is behind, claim no more. */
  get isBehind(): boolean {
    return this.#undurable > undurableMax;
  }

  /** Resolves when nothing is pending or under way. */
  async drained(): Promise<void> {
    if (this.#sending.size === 0 && this.#backlog.isEmpty && this.#waiting === 0) return;
    await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  /** What the threads were given and will not answer any more goes back into the queue, once they have stopped. */
  async releaseUnfinished(): Promise<void> {
    // Taken first: a stop need not wait for a queue that does not answer, and what begins afterwards is not of these.
    const batches = [...this.#batches.values()];
    const adopted = this.#adopted.takeAll();
    this.#batches.clear();
    for (const { parts } of batches) {
      for (const { claim, held, positions } of parts) {
        await this.#parts.queue.release(claim, slicesOf(held.segment.id, positions));
      }
    }
    for (const { claim, segment, positions } of adopted) {
      await this.#parts.queue.release(claim, slicesOf(segment, positions));
    }
  }

  #enqueue(items: readonly CommitItem[]): void {
    this.#backlog.add(items);
    this.#undurable += membersOf(items);
  }

  /** What must be decided again goes first: it is the oldest. */
  #enqueueFirst(items: readonly CommitItem[]): void {
    this.#backlog.addFirst(items);
    this.#undurable += membersOf(items);
  }

  async #send(items: readonly CommitItem[], build: () => BuiltCommit | Promise<BuiltCommit>): Promise<void> {
    const { store, queue, health, clock, metrics } = this.#parts;
    let isDurable = false;
    const isOfShared = items.some(isShared);
    const sending = { items };
    this.#sending.add(sending);
    try {
      const made = build();
      const built = made instanceof Promise ? await made.catch(nullIfGone) : made;
      if (built === null) return await this.#decideGone(items);
      const { openings } = queue;
      const startedMs = clock.monotonicMs();
      const answer = await surely(() => store.commit(built.commit), this.#parts).catch((error: unknown) => {
        if (blamesValue(error)) return { kind: 'refused', error } as const;
        throw error;
      });
      metrics.commitMs.record(clock.monotonicMs() - startedMs);
      // What it had moved on of contexts that are in no item would stay so.
      if (answer.kind !== 'committed') await this.#readAgain([...built.leaving.keys()].map(({ id }) => id));
      if (answer.kind === 'refused') return await this.#halve(items, answer.error);
      health.storeSucceeded();
      isDurable = answer.kind === 'committed';
      if (isDurable) await this.#committed(built, isRepeated(answer) || queue.openings !== openings);
      else this.#enqueueFirst(await this.#decideAgain(items));
    } catch (error) {
      // C3: a store that has died has told so already.
      if (health.storeIsDead) return;
      if (!isDurable) this.#enqueueFirst(items); // C6
      health.mainFailed(error);
      // What met a fault once will meet it again: not without a pause.
      await pause(clock);
    } finally {
      this.#sending.delete(sending);
      if (isOfShared) this.#isSharedUnderWay = false;
      this.#undurable -= membersOf(items);
      void this.#adopted.settle(items);
      this.flush();
      this.#tellIdle();
    }
  }

  #tellIdle(): void {
    if (this.#sending.size > 0 || this.#waiting > 0) return;
    if (this.#backlog.isEmpty || this.#parts.health.storeIsDead) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #committed(built: BuiltCommit, mayBeStale: boolean): Promise<void> {
    const { commit, items, leaving } = built;
    const { holdings, queue, results, metrics, log } = this.#parts;
    if (leaving.size > 0) this.withdraw(leaving, 'withdrawn');
    tellSignalled(commit.shared, this.#batches, this.#parts.dispatcher);
    for (const { held } of items) if (held.open === 0) holdings.dropSegment(held.segment.id);
    const needed = new Set(commit.segments.filter(isSoonAsked).map(segment => segment.body));
    for (const body of [...commit.bodies, ...commit.working]) if (needed.has(body.id)) holdings.holdBody(body);
    const offers: Offer[] = [];
    // What stands FAILED is not claimed: it is not held, with its errors, for nothing.
    for (const { held } of items) if (held.segment.state === 'failed') holdings.dropSegment(held.segment.id);
    for (const segment of commit.segments) {
      if (isSoonAsked(segment)) holdings.holdSegment(segment);
      if (segment.state === 'ready') offers.push(offerOfNew(segment, mayBeStale));
    }
    if (offers.length > 0) await queue.offer(offers);
    this.#parts.committed(commit);
    await this.#settle(items);
    countCommit(built, metrics);
    results.left(commit.outcomes, commit.bodies);
    results.stood(commit.segments);
    results.ended(built);
    logFailures(built, log);
    this.#parts.wake();
  }

  /** These have left, durably: what they come to, or have come to meanwhile, would only be refused. */
  withdraw(leaving: ReadonlyMap<Segment, ArrayLike<number>>, why: Withdrawn): void {
    withdrawRunning(leaving, why, this.#batches, this.#parts.dispatcher);
    const left = new Map([...leaving].map(([{ id }, positions]) => [id, new Set(Array.from(positions))]));
    const gone = this.#backlog.takeGone(({ held }, position) => left.get(held.segment.id)?.has(position) === true);
    this.#undurable -= membersOf(gone);
    void this.#settle(gone);
  }

  async #settle(items: readonly CommitItem[]): Promise<void> {
    const byClaim = new Map<string, Slice[]>();
    for (const item of items) {
      if (item.claim === null) continue;
      const slices = byClaim.get(item.claim) ?? [];
      slices.push(...slicesOf(item.held.segment.id, item.positions));
      byClaim.set(item.claim, slices);
    }
    await Promise.all([...byClaim].map(([claim, slices]) => this.#parts.queue.settle(claim, slices)));
  }

  /** C2: the items on fresh segments: members that have left are dropped, operations that came in between apply. */
  async #decideAgain(items: readonly CommitItem[]): Promise<CommitItem[]> {
    const fresh = await this.#readAgain(items.map(item => item.held.segment.id));
    const { kept, gone } = parted(items, ({ held: { segment } }, position) => {
      const held = fresh.get(segment.id);
      return held === undefined || hasBit(held.gone, position);
    });
    const again = kept.flatMap(item => splitByRequests({ ...item, held: fresh.get(item.held.segment.id)! }));
    this.#parts.metrics.commitsRefused.add();
    this.#parts.log.commitRefused({
      members: membersOf(again),
      dropped: membersOf(gone),
    });
    await this.#settle(gone);
    return again;
  }

  /** Of items one is of an instance that is over: that one is dropped, and the others go on at once. When nobody has left
   * after all, what is shared is missing: that is no reason to turn on the spot. */
  async #decideGone(items: readonly CommitItem[]): Promise<void> {
    const again = await this.#decideAgain(items);
    this.#enqueueFirst(again);
    if (membersOf(again) === membersOf(items)) await pause(this.#parts.clock);
  }

  /** What is held of segments that a refused commit had moved on becomes as the store has them. */
  async #readAgain(segments: readonly string[]): Promise<Map<string, HeldSegment>> {
    const { store, holdings } = this.#parts;
    const ids = [...new Set(segments)];
    const read = await surely(() => store.segments(ids), this.#parts);
    const fresh = new Map(read.map(segment => [segment.id, holdings.holdSegment(segment)]));
    for (const id of ids) if (!fresh.has(id)) holdings.dropSegment(id);
    return fresh;
  }

  /** C4. */
  async #halve(items: readonly CommitItem[], error: SqlError): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only!.positions.length === 1) {
      // Nothing of its own is left in it that could be refused.
      if (only!.isRefused) throw error;
      const refused = await refusedByStore(only!, error, this.#parts);
      this.#enqueueFirst(await this.#decideAgain(failedItems(refused, this.#parts.failing)));
      return;
    }
    const parts =
      items.length > 1 ? halves(items) : halves([...only!.positions.keys()]).map(half => [narrowed(only!, half)]);
    const again: CommitItem[][] = [];
    for (const part of parts) again.push(await this.#decideAgain(part));
    for (const part of again) {
      if (part.length === 0) continue;
      this.#backlog.addAlone(part);
      this.#undurable += membersOf(part);
    }
  }
}

/** An instance that is over by the time it is looked at. */
function nullIfGone(error: unknown): null {
  if (error instanceof SharedGone) return null;
  throw error;
}

function membersOf(items: readonly CommitItem[]): number {
  let members = 0;
  for (const { positions } of items) members += positions.length;
  return members;
}
