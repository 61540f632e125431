// Outcomes in, commits out. What is there goes at once, in one commit; what arrives while two commits are under way
// waits for the next (D4, D8). After the commit: new slices are offered, claims settled, waiters told.
//
// Invariants:
//   C1. Commits that touch a segment are sent in the order in which they were built.
//   C2. A refused commit is decided again on fresh segments; members that somebody else has committed are dropped.
//   C3. When the store fails for good nothing is acknowledged and nothing more is sent.
//   C4. One value the store refuses fails its own instance: a refused commit is halved until the culprit stands alone.

import type { Batch, OutcomeGroup, OutcomeMessage } from '../dispatch/protocol.js';
import type { Offer, Slice } from '../queue/contract.js';
import { hasBit } from '../store/bitmap.js';
import type { AuditRow, Segment, SegmentChange } from '../store/contract.js';
import { SqlError } from '../store/driver.js';
import { type BuiltCommit, buildCommit, type CommitItem } from './commit-builder.js';
import { halves, itemsOf, narrowed, refusedByStore, splitByRequests } from './commit-items.js';
import type { EngineParts } from './parts.js';
import { type RunningBatch, slicesOf } from './running.js';

/** Two: the store works on one while the next is built; more would only make commits smaller. */
const commitsUnderWayMax = 2;
/** Members in one commit; bounds how long a commit takes and what a refused one costs. */
const commitMembersMax = 4_096;
/** Outcomes held in memory; bounds what a slow store costs. */
const undurableMax = 16_384;
/** Wait before a commit is tried again when the store did not answer. */
const retryStoreMs = 500;

export class Committer {
  readonly #parts: EngineParts;
  readonly #batches = new Map<number, RunningBatch>();
  #pending: CommitItem[] = [];
  /** Groups that go in a commit of their own (C4). */
  readonly #alone: CommitItem[][] = [];
  #underWay = 0;
  /** Members that came back from the threads and are in no acknowledged commit. */
  #undurable = 0;
  #idle: (() => void)[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** Batches handed to the threads, by id. */
  get batches(): ReadonlyMap<number, RunningBatch> {
    return this.#batches;
  }

  expect(batch: Batch, running: RunningBatch): void {
    this.#batches.set(batch.id, running);
  }

  /** Outcomes of a thread. */
  accept(message: OutcomeMessage): void {
    const batch = this.#batches.get(message.batch);
    if (batch === undefined) return;
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
      this.#enqueue(itemsOf(part, group, eventsOf.get(group) ?? []));
    }
    if (batch.remaining === 0) this.#batches.delete(message.batch);
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
   */
  async commitNow(
    items: readonly CommitItem[],
    changes: readonly SegmentChange[],
    audit: readonly AuditRow[],
  ): Promise<boolean> {
    const { store, holdings, clock, build } = this.#parts;
    const built = buildCommit(items, clock.nowMs(), build);
    const commit = { ...built.commit, changes, audit: [...built.commit.audit, ...audit] };
    const answer = await this.#surely(() => store.commit(commit));
    // What is held of changed segments has an old revision: read again, or decided again, when it is next needed.
    for (const { segment } of changes) holdings.dropSegment(segment);
    if (answer.kind === 'committed') {
      await this.#committed({ ...built, commit });
      return true;
    }
    for (const { segment } of commit.marks) holdings.dropSegment(segment);
    return false;
  }

  flush(): void {
    while (this.#underWay < commitsUnderWayMax && !this.#isIdle && !this.#parts.health.storeIsDead) {
      const items = this.#alone.shift() ?? this.#take();
      const built = buildCommit(items, this.#parts.clock.nowMs(), this.#parts.build);
      this.#underWay += 1;
      void this.#send(built);
    }
  }

  /** Members whose outcome is not durable yet are more than a few commits: the store is behind, claim no more. */
  get isBehind(): boolean {
    return this.#undurable > undurableMax;
  }

  /** Resolves when nothing is pending or under way. */
  async drained(): Promise<void> {
    if (this.#underWay === 0 && this.#isIdle) return;
    await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  /** What the threads were given and will not answer any more goes back into the queue, once they have stopped. */
  async releaseUnfinished(): Promise<void> {
    for (const { parts } of this.#batches.values()) {
      for (const { claim, held, positions } of parts) {
        await this.#parts.queue.release(claim, slicesOf(held.segment.id, positions));
      }
    }
    this.#batches.clear();
  }

  #enqueue(items: readonly CommitItem[]): void {
    this.#pending.push(...items);
    this.#undurable += membersOf(items);
  }

  /** What must be decided again goes first: it is the oldest. */
  #enqueueFirst(items: readonly CommitItem[]): void {
    this.#pending.unshift(...items);
    this.#undurable += membersOf(items);
  }

  get #isIdle(): boolean {
    return this.#pending.length === 0 && this.#alone.length === 0;
  }

  #take(): CommitItem[] {
    let members = 0;
    let count = 0;
    while (
      count < this.#pending.length &&
      (count === 0 || members + this.#pending[count]!.positions.length <= commitMembersMax)
    ) {
      members += this.#pending[count]!.positions.length;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  async #send(built: BuiltCommit): Promise<void> {
    const { store, health } = this.#parts;
    try {
      const startedMs = this.#parts.clock.monotonicMs();
      const answer = await this.#surely(() => store.commit(built.commit)).catch(error => {
        if (error instanceof SqlError) return error;
        throw error;
      });
      this.#parts.metrics.commitMs.record(this.#parts.clock.monotonicMs() - startedMs);
      if (answer instanceof SqlError) return await this.#halve(built.items, answer);
      health.storeSucceeded();
      if (answer.kind === 'committed') await this.#committed(built);
      else this.#enqueueFirst(await this.#decideAgain(built.items));
    } catch (error) {
      // C3: a store that has died has told so already.
      if (!health.storeIsDead) health.mainFailed(error);
    } finally {
      this.#underWay -= 1;
      this.#undurable -= membersOf(built.items);
      this.flush();
      if (this.#underWay === 0 && (this.#isIdle || this.#parts.health.storeIsDead))
        for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** What the store answers, however often it must be asked. A commit that was applied although its answer was lost is
   * recognised by its id (S4). Throws when the store refuses the statement, or has died. */
  async #surely<T>(ask: () => Promise<T>): Promise<T> {
    const { health, clock } = this.#parts;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        health.storeFailed(error);
        if (error instanceof SqlError || health.storeIsDead) throw error;
        await new Promise<void>(resolve => void clock.setTimer(retryStoreMs, resolve));
      }
    }
  }

  async #committed(built: BuiltCommit): Promise<void> {
    const { commit, items } = built;
    const { holdings, queue, results } = this.#parts;
    for (const mark of commit.marks) if (mark.closes) holdings.dropSegment(mark.segment);
    const needed = new Set(commit.segments.map(segment => segment.body));
    for (const body of commit.bodies) if (needed.has(body.id)) holdings.holdBody(body);
    const offers: Offer[] = [];
    for (const segment of commit.segments) {
      holdings.holdSegment(segment);
      if (segment.state === 'ready') offers.push(offerOf(segment, 0, segment.ordinals.length));
    }
    if (offers.length > 0) await queue.offer(offers);
    await this.#settle(items);
    this.#count(built);
    results.ended(built);
    results.left(commit.outcomes, commit.bodies);
    results.stood(commit.segments);
    this.#parts.wake();
  }

  #count(built: BuiltCommit): void {
    const {
      commit: { atMs, outcomes, segments },
      items,
      eventCount,
    } = built;
    const { metrics } = this.#parts;
    const createdAtMs = new Map(items.map(({ held: { segment } }) => [segment.root, segment.createdAtMs]));
    for (const { root, state, ordinals } of outcomes) {
      if (state === 'removed') metrics.removed.add(ordinals.length);
      else metrics.finished.add(ordinals.length);
      metrics.instanceMs.record(atMs - createdAtMs.get(root)!, ordinals.length);
    }
    metrics.auditEvents.add(eventCount);
    for (const { state, attempt, ordinals } of segments) {
      if (state === 'failed') metrics.failed.add(ordinals.length);
      else if (attempt > 0) metrics.retried.add(ordinals.length);
    }
    this.#logFailures(built);
  }

  #logFailures({ items, fates }: BuiltCommit): void {
    const { log } = this.#parts;
    for (const [at, { errors, errorOf, held, outcome }] of items.entries()) {
      if (outcome.kind !== 'failed') continue;
      const fate = fates[at]!;
      for (const [index, { action, code, message }] of (errors ?? []).entries()) {
        const members = Array.prototype.filter.call(errorOf ?? [], (of: number) => of === index).length;
        const fields = { action, code, error: message, members };
        const isFinal = fate.kind === 'stand' && fate.state === 'failed';
        if (isFinal) log.instanceFailed({ workflow: held.segment.name, ...fields });
        else log.actionFailed(fields);
      }
    }
  }

  async #settle(items: readonly CommitItem[]): Promise<void> {
    const byClaim = new Map<string, Slice[]>();
    for (const item of items) {
      if (item.claim === null) continue;
      const slices = byClaim.get(item.claim) ?? [];
      slices.push(...slicesOf(item.held.segment.id, item.positions));
      byClaim.set(item.claim, slices);
    }
    for (const [claim, slices] of byClaim) await this.#parts.queue.settle(claim, slices);
  }

  /** C2: the items on fresh segments: members that have left are dropped, operations that came in between apply. */
  async #decideAgain(items: readonly CommitItem[]): Promise<CommitItem[]> {
    const { store, holdings } = this.#parts;
    const ids = [...new Set(items.map(item => item.held.segment.id))];
    const fresh = new Map(
      (await this.#surely(() => store.segments(ids))).map(segment => [segment.id, holdings.holdSegment(segment)]),
    );
    for (const id of ids) if (!fresh.has(id)) holdings.dropSegment(id);
    const again: CommitItem[] = [];
    const dropped: CommitItem[] = [];
    for (const item of items) {
      const held = fresh.get(item.held.segment.id);
      const isOpen = (at: number): boolean => held !== undefined && !hasBit(held.gone, item.positions[at]!);
      const all = [...item.positions.keys()];
      const open = all.filter(isOpen);
      if (open.length < all.length)
        dropped.push(
          narrowed(
            item,
            all.filter(at => !isOpen(at)),
          ),
        );
      if (held !== undefined && open.length > 0) again.push(...splitByRequests({ ...narrowed(item, open), held }));
    }
    this.#parts.metrics.commitsRefused.add();
    this.#parts.log.commitRefused({
      members: membersOf(again),
      dropped: membersOf(dropped),
    });
    await this.#settle(dropped);
    return again;
  }

  /** C4. */
  async #halve(items: readonly CommitItem[], error: SqlError): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only!.positions.length === 1) {
      this.#enqueueFirst(await this.#decideAgain([refusedByStore(only!, error)]));
      return;
    }
    const parts =
      items.length > 1 ? halves(items) : halves([...only!.positions.keys()]).map(half => [narrowed(only!, half)]);
    for (const part of parts) {
      const again = await this.#decideAgain(part);
      if (again.length === 0) continue;
      this.#alone.push(again);
      this.#undurable += membersOf(again);
    }
  }
}

function membersOf(items: readonly CommitItem[]): number {
  let members = 0;
  for (const { positions } of items) members += positions.length;
  return members;
}

/** A slice of a segment on its way into the queue. */
export function offerOf(segment: Segment, from: number, to: number): Offer {
  return {
    segment: segment.id,
    from,
    to,
    name: segment.name,
    priority: segment.priority,
    eligibleAtMs: segment.eligibleAtMs,
    createdAtMs: segment.createdAtMs,
  };
}
