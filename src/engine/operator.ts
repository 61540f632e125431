// Operations on what is running: pause, resume, remove, recover, on an instance, a workflow or a branch.
//
// An operation on many sets bits on their segments: some 200 rows for 100,000 instances (D11). What is executing is not
// touched: its commit meets the new revision, is decided again with the bits, and so stops, or leaves, at its break.
// An operation on one instance moves it to a segment of its own, or, while it executes, notes the bit for it alone.
//
// Invariants:
//   O1. Instances submitted after the call are not touched.
//   O2. What waits is taken out of the queue before the commit and put back if the commit is refused.
//   O3. The count is the number of flow contexts the operation changed.

import { type TraceGroup, traceText } from '../audit/trace.js';
import { EngineError } from '../observe/errors.js';
import type { Slice } from '../queue/contract.js';
import { clearBitsOf, emptyBitmap, hasBit, setBit } from '../store/bitmap.js';
import { type AuditRow, request, type Scope, type Segment, type SegmentChange } from '../store/contract.js';
import { eventCode } from '../workflow/events.js';
import { rootMembersMax } from '../workflow/instance-id.js';
import type { CommitItem } from './commit-builder.js';
import { offerOf } from './committer.js';
import { fateAt, requestsAt } from './member-requests.js';
import type { EngineParts } from './parts.js';
import { slicesOf } from './running.js';

export type Operation = 'pause' | 'resume' | 'remove' | 'recover';

/** What an operation names: one instance, or a scope. */
export type Target = { readonly kind: 'instance'; readonly instance: string } | Scope;

export interface OperationResult {
  /** Flow contexts the operation changed. */
  readonly contexts: number;
  /** Segments touched: the rows it cost. */
  readonly segments: number;
}

const pageSegments = 500;
/** Times a page is decided again when commits come in between. */
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
    const horizonMs = this.#parts.clock.nowMs();
    const counted = new Counted();
    let segments = 0;
    // A commit may move members to a new segment behind the page just read; such a segment lacks the bit and is found
    // by the next pass. A pass that finds nothing ends it.
    for (let pass = 0; pass < attemptsMax; pass++) {
      let touched = 0;
      let after: string | null = null;
      for (;;) {
        const page: Segment[] = await this.#parts.store.select(scope, horizonMs, after, pageSegments);
        if (page.length === 0) break;
        after = page[page.length - 1]!.id;
        const wanted = page.filter(segment => isWanted(operation, segment));
        if (wanted.length > 0) {
          touched += await this.#onSegments(operation, wanted, user, counted);
        }
        if (page.length < pageSegments) break;
      }
      segments += touched;
      if (touched === 0) break;
    }
    return { contexts: counted.contexts, segments };
  }

  /** Segments changed. */
  async #onSegments(operation: Operation, wanted: readonly Segment[], user: string, counted: Counted): Promise<number> {
    let segments = wanted;
    for (let attempt = 0; attempt < attemptsMax && segments.length > 0; attempt++) {
      const sorted = await this.#withdraw(segments);
      if (await this.#apply(operation, sorted, user)) {
        for (const { segment, waiting, executing } of sorted) {
          counted.add(segment, waiting, at => isChanged(operation, segment, at));
          counted.add(segment, executing, at => isChanged(operation, segment, at));
        }
        return segments.length;
      }
      await this.#putBack(sorted);
      segments = (await this.#parts.store.segments(segments.map(({ id }) => id))).filter(segment =>
        isWanted(operation, segment),
      );
    }
    return 0;
  }

  /** Take what waits out of the queue; what is claimed is executing (O2). */
  async #withdraw(segments: readonly Segment[]): Promise<Waiting[]> {
    const { queue } = this.#parts;
    await queue.withdraw(segments.map(({ id, ordinals }) => ({ segment: id, from: 0, to: ordinals.length })));
    const claimed = new Map<string, Slice[]>();
    for (const slice of await queue.claimed(segments.map(({ id }) => id))) {
      claimed.set(slice.segment, [...(claimed.get(slice.segment) ?? []), slice]);
    }
    return segments.map(segment => {
      const open = clearBitsOf(segment.gone, segment.ordinals.length);
      const slices = claimed.get(segment.id) ?? [];
      const isClaimed = (position: number): boolean => slices.some(({ from, to }) => position >= from && position < to);
      return { segment, waiting: open.filter(at => !isClaimed(at)), executing: open.filter(isClaimed) };
    });
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
      slicesOf(segment.id, positions).map(({ from, to }) => offerOf(segment, from, to)),
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
        sorted.map(({ segment }) => ({
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

  /** Paused while waiting: recorded now. What executes records it when it stops. */
  #deferrals(sorted: readonly Waiting[], user: string, atMs: number): AuditRow[] {
    const { filter, build } = this.#parts;
    const code = eventCode('DeferringExecutionFlow');
    if (!filter.allows(code)) return [];
    const groups = new Map<string, TraceGroup[]>();
    for (const { segment, waiting } of sorted) {
      if (waiting.length === 0) continue;
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
    return [...groups].map(([root, list]) => ({ root, atMs, trace: traceText(list) }));
  }

  async #onInstance(operation: Operation, instance: string, user: string): Promise<OperationResult> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const located = await this.#parts.store.locate(instance);
      if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
      if (located.kind === 'left') return { contexts: 0, segments: 0 };
      const { segment, position } = located;
      if (!isChanged(operation, segment, position)) return { contexts: 0, segments: 0 };
      if (segment.open === 1) {
        const counted = new Counted();
        const segments = await this.#onSegments(operation, [segment], user, counted);
        return { contexts: counted.contexts, segments };
      }
      if (await this.#onMember(operation, segment, position, user)) return { contexts: 1, segments: 1 };
    }
    throw new EngineError('STORE_FAILED', `${operation} of ${instance}: the instance kept changing`);
  }

  async #onMember(operation: Operation, segment: Segment, position: number, user: string): Promise<boolean> {
    const { queue, committer } = this.#parts;
    await queue.withdraw([{ segment: segment.id, from: position, to: position + 1 }]);
    const claimed = await queue.claimed([segment.id]);
    const isExecuting = (at: number): boolean => claimed.some(({ from, to }) => at >= from && at < to);
    if (!isExecuting(position)) {
      const alone = { segment, waiting: Uint16Array.of(position), executing: new Uint16Array() };
      if (await committer.commitNow(this.#itemFor(operation, alone, user), [], [])) return true;
      await this.#putBack([alone]);
      return false;
    }
    if (operation === 'resume' && (segment.requests & request.pause) !== 0) {
      return this.#resumeAlone(segment, position, isExecuting, user);
    }
    return committer.commitNow(
      [],
      [{ ...unchanged(segment), memberRequests: withOwn(operation, segment, [position]) }],
      [],
    );
  }

  /** Resume one that executes out of a paused segment: the others that wait move to a paused segment of their own, those
   * that execute are paused one by one. */
  async #resumeAlone(
    segment: Segment,
    position: number,
    isExecuting: (at: number) => boolean,
    user: string,
  ): Promise<boolean> {
    const others = clearBitsOf(segment.gone, segment.ordinals.length).filter(at => at !== position);
    const items = this.#itemFor(
      'pause',
      { segment, waiting: others.filter(at => !isExecuting(at)), executing: new Uint16Array() },
      user,
    );
    const change = {
      ...unchanged(segment),
      requests: segment.requests & ~request.pause,
      memberRequests: withOwn('pause', segment, others.filter(isExecuting)),
    };
    return this.#parts.committer.commitNow(items, [change], []);
  }
}

/** Whether the operation changes anything about one of the segment's open members. */
function isWanted(operation: Operation, segment: Segment): boolean {
  if (segment.memberRequests === null) return isChanged(operation, segment, 0);
  return clearBitsOf(segment.gone, segment.ordinals.length).some(position => isChanged(operation, segment, position));
}

/** Whether the operation changes anything about the member. */
function isChanged(operation: Operation, segment: Segment, position: number): boolean {
  const bits = requestsAt(segment, position);
  switch (operation) {
    case 'pause':
      return segment.state === 'ready' && (bits & (request.pause | request.remove)) === 0;
    case 'resume':
      return segment.state === 'paused' || (bits & request.pause) !== 0;
    case 'remove':
      return (bits & request.remove) === 0;
    case 'recover':
      return segment.state === 'failed';
  }
}

/** The segment's member requests with the operation noted for some members. */
function withOwn(operation: Operation, segment: Segment, positions: ArrayLike<number>): Segment['memberRequests'] {
  const requests = { ...segment.memberRequests };
  for (const position of Array.from(positions)) {
    const ordinal = segment.ordinals[position]!;
    const bits = requests[ordinal] ?? 0;
    if (operation === 'resume') requests[ordinal] = bits & ~request.pause;
    else requests[ordinal] = bits | (operation === 'pause' ? request.pause : request.remove);
  }
  return requests;
}

/** Flow contexts an operation has changed, each counted once however often its commits make it appear (O3). */
class Counted {
  readonly #seen = new Map<string, Uint8Array>();
  contexts = 0;

  add(segment: Segment, positions: Uint16Array, isChanged: (position: number) => boolean): void {
    const seen = this.#seen.get(segment.root) ?? emptyBitmap(rootMembersMax);
    this.#seen.set(segment.root, seen);
    for (const position of positions) {
      const ordinal = segment.ordinals[position]!;
      if (hasBit(seen, ordinal) || !isChanged(position)) continue;
      setBit(seen, ordinal);
      this.contexts += 1;
    }
  }
}

function unchanged(segment: Segment): SegmentChange {
  return {
    segment: segment.id,
    revision: segment.revision,
    state: segment.state,
    attempt: segment.attempt,
    kills: segment.kills,
    eligibleAtMs: segment.eligibleAtMs,
    requests: segment.requests,
    memberRequests: segment.memberRequests,
  };
}

function changeOf(operation: Operation, segment: Segment, nowMs: number): SegmentChange {
  const same = unchanged(segment);
  switch (operation) {
    case 'pause':
      return { ...same, requests: same.requests | request.pause };
    case 'resume':
      return {
        ...same,
        state: 'ready',
        requests: same.requests & ~request.pause,
        memberRequests: withoutPause(same.memberRequests),
      };
    case 'remove':
      return { ...same, requests: same.requests | request.remove };
    case 'recover':
      return { ...same, state: 'ready', attempt: 0, kills: 0, eligibleAtMs: nowMs };
  }
}

function withoutPause(requests: Segment['memberRequests']): Segment['memberRequests'] {
  if (requests === null) return null;
  return Object.fromEntries(Object.entries(requests).map(([ordinal, bits]) => [ordinal, bits & ~request.pause]));
}
