// Operations on what is running: pause, resume, remove, recover, expedite, on an instance, a workflow or a branch.
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
import { halves, splitByRequests } from './commit-items.js';
import { workflowsOf } from './definitions.js';
import { fateAt } from './member-requests.js';
import {
  awaitsRetry,
  bitOf,
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
import { type Members, onMainLine } from './shared/main-line.js';
import { waitsForHandler } from './shared/unhandled.js';
import { openOf, type Waiting, Withdrawal } from './withdrawal.js';

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

export class Operator {
  readonly #parts: EngineParts;
  readonly #withdrawal: Withdrawal;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#withdrawal = new Withdrawal(parts);
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
      const changed = await this.#tryOn(operation, segments, user, counted);
      if (changed !== null) {
        touched += changed;
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

  /** Segments changed; `null` when something came in between: nothing was changed. */
  async #tryOn(
    operation: Operation,
    segments: readonly Segment[],
    user: string,
    counted: Counted,
  ): Promise<number | null> {
    await this.#parts.definitions.ensure(workflowsOf(segments));
    const open = segments.map(segment => ({ segment, positions: openOf(segment) }));
    const sorted = await (operation === 'recover' ? this.#inError(open) : this.#withdrawal.take(open));
    if (sorted.length === 0) return 0;
    if (!(await this.#withdrawal.orPutBack(sorted, () => this.#apply(operation, sorted, user)))) return null;
    for (const { segment, waiting, executing } of sorted) {
      counted.add(segment, waiting, at => isChanged(operation, segment, at));
      counted.add(segment, executing, at => isChanged(operation, segment, at));
    }
    return sorted.length;
  }

  /** What a recovery begins again, taken out of the queue. What is being tried again just now is in no error. */
  async #inError(members: readonly Members[]): Promise<Waiting[]> {
    const meant = await onMainLine(
      members.map(({ segment, positions }) => ({
        segment,
        positions: positions.filter(at => isChanged('recover', segment, at)),
      })),
      this.#parts.store,
    );
    const sorted = meant.length === 0 ? [] : await this.#withdrawal.take(meant);
    return sorted
      .map(entry => ({ ...entry, executing: new Uint16Array() }))
      .filter(({ waiting }) => waiting.length > 0);
  }

  /** False when something came in between: nothing was changed. */
  async #apply(operation: Operation, sorted: readonly Waiting[], user: string): Promise<boolean> {
    const { committer, clock } = this.#parts;
    const nowMs = clock.nowMs();
    // What is removed or moved altogether needs no bit.
    const changing = sorted.filter(
      entry => !isMoved(operation, entry) && !(operation === 'remove' && isWhole(entry) && entry.waiting.length > 0),
    );
    const changes = changing.map(({ segment }) => changeOf(operation, segment, nowMs));
    const moving = operation === 'remove' ? sorted : sorted.filter(entry => isMoved(operation, entry));
    const items = moving.flatMap(entry => this.#itemFor(operation, entry, user));
    const audit = operation === 'pause' ? this.#deferrals(sorted, user, nowMs) : [];
    if (!(await committer.commitNow(items, changes, audit))) return false;
    if (operation === 'resume' || operation === 'recover' || operation === 'expedite') {
      const changed = new Map(changes.map(change => [change.segment, change]));
      // All that is open: what is claimed is left as it is, but a claim that met the pause may be giving it up just now.
      await this.#withdrawal.offer(
        changing
          .filter(({ segment }) => !isParked(segment) && (operation !== 'expedite' || segment.state === 'ready'))
          .map(({ segment }) => ({
            segment: { ...segment, eligibleAtMs: changed.get(segment.id)!.eligibleAtMs },
            positions: openOf(segment).filter(at => operation !== 'expedite' || fateAt(segment, at) !== 'held'),
          })),
      );
    }
    return true;
  }

  #itemFor(operation: Operation, { segment, waiting }: Waiting, user: string): CommitItem[] {
    if (waiting.length === 0) return [];
    const { holdings, definitions, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const item: CommitItem = {
      held: holdings.holdSegment(segment),
      plan: definitions.byNumber(segment.workflow).plan,
      positions: waiting,
      outcome: {
        kind: 'waiting',
        cause: operation === 'resume' || operation === 'recover' ? operation : 'request',
        eligibleAtMs: changeOf(operation, segment, nowMs).eligibleAtMs,
      },
      path: [],
      baseMs: nowMs,
      times: [],
      payload: null,
      reported: false,
      events: [],
      user,
      claim: null,
      requests: bitOf[operation],
    };
    // Who was to pause when he wakes pauses where he is recovered.
    return operation === 'recover' ? splitByRequests(item) : [item];
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
      const found = located.contexts.filter(
        ({ segment, position }) =>
          isChanged(operation, segment, position) && !(operation === 'recover' && recovered.has(segment.context)),
      );
      const changing = operation === 'recover' ? await this.#onMainLine(found) : found;
      if (changing.length === 0) return { contexts: counted.contexts, segments };
      if (isPlain && only!.segment.open === 1) {
        segments = await this.#onSegments(operation, [only!.segment], user, counted);
        // What has moved on since is in no error; another operation looks for it.
        if (segments > 0 || operation === 'recover') return { contexts: counted.contexts, segments };
        continue;
      }
      const changed = await this.#onMembers(operation, changing, user);
      if (changed === null) continue;
      segments += changed.length;
      for (const { segment, position } of changed) counted.add(segment, Uint16Array.of(position), () => true);
      for (const { segment } of changing) recovered.add(segment.context);
      // One that has split meanwhile has contexts that were not read.
      if (isPlain) return { contexts: counted.contexts, segments };
    }
    throw contended(operation, instance, counted.contexts);
  }

  async #onMainLine(contexts: readonly LocatedContext[]): Promise<LocatedContext[]> {
    const members = contexts.map(({ segment, position }) => ({ segment, positions: Uint16Array.of(position) }));
    const found = await onMainLine(members, this.#parts.store);
    return found.map(({ segment, positions }) => ({ segment, position: positions[0]! }));
  }

  /** Flow contexts of one instance, in one commit. Those changed; `null` when something came in between: none was. */
  async #onMembers(
    operation: Operation,
    contexts: readonly LocatedContext[],
    user: string,
  ): Promise<readonly LocatedContext[] | null> {
    const claimed = await this.#withdrawal.takeOut(
      contexts.map(({ segment, position }) => ({ segment, from: position, to: position + 1 })),
    );
    // What waits for others stays among them: its bit is read when it wakes, as that of what executes when it stops.
    const stays = (segment: Segment, at: number): boolean =>
      (isParked(segment) && (operation === 'pause' || operation === 'resume')) ||
      claimed.some(slice => slice.segment === segment.id && at >= slice.from && at < slice.to);
    const staying = contexts.filter(({ segment, position }) => stays(segment, position));
    const alone = contexts
      .filter(context => !staying.includes(context))
      .map(({ segment, position }) => ({
        segment,
        waiting: Uint16Array.of(position),
        executing: new Uint16Array(),
      }));
    // A recovery leaves what is being tried again just now.
    const changed = operation === 'recover' ? contexts.filter(context => !staying.includes(context)) : contexts;
    if (changed.length === 0) return [];
    const isApplied = await this.#withdrawal.orPutBack(alone, () => {
      const items = alone.flatMap(entry => this.#itemFor(operation, entry, user));
      const changes = (operation === 'recover' ? [] : staying).map(({ segment, position }) => {
        if (operation !== 'resume' || (segment.requests & request.pause) === 0) {
          return { ...unchanged(segment), memberRequests: withOwn(operation, segment, [position]) };
        }
        const resumed = this.#resumeAlone(segment, position, at => stays(segment, at), user);
        items.push(...resumed.items);
        return resumed.change;
      });
      return this.#parts.committer.commitNow(items, changes, []);
    });
    return isApplied ? changed : null;
  }

  /** Resume one that stays in a paused segment: the others that need not stay move to a paused segment of their own, those
   * that do are paused one by one. */
  #resumeAlone(
    segment: Segment,
    position: number,
    stays: (at: number) => boolean,
    user: string,
  ): { items: CommitItem[]; change: SegmentChange } {
    const others = openOf(segment).filter(at => at !== position);
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

/** Whether a recovery takes the members out of their segment: of what executes, or is in an error handler, nothing changes. */
function isMoved(operation: Operation, entry: Waiting): boolean {
  if (operation !== 'recover') return false;
  return waitsForHandler(entry.segment) || awaitsRetry(entry.segment) || !isWhole(entry);
}

function isWhole({ segment, waiting }: Waiting): boolean {
  return waiting.length === segment.open;
}

function contended(operation: Operation, target: string, contexts: number): EngineError {
  return new EngineError(
    'OPERATION_CONTENDED',
    `${operation} of ${target}: what it names kept changing; ${contexts} flow contexts were changed, others may not be`,
  );
}
