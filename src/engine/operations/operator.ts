// Operations on what is running: pause, resume, remove, recover, expedite, interrupt, on an instance, a workflow or a branch.
//
// An operation on many sets bits on their segments: some 200 rows for 100,000 instances (D11). What is executing is not
// touched: its commit meets the new revision, is decided again with the bits, and so stops, or leaves, at its break.
// An operation on one instance moves it to a segment of its own, or, while it executes, notes the bit for it alone.
//
// Invariants:
//   O1. Instances submitted after the call are not touched; a call recovers an instance once, however soon it fails again.
//   O2. What waits is taken out of the queue before the commit and put back if the commit is refused or fails.
//   O3. The count is the number of flow contexts the operation changed.

import { EngineError } from '../../observe/errors.js';
import { type LocatedContext, request, type Scope, type Segment, type SegmentChange } from '../../store/contract.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { halves } from '../commit/commit-items.js';
import { workflowsOf } from '../definitions/definitions.js';
import type { EngineParts } from '../parts.js';
import { type Members, onMainLine } from '../shared/main-line.js';
import { wholeInstances } from './forced-removal.js';
import { Naming, wholeSegments } from './naming.js';
import { Onto, ontoOf } from './onto.js';
import { Counted, isChanged, isParked, isWanted, type Operation, unchanged, withOwn } from './operation-changes.js';
import { type By, OperationCommits } from './operation-commits.js';
import type { OperationOptions, OperationResult, RecoverOptions } from './operation-options.js';
import { Preview } from './operation-preview.js';
import { type RestartChoice, Successors } from './successors.js';
import { openOf, type Waiting, Withdrawal } from './withdrawal.js';

/** What an operation names: one instance, or a scope. */
export type Target = { readonly kind: 'instance'; readonly instance: string } | Scope;

const pageSegments = 500;
/** Times a segment is decided again when commits come in between, and passes over a scope. */
const attemptsMax = 50;

export class Operator {
  readonly #parts: EngineParts;
  readonly #withdrawal: Withdrawal;
  readonly #commits: OperationCommits;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#withdrawal = new Withdrawal(parts);
    this.#commits = new OperationCommits(parts, this.#withdrawal);
  }

  run(operation: Operation, target: Target, user: string, options: OperationOptions = {}): Promise<OperationResult> {
    const { dryRun = false, onProgress } = options;
    if (dryRun) return this.#preview(new Preview(this.#parts, this.#withdrawal, operation), target, onProgress);
    return this.#run(operation, target, { user, successors: null }, onProgress);
  }

  #preview(preview: Preview, target: Target, onProgress: OperationOptions['onProgress']): Promise<OperationResult> {
    return target.kind === 'instance'
      ? preview.ofInstance(target.instance)
      : preview.ofScope(target, pageSegments, onProgress);
  }

  /** In another version when one is named. @throws as `RecoverOptions.onto` says */
  async recover(target: Target, user: string, options: RecoverOptions): Promise<OperationResult> {
    const choice = ontoOf(options);
    if (choice === null) return this.run('recover', target, user, options);
    const { dryRun = false, onProgress } = options;
    // Another engine may have deployed the version just now.
    await this.#parts.definitions.load();
    const onto = new Onto(choice, this.#parts.definitions);
    if (target.kind === 'workflow') onto.named(target.name);
    const preview = new Preview(this.#parts, this.#withdrawal, 'recover', members => onto.look(members));
    const found = await this.#preview(preview, target, dryRun ? onProgress : undefined);
    onto.check();
    return dryRun ? found : this.#run('recover', target, { user, successors: null, onto }, onProgress);
  }

  /**
   * Remove what lives, and store its successors in the same commits.
   *
   * @throws EngineError `WORKFLOW_UNKNOWN`, `OPTION_INVALID`: what of a scope was restarted before that stays so
   */
  async restart(
    target: Target,
    user: string,
    choice: RestartChoice,
    options: OperationOptions,
  ): Promise<OperationResult> {
    if (options.dryRun) return this.run('remove', target, user, options);
    // Another engine may have deployed a version just now.
    await this.#parts.definitions.load();
    const successors = new Successors(this.#parts, choice, user);
    const done = await this.#run('remove', target, { user, successors }, options.onProgress);
    return { contexts: done.contexts, instances: successors.instances, segments: done.segments };
  }

  /**
   * Give what lives in a workflow or branch another name, and store its definitions under that.
   *
   * @throws EngineError `NAMESPACE_INVALID`, `NAME_TAKEN`, `WORKFLOW_UNKNOWN`: nothing was renamed
   */
  async rename(target: Scope, to: string, user: string, options: OperationOptions): Promise<OperationResult> {
    const naming = await Naming.of(target, to, this.#parts);
    if (options.dryRun) return this.run('rename', target, user, options);
    await naming.store();
    return this.#run('rename', target, { user, successors: null, naming }, options.onProgress);
  }

  #run(operation: Operation, target: Target, by: By, onProgress: OperationOptions['onProgress']) {
    return target.kind === 'instance'
      ? this.#onInstance(operation, target.instance, by)
      : this.#onScope(operation, target, by, onProgress);
  }

  async #onScope(
    operation: Operation,
    scope: Scope,
    by: By,
    onProgress: OperationOptions['onProgress'],
  ): Promise<OperationResult> {
    const { store, clock } = this.#parts;
    const horizonMs = clock.nowMs();
    const counted = new Counted();
    let segments = 0;
    // A commit may move members to a new segment behind the page just read; such a segment lacks the bit and is found
    // by the next pass, also when all that was found had moved before it could be changed. A pass that finds nothing ends
    // it. What has failed stands still: one pass recovers it, and passes over what it has set going and finds again,
    // because it has failed at once. What is rolled back begins again at once, and is found so: one pass interrupts it.
    for (let pass = 0; pass < attemptsMax; pass++) {
      let touched = 0;
      let found = 0;
      let after: string | null = null;
      for (;;) {
        const page: Segment[] = await store.select(scope, horizonMs, after, pageSegments);
        if (page.length === 0) break;
        after = page[page.length - 1]!.id;
        const wanted = page.filter(
          segment => isWanted(operation, segment) && !(isOnce(operation) && counted.has(segment)),
        );
        found += wanted.length;
        touched += await this.#onSegments(operation, wanted, by, counted);
        onProgress?.({ contexts: counted.contexts, segments: segments + touched });
        if (page.length < pageSegments) break;
      }
      segments += touched;
      if (found === 0 || isOnce(operation)) return { contexts: counted.contexts, segments };
    }
    throw contended(operation, scope.kind === 'workflow' ? scope.name : scope.branch, counted.contexts);
  }

  /** Segments changed. What loses a race is read again and decided in halves: the fewer, the sooner one gets through. */
  async #onSegments(operation: Operation, wanted: readonly Segment[], by: By, counted: Counted): Promise<number> {
    let touched = 0;
    const pages = wanted.length === 0 ? [] : [{ segments: wanted, lost: 0 }];
    for (let page = pages.pop(); page !== undefined; page = pages.pop()) {
      const { segments } = page;
      const changed = await this.#tryOn(operation, segments, by, counted);
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
  async #tryOn(operation: Operation, segments: readonly Segment[], by: By, counted: Counted): Promise<number | null> {
    await this.#parts.definitions.ensure(workflowsOf(segments));
    const open = segments.map(segment => ({ segment, positions: openOf(segment) }));
    const sorted = await this.#meant(operation, open);
    if (sorted.length === 0) return 0;
    if (!(await this.#withdrawal.orPutBack(sorted, () => this.#commits.apply(operation, sorted, by)))) return null;
    for (const { segment, waiting, executing } of sorted) {
      counted.add(segment, waiting, at => isChanged(operation, segment, at));
      counted.add(segment, executing, at => isChanged(operation, segment, at));
    }
    return sorted.length;
  }

  /** Those of the members that the operation is for. What it has to hold still meanwhile is out of the queue. */
  async #meant(operation: Operation, members: readonly Members[]): Promise<readonly Waiting[]> {
    switch (operation) {
      case 'pause':
      case 'resume':
      case 'remove':
      case 'expedite':
        return this.#withdrawal.take(members);
      case 'recover':
        return this.#inError(members);
      case 'interrupt':
        return this.#executing(members);
      case 'takeOff':
        return this.#withdrawal.take(await wholeInstances(members, this.#parts.store));
      case 'rename':
        return this.#withdrawal.take(await wholeSegments(members, this.#parts.store));
    }
  }

  /** What is to be rolled back: what waits stands at its break already. */
  async #executing(members: readonly Members[]): Promise<readonly Waiting[]> {
    const sorted = await this.#withdrawal.look(members);
    return sorted
      .map(({ segment, executing }) => ({
        segment,
        waiting: new Uint16Array(),
        executing: executing.filter(at => isChanged('interrupt', segment, at)),
      }))
      .filter(({ executing }) => executing.length > 0);
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

  async #onInstance(operation: Operation, instance: string, by: By): Promise<OperationResult> {
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
      if (operation === 'interrupt' || operation === 'takeOff' || by.onto !== undefined) {
        await this.#parts.definitions.ensure(workflowsOf(found.map(({ segment }) => segment)));
        const meant = await this.#meant(operation, membersOf(found));
        const work = () => this.#commits.apply(operation, meant, by);
        if (meant.length > 0 && !(await this.#withdrawal.orPutBack(meant, work))) continue;
        for (const { segment, executing, waiting } of meant) {
          counted.add(segment, executing, () => true);
          counted.add(segment, waiting, () => true);
        }
        return { contexts: counted.contexts, segments: meant.length };
      }
      const changing = operation === 'recover' ? await this.#onMainLine(found) : found;
      if (changing.length === 0) return { contexts: counted.contexts, segments };
      if (isPlain && only!.segment.open === 1) {
        segments = await this.#onSegments(operation, [only!.segment], by, counted);
        // What has moved on since is in no error; another operation looks for it.
        if (segments > 0 || operation === 'recover') return { contexts: counted.contexts, segments };
        continue;
      }
      const changed = await this.#onMembers(operation, changing, by);
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
    const found = await onMainLine(membersOf(contexts), this.#parts.store);
    return found.map(({ segment, positions }) => ({ segment, position: positions[0]! }));
  }

  /** Flow contexts of one instance, in one commit. Those changed; `null` when something came in between: none was. */
  async #onMembers(
    operation: Operation,
    contexts: readonly LocatedContext[],
    by: By,
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
      const items = alone.flatMap(entry => this.#commits.itemsFor(operation, entry, by));
      const changes = (operation === 'recover' ? [] : staying).map(({ segment, position }) => {
        if (operation !== 'resume' || (segment.requests & request.pause) === 0) {
          return { ...unchanged(segment), memberRequests: withOwn(operation, segment, [position]) };
        }
        const resumed = this.#resumeAlone(segment, position, at => stays(segment, at), by);
        items.push(...resumed.items);
        return resumed.change;
      });
      return this.#commits.commit(items, changes, [], by, membersOf(contexts));
    });
    if (!isApplied) return null;
    this.#commits.tellThreads(
      operation,
      new Map(staying.map(({ segment, position }) => [segment.id, Uint16Array.of(position)])),
    );
    return changed;
  }

  /** Resume one that stays in a paused segment: the others that need not stay move to a paused segment of their own, those
   * that do are paused one by one. */
  #resumeAlone(
    segment: Segment,
    position: number,
    stays: (at: number) => boolean,
    by: By,
  ): { items: CommitItem[]; change: SegmentChange } {
    const others = openOf(segment).filter(at => at !== position);
    const items = this.#commits.itemsFor(
      'pause',
      { segment, waiting: others.filter(at => !stays(at)), executing: new Uint16Array() },
      by,
    );
    const change = {
      ...unchanged(segment),
      requests: segment.requests & ~request.pause,
      memberRequests: withOwn('pause', segment, others.filter(stays)),
    };
    return { items, change };
  }
}

function membersOf(contexts: readonly LocatedContext[]): Members[] {
  return contexts.map(({ segment, position }) => ({ segment, positions: Uint16Array.of(position) }));
}

/** Whether what it has set going may look at once as if it had not been. */
function isOnce(operation: Operation): boolean {
  return operation === 'recover' || operation === 'interrupt';
}

function contended(operation: Operation, target: string, contexts: number): EngineError {
  return new EngineError(
    'OPERATION_CONTENDED',
    `${operation} of ${target}: what it names kept changing; ${contexts} flow contexts were changed, others may not be`,
  );
}
