// The claim loop: while the threads have room, claim what is first in order, get its segments and bodies, hand it over.
//
// Nothing is claimed that cannot be handed over soon: the dispatcher says how much (D8). What cannot be handed over
// after all goes back to its place in the queue. Claims whose bodies must be read are read while others run; while the
// store cannot be read nothing is claimed.

import type { Batch } from '../../dispatch/protocol.js';
import type { Timer } from '../../observe/clock.js';
import { faultPoint } from '../../observe/faults.js';
import type { Claim, ClaimedSlice, Slice } from '../../queue/contract.js';
import { hasBit } from '../../store/bitmap.js';
import { workflowsOf } from '../definitions/definitions.js';
import { fateAt } from '../operations/member-requests.js';
import type { EngineParts } from '../parts.js';
import { offerOf } from '../queueing/offers.js';
import { isMonitored, signalledApart } from '../shared/signalled-parts.js';
import { withWorkflowVariables } from '../shared/workflow-variables.js';
import { retryStoreMs } from '../store-trouble.js';
import { batchPart, countOf, type LoadedPart, packed } from './batches.js';
import { sortOut } from './claimed-part.js';
import { bodiesOf, type HeldBody } from './held-body.js';
import type { HeldSegment } from './holdings.js';
import { positionsBetween, slicesOf } from './running.js';

/** Claims whose segments or bodies are being read from the store, at once: 2 drained a cold backlog at 0.50 of the warm
 * rate, 4 at 0.64, 8 at 0.69. */
const readsUnderWayMax = 8;

/** A turn of the claim loop waits for the queue alone; the embedded one answers at once. */
const stuckAfterMs = 10_000;

/** The queue's time is not ours and may be set, and its hints may be lost: an idle loop asks at least this often. */
const lookAgainMs = 5_000;

export class Feeder {
  readonly #parts: EngineParts;
  #running = false;
  #claiming = false;
  #again = false;
  #readsUnderWay = 0;
  #membersLoading = 0;
  #nextBatch = 1;
  #alarm: Timer | null = null;
  /** Runs after a read has failed, until claims are made again. */
  #holdOff: Timer | null = null;
  #turnedAtMs = 0;
  #stopped: (() => void)[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** Resolves when no claim is under way any more: what was being read has gone back. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#endHoldOff();
    if (this.#claiming || this.#readsUnderWay > 0) await new Promise<void>(resolve => this.#stopped.push(resolve));
  }

  #tellStopped(): void {
    if (this.#running || this.#claiming || this.#readsUnderWay > 0) return;
    for (const resolve of this.#stopped.splice(0)) resolve();
  }

  /** False when a claim has been waited for too long: the loop is stuck while the event loop still turns. */
  isProgressing(): boolean {
    if (!this.#claiming) return true;
    return this.#parts.clock.monotonicMs() - this.#turnedAtMs < stuckAfterMs;
  }

  /** Something may be ready, or there is room again. */
  wake(): void {
    if (!this.#running) return;
    this.#again = true;
    if (!this.#claiming) void this.#loop();
  }

  async #loop(): Promise<void> {
    this.#claiming = true;
    try {
      while (this.#again && this.#running) {
        this.#again = false;
        while (this.#running && (await this.#claimOnce()));
      }
    } catch (error) {
      this.#parts.health.mainFailed(error);
    } finally {
      this.#claiming = false;
      this.#tellStopped();
    }
  }

  /** True when another claim may succeed at once. */
  async #claimOnce(): Promise<boolean> {
    const { queue, dispatcher, clock, options, health, committer } = this.#parts;
    await faultPoint('engine.claim');
    this.#turnedAtMs = clock.monotonicMs();
    health.turned(dispatcher.inFlight);
    if (this.#holdOff !== null) return false;
    const limit = Math.min(options.claimMembersMax, dispatcher.appetite() - this.#membersLoading);
    if (limit <= 0 || this.#readsUnderWay >= readsUnderWayMax || committer.isBehind || health.storeIsDead) return false;
    if (!this.#parts.mayClaim()) return false;
    const askedAtMs = clock.monotonicMs();
    const claim = await queue.claim({ limit, leaseMs: options.leaseMs });
    if (claim.kind === 'nothing') {
      this.#awaitDelayed(claim.eligibleInMs);
      return false;
    }
    this.#parts.leases.add(claim);
    if (!(await this.#isInTime(claim, askedAtMs))) return true;
    const loaded = this.#fromHoldings(claim);
    if (loaded !== null) return this.#handOver(claim, loaded);
    this.#readsUnderWay += 1;
    this.#membersLoading += claim.count;
    void this.#readAndHandOver(claim, askedAtMs);
    return true;
  }

  /** False when its lease has ended before anything of it could begin: this engine was asleep. Others have its members. */
  async #isInTime(claim: Claim, askedAtMs: number): Promise<boolean> {
    const { queue, clock, options } = this.#parts;
    if (clock.monotonicMs() - askedAtMs < options.leaseMs) return true;
    await queue.extend([claim.id], options.leaseMs);
    return queue.holds(claim.id);
  }

  async #readAndHandOver(claim: Claim, askedAtMs: number): Promise<void> {
    try {
      const loaded = await this.#read(claim);
      const isOurs = loaded !== null && (await this.#isInTime(claim, askedAtMs));
      // A queue that was lost meanwhile does not know the claim any more, and offers its members anew.
      if (isOurs && this.#parts.queue.holds(claim.id)) await this.#handOver(claim, loaded);
    } catch (error) {
      // Some of it may be executing already: nothing of it is given back.
      this.#parts.health.mainFailed(error);
    } finally {
      this.#readsUnderWay -= 1;
      this.wake();
      this.#tellStopped();
    }
  }

  /** `null` when it cannot be read: it goes back, and is claimed again after a while. */
  async #read(claim: Claim): Promise<LoadedPart[] | null> {
    const { health, queue, clock } = this.#parts;
    try {
      return await this.#fromStore(claim);
    } catch (error) {
      health.storeFailed(error);
      if (this.#running)
        this.#holdOff ??= clock.setTimer(retryStoreMs, () => {
          this.#endHoldOff();
          this.wake();
        });
      await queue.release(claim.id, claim.slices);
      return null;
    } finally {
      this.#membersLoading -= claim.count;
    }
  }

  #endHoldOff(): void {
    this.#holdOff?.cancel();
    this.#holdOff = null;
  }

  #fromHoldings(claim: Claim): LoadedPart[] | null {
    const { holdings, definitions } = this.#parts;
    const loaded: LoadedPart[] = [];
    for (const slice of claim.slices) {
      if (slice.redelivered) return null;
      const held = holdings.segment(slice.segment);
      // What contexts share changes with every commit of one of them.
      if (held === undefined || held.segment.context > 0) return null;
      const { segment } = held;
      if (isMonitored(segment, definitions.byNumber(segment.workflow).plan)) return null;
      const input = holdings.body(segment.root);
      const written = segment.body === null ? null : holdings.body(segment.body);
      if (input === undefined || written === undefined) return null;
      loaded.push(this.#part(claim, slice, held, input, written));
    }
    return loaded;
  }

  async #fromStore(claim: Claim): Promise<LoadedPart[]> {
    const { store, holdings, definitions } = this.#parts;
    // A redelivered slice may have been committed: what is held of it is not to be trusted (D3).
    // What is held is taken now: while the rest is read, it may be dropped or make room for other claims' bodies.
    const segments = new Map<string, HeldSegment>();
    const missing = new Set<string>();
    const redelivered = new Set<string>();
    for (const slice of claim.slices) {
      const held = holdings.segment(slice.segment);
      if (slice.redelivered) redelivered.add(slice.segment);
      if (slice.redelivered || held === undefined) missing.add(slice.segment);
      else segments.set(slice.segment, held);
    }
    for (const id of missing) segments.delete(id);
    const read = missing.size === 0 ? [] : await store.segments([...missing]);
    for (const segment of read) {
      // Another claim may have read it meanwhile, and a commit have moved it on.
      const held = redelivered.has(segment.id) ? undefined : holdings.segment(segment.id);
      segments.set(segment.id, held ?? holdings.holdSegment(segment));
    }
    await definitions.ensure(workflowsOf([...segments.values()].map(({ segment }) => segment)));
    const bodyIds = new Set<string>();
    for (const { segment } of segments.values()) {
      bodyIds.add(segment.root);
      if (segment.body !== null) bodyIds.add(segment.body);
    }
    const bodies = await bodiesOf(bodyIds, { holdings, store });
    const loaded: LoadedPart[] = [];
    for (const slice of claim.slices) {
      const held = segments.get(slice.segment);
      if (held === undefined) continue;
      const { segment } = held;
      const input = bodies.get(segment.root) ?? null;
      const written = segment.body === null ? null : (bodies.get(segment.body) ?? null);
      const missing = input === null ? segment.root : written === null ? segment.body : null;
      loaded.push({ ...this.#part(claim, slice, held, input, written), missing });
    }
    return signalledApart(await withWorkflowVariables(loaded, store), store);
  }

  #part(
    claim: Claim,
    slice: ClaimedSlice,
    held: HeldSegment,
    input: HeldBody | null,
    written: HeldBody | null,
  ): LoadedPart {
    const all = positionsBetween(slice.from, Math.min(slice.to, held.segment.ordinals.length));
    const positions =
      held.open === held.segment.ordinals.length ? all : all.filter(position => !hasBit(held.gone, position));
    return {
      held,
      plan: this.#parts.definitions.byNumber(held.segment.workflow).plan,
      claim: claim.id,
      runsAs: this.#parts.build.runsAs(held.segment.workflow),
      positions,
      reported: null,
      reporting: null,
      withdrawn: null,
      input,
      written,
      missing: null,
      redelivered: slice.redelivered,
    };
  }

  /** Hands over what the threads take; the rest goes back. True when all of it went. */
  async #handOver(claim: Claim, read: readonly LoadedPart[]): Promise<boolean> {
    const { dispatcher, queue, committer, clock } = this.#parts;
    queue.handedOver(claim.id, read);
    if (!this.#running) {
      await queue.release(claim.id, claim.slices);
      return false;
    }
    const loaded = read.map(part => this.#notInHand(part));
    const back: Slice[] = [];
    const heldBack: Slice[] = [];
    let batch: LoadedPart[] = [];
    let room = 0;
    let full = false;
    for (const whole of loaded) {
      const { part, held, items } = sortOut(whole, clock.nowMs());
      heldBack.push(...slicesOf(whole.held.segment.id, held));
      if (items.length > 0) committer.add(items);
      let at = 0;
      while (at < part.positions.length && !full) {
        const capacity = dispatcher.capacity(part.held.segment.workflow, part.held.segment.place);
        if (batch.length > 0 && (room <= 0 || capacity - countOf(batch) <= 0)) {
          this.#run(batch);
          batch = [];
          continue;
        }
        if (batch.length === 0) room = capacity;
        const take = Math.min(part.positions.length - at, Math.min(room, capacity - countOf(batch)));
        if (take <= 0) {
          full = true;
          break;
        }
        const isWhole = at === 0 && take === part.positions.length;
        batch.push(isWhole ? part : { ...part, positions: part.positions.slice(at, at + take) });
        room -= take;
        at += take;
      }
      if (at < part.positions.length) back.push(...slicesOf(part.held.segment.id, part.positions.subarray(at)));
    }
    if (batch.length > 0) this.#run(batch);
    const unheld = this.#unheld(claim, read);
    if (heldBack.length + unheld.length > 0) await this.#parts.queue.settle(claim.id, [...heldBack, ...unheld]);
    if (heldBack.length > 0) await this.#lookAgain(heldBack);
    if (back.length > 0) await this.#parts.queue.release(claim.id, back);
    return back.length === 0;
  }

  /** An engine that was stopped for longer than its lease may claim what it is executing itself: that is not run again, and
   * the claim keeps others from it. */
  #notInHand(part: LoadedPart): LoadedPart {
    if (!part.redelivered) return part;
    const { committer } = this.#parts;
    const { id } = part.held.segment;
    const inHand = committer.inHand(id);
    const adopted = [...part.positions].filter(position => inHand.has(position));
    if (adopted.length === 0) return part;
    committer.adopt(part.claim, id, adopted);
    return { ...part, positions: part.positions.filter(position => !inHand.has(position)) };
  }

  /** A resume that came while they were claimed left it to the claim to run them; so the store is asked once more. */
  async #lookAgain(heldBack: readonly Slice[]): Promise<void> {
    const { store, queue, health } = this.#parts;
    try {
      const fresh = await store.segments([...new Set(heldBack.map(({ segment }) => segment))]);
      const segments = new Map(fresh.map(segment => [segment.id, segment]));
      const offers = heldBack.flatMap(({ segment: id, from, to }) => {
        const segment = segments.get(id);
        if (segment === undefined) return [];
        const free = positionsBetween(from, to).filter(
          at => !hasBit(segment.gone, at) && fateAt(segment, at) !== 'held',
        );
        return slicesOf(id, free).map(({ from, to }) => ({
          ...offerOf(segment, from, to),
          redelivered: this.#parts.isShared,
        }));
      });
      await queue.offer(offers);
      this.wake();
    } catch (error) {
      // What was handed over runs on; what is still held back is offered when it is resumed, or at the next start.
      health.storeFailed(error);
    }
  }

  /** Positions of the claim that no part stands for: members that have left, or whole segments. */
  #unheld(claim: Claim, loaded: readonly LoadedPart[]): Slice[] {
    const held = loaded.reduce((sum, part) => sum + part.positions.length, 0);
    if (held === claim.count) return [];
    const running = new Map<string, Set<number>>();
    for (const part of loaded) {
      const positions = running.get(part.held.segment.id) ?? new Set<number>();
      for (const position of part.positions) positions.add(position);
      running.set(part.held.segment.id, positions);
    }
    return claim.slices.flatMap(({ segment, from, to }) =>
      slicesOf(
        segment,
        positionsBetween(from, to).filter(position => running.get(segment)?.has(position) !== true),
      ),
    );
  }

  #run(parts: readonly LoadedPart[]): void {
    const count = countOf(parts);
    const batch: Batch = {
      id: this.#nextBatch++,
      atMs: this.#parts.clock.nowMs(),
      parts: parts.map(batchPart),
      count,
      inputs: packed(parts, part => part.input),
      written: parts.some(part => part.written !== null) ? packed(parts, part => part.written) : null,
    };
    this.#parts.committer.expect(batch, { parts, remaining: count });
    this.#parts.dispatcher.run(batch);
  }

  #awaitDelayed(inMs: number | null): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    if (!this.#running) return;
    this.#alarm = this.#parts.clock.setTimer(Math.min(inMs ?? lookAgainMs, lookAgainMs), () => this.wake());
    // Looking again is no reason for a process to live; what is delayed is.
    if (inMs === null) this.#alarm.unref();
  }
}
