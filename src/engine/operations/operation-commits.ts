// What of an operation is committed: members that leave their segments, segments that change, what the audit is told.

import { auditRow, type TraceGroup } from '../../audit/trace.js';
import { type AuditRow, request, type Segment, type SegmentChange } from '../../store/contract.js';
import { eventCode } from '../../workflow/events.js';
import { buildCommit, type CommitItem } from '../commit/commit-builder.js';
import { splitByRequests, unrun } from '../commit/commit-items.js';
import type { EngineParts } from '../parts.js';
import { awaitsMutex } from '../shared/gathered.js';
import type { Members } from '../shared/main-line.js';
import { waitsForHandler } from '../shared/unhandled.js';
import { forcedRemoval } from './forced-removal.js';
import { fateAt } from './member-requests.js';
import { type Naming, sharedRenamed } from './naming.js';
import { type Onto, sharedMoved } from './onto.js';
import {
  awaitsRetry,
  bitOf,
  changeOf,
  isChanged,
  isParked,
  type Operation,
  unchanged,
  withOwn,
} from './operation-changes.js';
import type { Successors } from './successors.js';
import { openOf, type Waiting, type Withdrawal } from './withdrawal.js';
import { tellRunning } from './withdrawals.js';

/** Who asks for an operation. */
export interface By {
  readonly user: string;
  /** What takes the place of those it removes; `null`: nothing. */
  readonly successors: Successors | null;
  /** What it renames; absent: it is another operation. */
  readonly naming?: Naming;
  /** Where a recovery has them begin again; absent: where they failed. */
  readonly onto?: Onto;
}

export class OperationCommits {
  readonly #parts: EngineParts;
  readonly #withdrawal: Withdrawal;

  constructor(parts: EngineParts, withdrawal: Withdrawal) {
    this.#parts = parts;
    this.#withdrawal = withdrawal;
  }

  /** False when something came in between: nothing was changed. */
  async apply(operation: Operation, sorted: readonly Waiting[], by: By): Promise<boolean> {
    if (operation === 'takeOff') return this.#takeOff(sorted, by);
    if (operation === 'rename') return this.#rename(sorted, by.naming!);
    if (by.onto !== undefined) return this.#moveOnto(sorted, by.onto, by);
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    // What is removed or moved altogether needs no bit.
    const changing = sorted.filter(
      entry =>
        !this.#isMoved(operation, entry) && !(operation === 'remove' && isWhole(entry) && entry.waiting.length > 0),
    );
    const changes = changing.map(({ segment, executing }) =>
      operation === 'interrupt' && executing.length < segment.open
        ? { ...unchanged(segment), memberRequests: withOwn(operation, segment, executing) }
        : changeOf(operation, segment, nowMs),
    );
    const moving = operation === 'remove' ? sorted : sorted.filter(entry => this.#isMoved(operation, entry));
    const items = moving.flatMap(entry => this.itemsFor(operation, entry, by));
    const audit = operation === 'pause' ? this.#deferrals(sorted, by, nowMs) : [];
    const leaving = sorted.map(({ segment, waiting, executing }) => ({
      segment,
      positions: Uint16Array.of(...waiting, ...executing).filter(at => isChanged(operation, segment, at)),
    }));
    if (!(await this.commit(items, changes, audit, by, leaving))) return false;
    this.tellThreads(operation, new Map(sorted.map(({ segment, executing }) => [segment.id, executing])));
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

  /** What executes here of those it fell on is told, where that may change what it does. @param executing by segment */
  tellThreads(operation: Operation, executing: ReadonlyMap<string, ArrayLike<number>>): void {
    if (operation !== 'interrupt' && operation !== 'remove') return;
    const why = operation === 'interrupt' ? 'interrupted' : 'leaving';
    tellRunning(executing, why, this.#parts.committer.batches, this.#parts.dispatcher);
  }

  /** They leave at once; what executes of them here is ended. */
  async #takeOff(sorted: readonly Waiting[], { user }: By): Promise<boolean> {
    const { committer } = this.#parts;
    const members = sorted.map(({ segment, waiting, executing }) => ({
      segment,
      positions: Uint16Array.of(...waiting, ...executing).sort(),
    }));
    if (!(await committer.commitBuilt(await forcedRemoval(members, user, this.#parts)))) return false;
    committer.withdraw(new Map(members.map(({ segment, positions }) => [segment, positions])), 'removed');
    return true;
  }

  /** What waits goes on in its place in the order of the new name; what executes meets that at its break. */
  async #rename(sorted: readonly Waiting[], naming: Naming): Promise<boolean> {
    const { committer } = this.#parts;
    const changes = sorted.map(({ segment }) => ({ ...unchanged(segment), renamed: naming.of(segment) }));
    const shared = await sharedRenamed(sorted, naming, this.#parts);
    if (!(await committer.commitNow([], changes, [], { shared }))) return false;
    await this.#withdrawal.offer(
      sorted.map(({ segment, waiting }) => ({
        segment: { ...segment, ...naming.of(segment) },
        positions: waiting.filter(at => fateAt(segment, at) !== 'held'),
      })),
    );
    return true;
  }

  /** They begin again in another version. What executes of them is in no error. */
  async #moveOnto(sorted: readonly Waiting[], onto: Onto, by: By): Promise<boolean> {
    const { committer, holdings, clock, build } = this.#parts;
    const moved = sorted.map(entry => ({ ...entry, positions: entry.waiting, onto: onto.of(entry.segment) }));
    const items = moved.flatMap(each =>
      this.itemsFor('recover', each, by).map((item): CommitItem => ({ ...item, onto: each.onto })),
    );
    const shared = await sharedMoved(moved, this.#parts);
    const nothing = { fates: [], segments: [], bodies: [], outcomes: [], roots: [], signalled: [], leaving: new Map() };
    const built = buildCommit(items, clock.nowMs(), build, {
      rows: { ...nothing, shared },
      withdrawn: [],
      held: segment => holdings.holdSegment(segment),
    });
    return committer.commitBuilt(built);
  }

  /** @param leaving those who are replaced, when they are */
  async commit(
    items: readonly CommitItem[],
    changes: readonly SegmentChange[],
    audit: readonly AuditRow[],
    { successors }: By,
    leaving: readonly Members[],
  ): Promise<boolean> {
    const { committer } = this.#parts;
    if (successors === null) return committer.commitNow(items, changes, audit);
    const added = await successors.of(leaving);
    const isDone = await committer.commitNow(items, changes, audit, added);
    if (isDone) successors.stored(added);
    return isDone;
  }

  itemsFor(operation: Operation, { segment, waiting }: Waiting, by: By): CommitItem[] {
    if (waiting.length === 0) return [];
    const { holdings, definitions, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const { plan } = definitions.byNumber(segment.workflow);
    const cause = operation === 'resume' || operation === 'recover' ? operation : 'request';
    const { eligibleAtMs } = changeOf(operation, segment, nowMs);
    const part = { held: holdings.holdSegment(segment), plan, positions: waiting };
    const item = unrun(part, { kind: 'waiting', cause, eligibleAtMs }, nowMs, { user: by.user, requests: 0 });
    return splitByRequests(item).map(each => ({ ...each, requests: askedOf(operation, segment, each.requests) }));
  }

  /** Whether a recovery takes the members out of their segment: of what executes, or is in an error handler, nothing changes. */
  #isMoved(operation: Operation, entry: Waiting): boolean {
    if (operation !== 'recover') return false;
    const { segment } = entry;
    if (waitsForHandler(segment) || awaitsRetry(segment) || !isWhole(entry)) return true;
    return awaitsMutex(segment, this.#parts.definitions.byNumber(segment.workflow).plan);
  }

  /** Paused while waiting: recorded now. What executes records it when it stops, what waits for others when it wakes. */
  #deferrals(sorted: readonly Waiting[], by: By, atMs: number): AuditRow[] {
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
        user: by.user,
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
}

/**
 * What is asked of members that wait when an operation moves them.
 *
 * @param before what was asked of them so far
 */
function askedOf(operation: Operation, { state }: Segment, before: number): number {
  switch (operation) {
    case 'recover':
      // Who was to pause when he wakes pauses where he is recovered.
      return before;
    case 'expedite':
      return (before & request.pause) | bitOf.expedite | (state === 'paused' ? request.pause : 0);
    case 'pause':
    case 'resume':
    case 'remove':
    case 'interrupt':
    case 'takeOff':
    case 'rename':
      return (before & request.expedite) | bitOf[operation];
  }
}

function isWhole({ segment, waiting }: Waiting): boolean {
  return waiting.length === segment.open;
}
