// Operations on what is running: pause, resume, remove, recover, on an instance, a workflow or a branch.
//
// An operation on many sets bits on their segments: some 200 rows for 100,000 instances (D11). What is executing is not
// touched: its commit meets the new revision, is decided again with the bits, and so stops, or leaves, at its break.
// An operation on one instance moves it to a segment of its own, or, while it executes, notes the bit for it alone.
//
// Invariants:
//   O1. Instances submitted after the call are not touched; a call recovers an instance once, however soon it fails again.
//   O2. What waits is taken out of the queue before the commit and put back if the commit is refused or fails.
//   O3. The count is the number of flow contexts the operation changed.

import { auditRow, type TraceGroup } from '../audit/trace.js';
import { EngineError } from '../observe/errors.js';
import type { Slice } from '../queue/contract.js';
import { clearBitsOf } from '../store/bitmap.js';
import {
  type AuditRow,
  type LocatedContext,
  request,
  type Scope,
  type Segment,
  type SegmentChange,
} from '../store/contract.js';
import { eventCode } from '../workflow/events.js';
import type { CommitItem } from './commit-builder.js';
import { halves } from './commit-items.js';
import { workflowsOf } from './definitions.js';
import { fateAt } from './member-requests.js';
import { offerOf } from './offers.js';
import {
  Counted,
  changeOf,
  isChanged,
  isParked,
  isWanted,
  type Operation,
  unchanged,
  withOwn,
} from './operation-changes.js';
import type { EngineParts } from './parts.js';
import { slicesOf } from './running.js';

/** What an operation names: one instance, or a scope. */
export type Target = { readonly kind: 'instance'; readonly instance: string } | Scope;

export interface OperationResult {
  /** Flow contexts the operation changed. */
  readonly contexts: number;
  /** Segments touched: the rows it cost. */
  readonly segments: number;
}

const pageSegments = 500;
/** Times a segment is decided again when commits come in between, and passes over a scope. */
const attemptsMax = 50;

interface Waiting {
  readonly segment: Segment;
  /** Positions that wait (or stand paused or failed), ascending. */
  readonly waiting: Uint16Array;
  /** Positions that are executing. */
  readonly executing: Uint16Array;
}

export class Operator {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  run(operation: Operation, target: Target, user: string): Promise<OperationResult> {
    return target.kind === 'instance'
      ? this.#onInstance(operation, target.instance, user)
      : this.#onScope(operation, target, user);
  }

  async #onScope(operation: Operation, scope: Scope, user: string): Promise<OperationResult> {
    const { store, clock } = this.#parts;
    const horizonMs = clock.nowMs();
    const counted = new Counted();
    let segments = 0;
    // A commit may move members to a new segment behind the page just read; such a segment lacks the bit and is found
    // by the next pass, also when all that was found had moved before it could be changed. A pass that finds nothing ends
    // it. What has failed stands still: one pass recovers it, and passes over what it has set going and finds again,
    // because it has failed at once.
    for (let pass = 0; pass < attemptsMax; pass++) {
      let touched = 0;
      let found = 0;
      let after: string | null = null;
      for (;;) {
        const page: Segment[] = await store.select(scope, horizonMs, after, pageSegments);
        if (page.length === 0) break;
        after = page[page.length - 1]!.id;
        const wanted = page.filter(
          segment => isWanted(operation, segment) && !(operation === 'recover' && counted.has(segment)),
        );
        found += wanted.length;
        touched += await this.#onSegments(operation, wanted, user, counted);
        if (page.length < pageSegments) break;
      }
      segments += touched;
      if (found === 0 || operation === 'recover') return { contexts: counted.contexts, segments };
    }
    throw contended(operation, scope.kind === 'workflow' ? scope.name : scope.branch, counted.contexts);
  }

  /** Segments changed. What loses a race is read again and decided in halves: the fewer, the sooner one gets through. */
  async #onSegments(operation: Operation, wanted: readonly Segment[], user: string, counted: Counted): Promise<number> {
    let touched = 0;
    const pages = wanted.length === 0 ? [] : [{ segments: wanted, lost: 0 }];
    for (let page = pages.pop(); page !== undefined; page = pages.pop()) {
      const { segments } = page;
      if (await this.#tryOn(operation, segments, user, counted)) {
        touched += segments.length;
        continue;
      }
      const lost = page.lost + 1;
      if (lost === attemptsMax) throw contended(operation, segments[0]!.name, counted.contexts);
      const fresh = await this.#parts.store.segments(segments.map(({ id }) => id));
      const again = fresh.filter(segment => isWanted(operation, segment));
      for (const half of halves(again)) if (half.length > 0) pages.push({ segments: half, lost });
    }
    return touched;
  }

  /** False when something came in between: nothing was changed. */
  async #tryOn(operation: Operation, segments: readonly Segment[], user: string, counted: Counted): Promise<boolean> {
    await this.#parts.definitions.ensure(workflowsOf(segments));
    const sorted = await this.#withdraw(segments);
    if (!(await this.#orPutBack(sorted, () => this.#apply(operation, sorted, user)))) return false;
    for (const { segment, waiting, executing } of sorted) {
      counted.add(segment, waiting, at => isChanged(operation, segment, at));
      counted.add(segment, executing, at => isChanged(operation, segment, at));
    }
    return true;
  }

  /** O2: what was withdrawn for `work` goes back unless it has succeeded, also when it throws. */
  async #orPutBack(sorted: readonly Waiting[], work: () => Promise<boolean>): Promise<boolean> {
    let isDone = false;
    try {
      isDone = await work();
    } finally {
      if (!isDone) await this.#putBack(sorted);
    }
    return isDone;
  }

  /** Take what waits out of the queue; what is claimed is executing (O2). */
  async #withdraw(segments: readonly Segment[]): Promise<Waiting[]> {
    const claimed = new Map<string, Slice[]>();
    const whole = segments.map(segment => ({ segment, from: 0, to: segment.ordinals.length }));
    for (const slice of await this.#takeOut(whole)) {
      claimed.set(slice.segment, [...(claimed.get(slice.segment) ?? []), slice]);
    }
    return segments.map(segment => {
      const open = clearBitsOf(segment.gone, segment.ordinals.length);
      const slices = claimed.get(segment.id) ?? [];
      const isClaimed = (position: number): boolean => slices.some(({ from, to }) => position >= from && position < to);
      return { segment, waiting: open.filter(at => !isClaimed(at)), executing: open.filter(isClaimed) };
    });
  }

  /** O2: a queue that does not answer may have taken them out all the same, or some: they are offered again at once. */
  async #takeOut(parts: readonly { segment: Segment; from: number; to: number }[]): Promise<Slice[]> {
    const { queue } = this.#parts;
    try {
      await queue.withdraw(parts.map(({ segment, from, to }) => ({ segment: segment.id, from, to })));
      return await queue.claimed(parts.map(({ segment }) => segment.id));
    } catch (error) {
      await this.#putBack(
        parts.map(({ segment, from, to }) => ({
          segment,
          waiting: clearBitsOf(segment.gone, segment.ordinals.length).filter(at => at >= from && at < to),
          executing: new Uint16Array(),
        })),
      );
      throw error;
    }
  }

  async #putBack(sorted: readonly Waiting[]): Promise<void> {
    await this.#offer(
      sorted.map(({ segment, waiting }) => ({
        segment,
        positions: waiting.filter(at => fateAt(segment, at) !== 'held'),
      })),
    );
  }

  async #offer(parts: readonly { segment: Segment; positions: Uint16Array }[]): Promise<void> {
    const offers = parts.flatMap(({ segment, positions }) =>
      slicesOf(segment.id, positions).map(({ from, to }) => ({
        ...offerOf(segment, from, to),
        // Others may have committed some of it since it was read.
        redelivered: this.#parts.isShared,
      })),
    );
    if (offers.length > 0) await this.#parts.queue.offer(offers);
    this.#parts.wake();
  }

  /** False when something came in between: nothing was changed. */
  async #apply(operation: Operation, sorted: readonly Waiting[], user: string): Promise<boolean> {
    const { committer, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const changes = sorted.flatMap(({ segment, waiting, executing }) => {
      const change = changeOf(operation, segment, nowMs);
      // What is removed altogether needs no bit.
      return operation === 'remove' && executing.length === 0 && waiting.length > 0 ? [] : [change];
    });
    const items = operation === 'remove' ? sorted.flatMap(entry => this.#itemFor(operation, entry, user)) : [];
    const audit = operation === 'pause' ? this.#deferrals(sorted, user, nowMs) : [];
    if (!(await committer.commitNow(items, changes, audit))) return false;
    if (operation === 'resume' || operation === 'recover') {
      const changed = new Map(changes.map(change => [change.segment, change]));
      // All that is open: what is claimed is left as it is, but a claim that met the pause may be giving it up just now.
      await this.#offer(
        sorted
          .filter(({ segment }) => !isParked(segment))
          .map(({ segment }) => ({
            segment: { ...segment, eligibleAtMs: changed.get(segment.id)!.eligibleAtMs },
            positions: clearBitsOf(segment.gone, segment.ordinals.length),
          })),
      );
    }
    return true;
  }

  #itemFor(operation: Operation, { segment, waiting }: Waiting, user: string): CommitItem[] {
    if (waiting.length === 0) return [];
    const { holdings, definitions, clock } = this.#parts;
    const nowMs = clock.nowMs();
    return [
      {
        held: holdings.holdSegment(segment),
        plan: definitions.byNumber(segment.workflow).plan,
        positions: waiting,
        outcome: {
          kind: 'waiting',
          cause: operation === 'resume' || operation === 'recover' ? operation : 'request',
          eligibleAtMs: operation === 'recover' ? nowMs : segment.eligibleAtMs,
        },
        path: [],
        baseMs: nowMs,
        times: [],
        payload: null,
        reported: false,
        events: [],
        user,
        claim: null,
        requests: operation === 'pause' ? request.pause : operation === 'remove' ? request.remove : 0,
      },
    ];
  }

  /** Paused while waiting: recorded now. What executes records it when it stops, what waits for others when it wakes. */
  #deferrals(sorted: readonly Waiting[], user: string, atMs: number): AuditRow[] {
    const { filter, build } = this.#parts;
    const code = eventCode('DeferringExecutionFlow');
    if (!filter.allows(code)) return [];
    const groups = new Map<string, TraceGroup[]>();
    for (const { segment, waiting } of sorted) {
      if (waiting.length === 0 || isParked(segment)) continue;
      const group: TraceGroup = {
        workflow: segment.workflow,
        ordinals: waiting.map(position => segment.ordinals[position]!),
        path: [],
        baseMs: atMs,
        times: [],
        timesPerMember: 0,
        engine: build.engine,
        user,
        attempt: segment.attempt,
        bodyBefore: segment.body,
        bodyAfter: null,
        events: [[code, -1, -1, 0]],
        message: 'paused',
      };
      groups.set(segment.root, [...(groups.get(segment.root) ?? []), group]);
    }
    return [...groups].map(([root, list]) => auditRow(root, atMs, list));
  }

  async #onInstance(operation: Operation, instance: string, user: string): Promise<OperationResult> {
    const counted = new Counted();
    const recovered = new Set<number>();
    let segments = 0;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const located = await this.#parts.store.locate(instance);
      if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
      if (located.kind === 'left') return { contexts: counted.contexts, segments };
      const [only] = located.contexts;
      const isPlain = only!.segment.context === 0;
      const changing = located.contexts.filter(
        ({ segment, position }) =>
          isChanged(operation, segment, position) && !(operation === 'recover' && recovered.has(segment.context)),
      );
      if (changing.length === 0) return { contexts: counted.contexts, segments };
      if (isPlain && only!.segment.open === 1) {
        segments = await this.#onSegments(operation, [only!.segment], user, counted);
        if (segments > 0) return { contexts: counted.contexts, segments };
        continue; // it has moved on
      }
      if (!(await this.#onMembers(operation, changing, user))) continue;
      segments += changing.length;
      for (const { segment, position } of changing) {
        counted.add(segment, Uint16Array.of(position), () => true);
        recovered.add(segment.context);
      }
      // One that has split meanwhile has contexts that were not read.
      if (isPlain) return { contexts: counted.contexts, segments };
    }
    throw contended(operation, instance, counted.contexts);
  }

  /** Flow contexts of one instance, in one commit. False when something came in between: nothing was changed. */
  async #onMembers(operation: Operation, contexts: readonly LocatedContext[], user: string): Promise<boolean> {
    const claimed = await this.#takeOut(
      contexts.map(({ segment, position }) => ({ segment, from: position, to: position + 1 })),
    );
    // What waits for others stays among them: its bit is read when it wakes, as that of what executes when it stops.
    const stays = (segment: Segment, at: number): boolean =>
      (isParked(segment) && operation !== 'remove') ||
      claimed.some(slice => slice.segment === segment.id && at >= slice.from && at < slice.to);
    const staying = contexts.filter(({ segment, position }) => stays(segment, position));
    const alone = contexts
      .filter(context => !staying.includes(context))
      .map(({ segment, position }) => ({
        segment,
        waiting: Uint16Array.of(position),
        executing: new Uint16Array(),
      }));
    return this.#orPutBack(alone, () => {
      const items = alone.flatMap(entry => this.#itemFor(operation, entry, user));
      const changes = staying.map(({ segment, position }) => {
        if (operation !== 'resume' || (segment.requests & request.pause) === 0) {
          return { ...unchanged(segment), memberRequests: withOwn(operation, segment, [position]) };
        }
        const resumed = this.#resumeAlone(segment, position, at => stays(segment, at), user);
        items.push(...resumed.items);
        return resumed.change;
      });
      return this.#parts.committer.commitNow(items, changes, []);
    });
  }

  /** Resume one that stays in a paused segment: the others that need not stay move to a paused segment of their own, those
   * that do are paused one by one. */
  #resumeAlone(
    segment: Segment,
    position: number,
    stays: (at: number) => boolean,
    user: string,
  ): { items: CommitItem[]; change: SegmentChange } {
    const others = clearBitsOf(segment.gone, segment.ordinals.length).filter(at => at !== position);
    const items = this.#itemFor(
      'pause',
      { segment, waiting: others.filter(at => !stays(at)), executing: new Uint16Array() },
      user,
    );
    const change = {
      ...unchanged(segment),
      requests: segment.requests & ~request.pause,
      memberRequests: withOwn('pause', segment, others.filter(stays)),
    };
    return { items, change };
  }
}

function contended(operation: Operation, target: string, contexts: number): EngineError {
  return new EngineError(
    'OPERATION_CONTENDED',
    `${operation} of ${target}: what it names kept changing; ${contexts} flow contexts were changed, others may not be`,
  );
}
