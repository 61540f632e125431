// From outcomes to one commit. Pure but for the ids and held segments it is handed: groups of members with the same
// outcome go through the transition once, and what they need in the store is gathered by segment and by root.
//
// Invariants:
//   B1. Every member of the items leaves its segment exactly once in the commit.
//   B2. Everything a member needs afterwards (new segment, or outcome and result) is in the same commit.
//   B3. Held segments are moved on here, in the order in which commits are sent; a refused commit drops them.

import type { GroupEvents } from '../../audit/events-of.js';
import { auditRow, type MemberTrace, type TraceGroup } from '../../audit/trace.js';
import type { ActionError, MemberEvent, PackedJson } from '../../dispatch/protocol.js';
import { type Next, type Requests, type TransactionOutcome, transition } from '../../flow/transition.js';
import { emptyBitmap, setBit, united } from '../../store/bitmap.js';
import {
  type AuditRow,
  type Body,
  type Commit,
  type FinalState,
  type Mark,
  type Outcome,
  request,
  type Segment,
} from '../../store/contract.js';
import { emptyCommit } from '../../store/empty-commit.js';
import type { ActionExit, Plan } from '../../workflow/plan.js';
import type { HeldSegment } from '../claims/holdings.js';
import { withRuns } from '../deadlines/deadline-rows.js';
import type { IdSource } from '../ids.js';
import type { Moved } from '../operations/onto.js';
import { type RunWorld, withRunHistory } from '../runs/run-rows.js';
import type { SharedFate, SharedRows } from '../shared/decided-rows.js';
import { signalTrace } from '../shared/signalled-members.js';
import { traceGroup } from './commit-trace.js';
import { withEffects } from './effects.js';
import { shapeOf, sharedShape } from './fate-shape.js';
import { narrowed } from './narrowed.js';
import { Packing } from './packing.js';
import { ascending, type Standing, segmentsOf, stand } from './standing.js';

/** Members of one held segment with one outcome. */
export interface CommitItem {
  readonly held: HeldSegment;
  readonly plan: Plan;
  /** Positions in the segment, ascending. */
  readonly positions: Uint16Array;
  readonly outcome: TransactionOutcome;
  /** Names of the actions that ran. */
  readonly path: readonly number[];
  readonly baseMs: number;
  readonly times: ArrayLike<number>;
  readonly payload: PackedJson | null;
  readonly errors?: readonly ActionError[];
  readonly errorOf?: ArrayLike<number>;
  readonly earlierResults?: readonly string[];
  /** JSON of what each member has the commit execute or publish, `''`: nothing. */
  readonly statements?: readonly string[];
  /** When each member came to the trigger that is first on the path; absent: it is none, or was reached now. */
  readonly arrivedMs?: readonly number[];
  /** How the actions of `path` ended; absent: normally, or as the outcome says. */
  readonly exits?: readonly ActionExit[];
  /** Their beginning is in the audit already. */
  readonly reported: boolean;
  readonly events: readonly { member: number; event: MemberEvent }[];
  /** The store has refused what it did, and nothing of that is left in it. */
  readonly isRefused?: true;
  /** They begin again in another version of their workflow. */
  readonly onto?: Moved;
  /** The user they ran as, `null`: their submitter; absent: nothing of them ran. */
  readonly runsAs?: string | null;
  /** Who asked, when an operation is the cause. */
  readonly user?: string;
  /** The claim they ran under, or `null`. */
  readonly claim: string | null;
  /** Operations asked of these members, beyond what the segment says. */
  readonly requests: number;
}

export interface BuiltCommit {
  readonly commit: Commit;
  readonly items: readonly CommitItem[];
  /** What became of the members of each item. */
  readonly fates: readonly Fate[];
  /** Positions of members that leave because of what others of their instance came to, by segment. */
  readonly leaving: ReadonlyMap<Segment, readonly number[]>;
}

/** What became of members: what the transition said, or of one of several contexts what came of it for the instance. */
export type Fate = Next | ({ readonly kind: 'shared' } & Pick<SharedFate, 'after' | 'keepsWork'>);

export interface BuildWorld {
  readonly engine: string;
  readonly ids: IdSource;
  readonly events: GroupEvents;
  readonly memberTrace: (
    member: number,
    event: MemberEvent,
    path: readonly number[],
    baseMs: number,
  ) => MemberTrace | null;
  /** Events show what was written (`showsVariables`): a body is the audit's, too. */
  readonly showsVariables: boolean;
  readonly runs: RunWorld;
  /** Who it runs as; `null`: as its submitter. */
  readonly runsAs: (workflow: number) => string | null;
}

/** Requests as the transition reads them. */
export function requestsOf(bits: number): Requests {
  return {
    pause: (bits & request.pause) !== 0,
    remove: (bits & request.remove) !== 0,
    interrupt: (bits & request.interrupt) !== 0,
    expedite: (bits & request.expedite) !== 0,
  };
}

interface Leaving {
  readonly held: HeldSegment;
  readonly bits: Uint8Array;
  count: number;
}

interface Left {
  readonly held: HeldSegment;
  readonly state: FinalState;
  readonly ordinals: number[];
  hasBody: boolean;
}

interface RootWork {
  readonly root: string;
  readonly bodyId: string;
  readonly packing: Packing;
  readonly standing: Map<string, Standing>;
  readonly left: Map<string, Left>;
  readonly groups: TraceGroup[];
}

/** What follows for the item's members, going by themselves. */
export function nextOf(item: CommitItem, atMs: number): Next {
  const { place, transaction, attempt, kills } = item.held.segment;
  return transition(item.plan, { place, transaction, attempt, kills }, item.outcome, requestsOf(item.requests), atMs);
}

/** The part of a commit that concerns instances with several contexts, and copies of the segments it takes them out of. */
export interface SharedPart {
  readonly rows: SharedRows;
  /** Of contexts that leave by it, whatever they came to. */
  readonly withdrawn: readonly CommitItem[];
  readonly held: (segment: Segment) => HeldSegment;
}

/** @param shared what was decided for the other items, which concern several contexts */
export function buildCommit(
  items: readonly CommitItem[],
  atMs: number,
  world: BuildWorld,
  shared: SharedPart | null = null,
): BuiltCommit {
  const leaving = new Map<HeldSegment, Leaving>();
  const roots = new Map<string, RootWork>();
  const fates: Fate[] = [];
  for (const item of items) {
    const root = rootWork(roots, item.held.segment, world.ids);
    leave(leaving, item.held, item.positions);
    const { segment } = item.held;
    const next = nextOf(item, atMs);
    fates.push(next);
    const ordinals = ordinalsAt(segment.ordinals, item.positions);
    const keptPayload = item.payload !== null;
    if (keptPayload) root.packing.add(ordinals, item.payload!);
    place(root, item, next, ordinals, keptPayload);
    addTrace(root, traceGroup(item, ordinals, shapeOf(next), keptPayload ? root.bodyId : null, world));
  }
  if (shared === null)
    return {
      items,
      fates,
      leaving: new Map(),
      commit: finish(assemble(leaving, roots, atMs, world), items, items, fates, [], world),
    };
  const { rows, held } = shared;
  const all = [...items];
  for (const { item: whole, members } of rows.fates.filter(({ item }) => wasEnded(item))) {
    const item = narrowed(whole, members);
    const begun = { after: 'moved', starts: 0, keepsWork: true } as const;
    const group = traceGroup(item, ordinalsAt(item.held.segment.ordinals, item.positions), begun, null, world);
    addTrace(rootWork(roots, item.held.segment, world.ids), group);
  }
  for (const each of rows.signalled) addTrace(rootWork(roots, each, world.ids), signalTrace(each, atMs, world));
  for (const fate of rows.fates) {
    const item = narrowed(fate.item, fate.members);
    const root = rootWork(roots, item.held.segment, world.ids);
    leave(leaving, item.held, item.positions);
    const ordinals = ordinalsAt(item.held.segment.ordinals, item.positions);
    const told = wasEnded(item) ? { ...item, path: [], times: [] } : item;
    addTrace(root, traceGroup(told, ordinals, sharedShape(fate), fate.body, world));
    fates.push({ kind: 'shared', after: fate.after, keepsWork: fate.keepsWork });
    all.push(item);
  }
  const told = [...all];
  for (const item of shared.withdrawn) {
    fates.push({ kind: 'shared', after: 'ended', keepsWork: false });
    all.push(item);
  }
  for (const [segment, positions] of rows.leaving) leave(leaving, held(segment), positions);
  const commit = assemble(leaving, roots, atMs, world);
  const whole = {
    ...commit,
    segments: [...commit.segments, ...rows.segments],
    shared: rows.shared,
    roots: rows.roots,
    bodies: [...commit.bodies, ...rows.bodies],
    outcomes: [...commit.outcomes, ...rows.outcomes],
  };
  return {
    items: all,
    fates,
    leaving: rows.leaving,
    commit: finish(whole, all, told, fates, rows.leaving.keys(), world),
  };
}

/** It had begun and was ended for a signal: that is told between its beginning and what comes of it. */
function wasEnded({ outcome, path }: CommitItem): boolean {
  return outcome.kind === 'waiting' && path.length > 0;
}

function finish(
  commit: Commit,
  items: readonly CommitItem[],
  told: readonly CommitItem[],
  fates: readonly Fate[],
  leaving: Iterable<Segment>,
  world: BuildWorld,
): Commit {
  const whole = withEffects(world.showsVariables ? commit : withWorking(commit), items, fates);
  return withRunHistory(withRuns(whole, items, world.ids), told, leaving, world.runs, world.ids);
}

/** With bodies that no outcome names as working ones; what no segment names either, nobody will ask for. */
function withWorking(commit: Commit): Commit {
  const ended = new Set(commit.outcomes.map(({ body }) => body));
  const standing = new Set(commit.segments.map(({ body }) => body));
  return {
    ...commit,
    bodies: commit.bodies.filter(({ id }) => ended.has(id)),
    working: commit.bodies.filter(({ id }) => !ended.has(id) && standing.has(id)),
  };
}

/** Contexts of one instance each have a body of their own. */
function rootWork(
  roots: Map<string, RootWork>,
  { root, context }: Pick<Segment, 'root' | 'context'>,
  ids: IdSource,
): RootWork {
  const key = context === 0 ? root : `${root} ${context}`;
  let work = roots.get(key);
  if (work === undefined) {
    work = { root, bodyId: ids.next(), packing: new Packing(), standing: new Map(), left: new Map(), groups: [] };
    roots.set(key, work);
  }
  return work;
}

function leave(leaving: Map<HeldSegment, Leaving>, held: HeldSegment, positions: ArrayLike<number>): void {
  let entry = leaving.get(held);
  if (entry === undefined) {
    entry = { held, bits: emptyBitmap(held.segment.ordinals.length), count: 0 };
    leaving.set(held, entry);
  }
  for (let at = 0; at < positions.length; at++) setBit(entry.bits, positions[at]!);
  entry.count += positions.length;
}

/** New segment or outcome of the item's members. */
function place(root: RootWork, item: CommitItem, next: Next, ordinals: Uint16Array, hasPayload: boolean): void {
  const { segment } = item.held;
  switch (next.kind) {
    case 'leave': {
      const key = `${segment.workflow} ${next.state}`;
      let left = root.left.get(key);
      if (left === undefined) {
        left = { held: item.held, state: next.state, ordinals: [], hasBody: false };
        root.left.set(key, left);
      }
      if (hasPayload && next.state === 'finished') left.hasBody = true;
      for (const ordinal of ordinals) left.ordinals.push(ordinal);
      return;
    }
    case 'act':
    case 'hand':
      throw new Error('what concerns other contexts is decided with them');
    case 'stand': {
      stand(root.standing, item, next, ordinals, next.keepsWork && hasPayload ? root.bodyId : segment.body);
      return;
    }
  }
}

function addTrace(root: RootWork, group: TraceGroup | null): void {
  if (group !== null) root.groups.push(group);
}

function assemble(
  leaving: Map<HeldSegment, Leaving>,
  roots: Map<string, RootWork>,
  atMs: number,
  world: BuildWorld,
): Commit {
  const marks: Mark[] = [];
  const spent = new Set<string>();
  for (const { held, bits, count } of leaving.values()) {
    marks.push({
      segment: held.segment.id,
      revision: held.segment.revision,
      leaving: bits,
      positions: held.segment.ordinals.length,
      count,
    });
    held.open -= count;
    if (held.open === 0 && !world.showsVariables && held.segment.body !== null) spent.add(held.segment.body);
    held.gone = united(held.gone, bits);
  }
  // Rows are taken in id order, so that coordinators sharing segments cannot deadlock (D6).
  marks.sort((a, b) => (a.segment < b.segment ? -1 : 1));
  const segments: Segment[] = [];
  const bodies: Body[] = [];
  const outcomes: Outcome[] = [];
  const audit: AuditRow[] = [];
  for (const work of roots.values()) {
    const { root } = work;
    if (work.packing.size > 0) bodies.push({ id: work.bodyId, root, ...work.packing.finish() });
    segments.push(...segmentsOf(work.standing, world.ids));
    for (const { held, state, ordinals, hasBody } of work.left.values()) {
      outcomes.push({
        root,
        workflow: held.segment.workflow,
        name: held.segment.name,
        state,
        finishedAtMs: atMs,
        ordinals: ascending(ordinals),
        body: hasBody ? work.bodyId : null,
      });
    }
    if (work.groups.length > 0) audit.push(auditRow(root, atMs, work.groups));
  }
  return { ...emptyCommit(world.ids.next(), atMs), marks, segments, bodies, spent: [...spent], outcomes, audit };
}

/** What an operation, or a delivery, adds to what its members come to. */
export type AddedToCommit = Pick<
  Commit,
  'roots' | 'bodies' | 'segments' | 'shared' | 'names' | 'freedNames' | 'consumed'
>;

/** A commit with instances that begin by it. */
export function withAdded(commit: Commit, added: Partial<AddedToCommit>): Commit {
  return {
    ...commit,
    roots: [...commit.roots, ...(added.roots ?? [])],
    bodies: [...commit.bodies, ...(added.bodies ?? [])],
    segments: [...commit.segments, ...(added.segments ?? [])],
    shared: [...commit.shared, ...(added.shared ?? [])],
    names: [...commit.names, ...(added.names ?? [])],
    freedNames: [...commit.freedNames, ...(added.freedNames ?? [])],
    consumed: added.consumed ?? [],
  };
}

function ordinalsAt(ordinals: Uint16Array, positions: Uint16Array): Uint16Array {
  const first = positions[0]!;
  const last = positions[positions.length - 1]!;
  if (last - first + 1 === positions.length) return ordinals.subarray(first, last + 1);
  return positions.map(position => ordinals[position]!);
}
