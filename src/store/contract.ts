// The Store contract: where instances, results and audit are durable. Homes: PGlite on disk, PGlite in memory,
// PostgreSQL. Every call is one message with one answer; nothing is held open, so a home can be a thread or a
// socket away.
//
// Words:
//   root     up to 500 instances submitted together share one id, the root; an instance's id is the root's UUIDv7 with
//            its ordinal in the low 16 bits. Their inputs are one row, a body, written once.
//   segment  instances of one root at the same place of the same workflow, alike in priority, key and eligible time:
//            the unit that is claimed, marked and moved. A segment of one is the row of an instance on its own.
//   body     JSON texts of some members of a root, packed: inputs, or what a transaction wrote. A body never changes; a
//            working one, which only segments name, goes when none does any more.
//
// Guarantees:
//   S1. What `commit` has acknowledged survives the process and, with strict durability, the machine.
//   S2. A commit is applied whole or not at all; a member leaves a segment once (first commit wins).
//   S3. A commit whose `revision` of a segment is out of date is refused: an operation came first.
//   S4. A commit sent again with the same id is recognised and not applied twice.
//   S5. Of the commits that bring a root under the same key one is applied, as long as the root's body is kept.

import type { DeadlineChanges, Deadlines } from './deadlines.js';
import type { Members } from './members.js';
import type { MessageKey, Messages, Publication } from './messages.js';
import type { RunChanges, Runs } from './runs.js';
import type { SettingChange, Settings } from './settings.js';

/** Members of a root by ordinal, ascending, 0 to 499. */
export type Ordinals = Uint16Array;

/** What operations have asked of a segment's members, as bits. `expedite` holds until a trigger has fired for it. */
export const request = { pause: 1, remove: 2, interrupt: 4, expedite: 8 } as const;

/** Eligible time of what waits for no time: the last one a date can have. */
export const neverMs = 8_640_000_000_000_000;

/** `joining`: has arrived at a join, or finished as one of a group. `waiting`: for a scope it opened, or a mutex. Neither is
 * ever in a queue. */
export type SegmentState = 'ready' | 'paused' | 'failed' | 'joining' | 'waiting';

export interface Segment {
  readonly id: string;
  readonly root: string;
  /** Body with what earlier transactions of the members wrote (one JSON object a member); `null`: only their input. */
  readonly body: string | null;
  /** Number of the workflow version whose plan the members follow, from `Store.putWorkflow`. */
  readonly workflow: number;
  /** Full name, `/branch/name`, of the workflow the members were submitted to: also while they follow one that it calls. */
  readonly name: string;
  /** The members' own priority, or `null` when inherited. */
  readonly priority: number | null;
  /** Whose the members are, as they were submitted; `null`: nobody has said. */
  readonly key: string | null;
  readonly place: number;
  /** The action at `place` has run: what follows is the flows out of it. */
  readonly hasRun: boolean;
  /** Number of the flow context in each member's instance. 0: the instance has one context, and nothing shared. */
  readonly context: number;
  /** Scope of the contexts in their instances (`flow/shared-state.ts`). */
  readonly scope: number;
  readonly transaction: number;
  readonly attempt: number;
  readonly kills: number;
  readonly state: SegmentState;
  readonly eligibleAtMs: number;
  /** The trigger at `place` has been polled and has not fired: the members wait for `eligibleAtMs`, or before that for the event
   * of this name; empty: for the time alone, or an operator who expedites them. `null`: they do not wait for a trigger. */
  readonly waitsFor: string | null;
  readonly createdAtMs: number;
  /** The root's ordinals of the members, by position. */
  readonly ordinals: Ordinals;
  /** Members that have not left. */
  readonly open: number;
  /** Bit map by position, high bit of the first byte first: 1 = has left. */
  readonly gone: Uint8Array;
  /** Bits of `request` that hold for all members. */
  readonly requests: number;
  /** Bits of `request` by ordinal, for members on which an operation fell while they were executing. */
  readonly memberRequests: Readonly<Record<string, number>> | null;
  /** What the members failed with; `null` unless they stand FAILED, or wait for an error handler. */
  readonly failures: Failures | null;
  /** Grows with each operation that touches the segment. */
  readonly revision: number;
}

/** An error as it is kept with an instance. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly action: string;
  /** Attempts of the transaction by then, from 1. */
  readonly attempt: number;
  readonly stack: string;
  /** What the error handler gave up with, when one did. */
  readonly handler?: { readonly code: string; readonly message: string; readonly action: string };
}

/** Errors of a segment's members. */
export interface Failures {
  /** The different ones. */
  readonly errors: readonly Failure[];
  /** By position in the segment: index of the member's error. Empty: all had the first one. */
  readonly of: readonly number[];
}

/** Packed JSON texts: member `i` of `ordinals` is `bytes[offsets[i] .. offsets[i + 1]]`. */
export interface Body {
  readonly id: string;
  readonly root: string;
  readonly ordinals: Ordinals;
  /** One more than members; starts with 0. */
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** The body of a root also says who submitted it and when; its id is the root. */
export interface RootBody extends Body {
  readonly submitter: string;
  readonly createdAtMs: number;
}

/** An instance by its root and ordinal. */
export interface InstanceKey {
  readonly root: string;
  readonly ordinal: number;
}

/** What the flow contexts of an instance share. */
export interface Shared extends InstanceKey {
  /** Number of the workflow version, and its full name. */
  readonly workflow: number;
  readonly name: string;
  /** Grows by one with each change. */
  readonly version: number;
  /** JSON text (`flow/shared-state.ts`). */
  readonly state: string;
}

/** A change of what contexts share, at most one an instance and commit. Refused as stale when its version is not the one
 * that is stored. */
export interface SharedChange extends InstanceKey {
  readonly workflow: number;
  readonly name: string;
  /** As it was read; 0: there was nothing. */
  readonly version: number;
  /** `null`: nothing is shared any more; the row goes. Never with version 0. */
  readonly state: string | null;
}

/** Flow contexts of an instance; `contexts` null: all of them. */
export interface ContextsOf extends InstanceKey {
  readonly contexts: readonly number[] | null;
}

/** Members leaving a segment. A segment in which nobody stays goes. */
export interface Mark {
  readonly segment: string;
  readonly revision: number;
  /** Bit map like `Segment.gone`, same length. */
  readonly leaving: Uint8Array;
  /** Positions the segment has: bits in `leaving`. */
  readonly positions: number;
  /** Bits set in `leaving`. */
  readonly count: number;
}

/** Members that are still in a segment, whatever else has become of it. */
export interface Guard {
  readonly segment: string;
  /** Bit map like `Segment.gone`, same length. */
  readonly members: Uint8Array;
  /** Positions the segment has: bits in `members`. */
  readonly positions: number;
}

/** An operation's change of a whole segment. Its failures stay while it stands FAILED or waits, and go when it no longer does. */
export interface SegmentChange {
  readonly segment: string;
  /** The revision it was read with; the change makes it one more. */
  readonly revision: number;
  readonly state: SegmentState;
  readonly attempt: number;
  readonly kills: number;
  readonly eligibleAtMs: number;
  readonly requests: number;
  readonly memberRequests: Readonly<Record<string, number>> | null;
  /** Number of the version and name that its members have from now on. Absent: those they have. */
  readonly renamed?: { readonly workflow: number; readonly name: string };
}

export type FinalState = 'finished' | 'removed';

/** Instances that have left: kept until the history expires, never filtered. */
export interface Outcome {
  readonly root: string;
  readonly workflow: number;
  readonly name: string;
  readonly state: FinalState;
  readonly finishedAtMs: number;
  readonly ordinals: Ordinals;
  /** Body holding the members' results (JSON, one a member), or `null` when they have none. */
  readonly body: string | null;
}

/** One audit row: events of members of one root, or of the engine itself (`root` null). See `src/audit/trace.ts`. */
export interface AuditRow {
  readonly root: string | null;
  readonly atMs: number;
  /** JSON text of `TraceGroup[]`. */
  readonly trace: string;
  /** How many events it holds; counted, not stored. */
  readonly events: number;
}

/** A name given by the submitter. */
export interface GivenName {
  readonly name: string;
  readonly instance: string;
}

/** One atomic, durable change. A submit, a transaction's end and an operation are all commits. */
/** A statement of a workflow. */
export interface StatementEffect {
  /** Whose it is. */
  readonly instance: string;
  readonly sql: string;
  /** In PostgreSQL's text format. */
  readonly parameters: readonly (string | null)[];
}

export interface Commit {
  readonly id: string;
  readonly atMs: number;
  readonly marks: readonly Mark[];
  readonly changes: readonly SegmentChange[];
  /** What must hold for the rest to be true: a guard whose segment or members have gone refuses the commit as stale. */
  readonly guards: readonly Guard[];
  readonly segments: readonly Segment[];
  /** What contexts of instances share; fences like `marks`. */
  readonly shared: readonly SharedChange[];
  /** Executed behind the fences, in this order. One that is refused refuses the commit. Default: none. */
  readonly statements?: readonly StatementEffect[];
  /** Published at `atMs`, in this order; one that is refused refuses the commit. Default: none. */
  readonly messages?: readonly Publication[];
  /** Messages that their publishers may have afterwards. Default `backlogMax`. */
  readonly backlogMax?: number;
  /** Messages that go by this commit; a fence like `marks`. Default: none. */
  readonly consumed?: readonly MessageKey[];
  readonly roots: readonly RootBody[];
  readonly bodies: readonly Body[];
  /** Bodies that only segments name, no outcome and no audit event: each goes with the last segment that names it. */
  readonly working: readonly Body[];
  /** Bodies of segments that go by this commit: those that are working ones, and that no segment names any more, go too. */
  readonly spent: readonly string[];
  readonly outcomes: readonly Outcome[];
  readonly audit: readonly AuditRow[];
  /** Names taken by this commit; one already taken refuses it. */
  readonly names: readonly GivenName[];
  /** Names given up by this commit (`onConflict: replace`); one that belongs to another instance by now is left alone. */
  readonly freedNames: readonly GivenName[];
  /** Ids of roots of this commit that a client made; one whose root was stored before refuses it (S5). */
  readonly keys: readonly string[];
  /** Deadlines that begin, end with their runs, or have been told of. Default: none. */
  readonly deadlines?: DeadlineChanges;
  /** Runs that begin and end, and what they took. Default: none. */
  readonly runs?: RunChanges;
  /** A property of the runtime configuration that is set or taken away. Default: none. */
  readonly setting?: SettingChange;
  /** Settings that there may be afterwards. Default `settingsMax`. */
  readonly settingsMax?: number;
}

export type CommitAnswer =
  /** `isRepeat`: by an earlier sending, whose answer was lost. What it made may have been read, and committed, since. */
  | { readonly kind: 'committed'; readonly isRepeat?: boolean }
  /** Nothing was applied: the root of one of the keys is there already. */
  | { readonly kind: 'key-known' }
  /** Nothing was applied: a segment has changed since it was read. Read it again and decide again. */
  | { readonly kind: 'stale' }
  /** Nothing was applied: one of the names is taken. */
  | { readonly kind: 'name-taken' };

export interface WorkflowVersion {
  /** Number of this version in the store. */
  readonly number: number;
  readonly name: string;
  /** 1, 2, 3 ... within the name. */
  readonly version: number;
  /** JSON text of the definition, and the folder its module paths are relative to. */
  readonly definition: string;
  readonly baseFolder: string;
  readonly createdAtMs: number;
}

/** Which segments an operation or a listing means. */
export type Scope =
  | { readonly kind: 'workflow'; readonly name: string }
  /** All below a branch; the name ends with `/`. */
  | { readonly kind: 'branch'; readonly branch: string };

/** A place in the order of `sleeping`. */
export type Sleeper = Pick<Segment, 'id' | 'eligibleAtMs'>;

/** A flow context of an instance. */
export interface LocatedContext {
  readonly segment: Segment;
  readonly position: number;
}

/** Where one instance is. */
export type Located =
  /** Its flow contexts, by number; usually one. */
  | { readonly kind: 'open'; readonly instance: string; readonly contexts: readonly LocatedContext[] }
  | { readonly kind: 'left'; readonly instance: string; readonly outcome: Outcome };

/** A column value as text; `null` is SQL's. */
export type TextRow = (string | null)[];

/** What one round of housekeeping did. */
export interface HouseReport {
  /** Generations opened, by ring. */
  readonly rotated: readonly string[];
  /** Bodies of instances still open that were carried into the new generation. */
  readonly bodiesCarried: number;
  readonly checkpointed: boolean;
  readonly vacuumed: boolean;
  /** Longest single step, milliseconds. */
  readonly longestMs: number;
}

export interface StoreInfo {
  readonly kind: 'pglite-disk' | 'pglite-memory' | 'postgresql';
  /** Human-readable place: a folder, `memory`, or a URL without password. */
  readonly location: string;
  readonly durability: 'strict' | 'relaxed' | 'none';
}

export interface Store {
  /** The store's own, for its whole life. A copy of a store has the same. */
  readonly id: string;
  readonly info: StoreInfo;
  /** The engines that share this store. */
  readonly members: Members;
  readonly messages: Messages;
  /** When instances and runs are to be over. */
  readonly deadlines: Deadlines;
  /** The history of runs. */
  readonly runs: Runs;
  /** Properties of the runtime configuration that were set by operation. */
  readonly settings: Settings;

  /** Store a definition under its name, as a new version unless the newest is the same. */
  putWorkflow(name: string, definition: string, baseFolder: string, atMs: number): Promise<WorkflowVersion>;
  /** The versions with numbers above `after`, in order of numbers, in which they become visible. Default: all. */
  workflows(after?: number): Promise<WorkflowVersion[]>;

  /** Apply a commit. Resolves only when it is durable. Many calls at once share one transaction and one fsync. */
  commit(commit: Commit): Promise<CommitAnswer>;

  /** The segments that still exist among `ids`, in no order. */
  segments(ids: readonly string[]): Promise<Segment[]>;
  /**
   * Open segments in id order after `after`, at most `limit`, and none when there are no more; for rebuilding a queue. What
   * waits at a trigger for a time after `horizonMs` is passed over, except for one where a page would come to none.
   */
  scan(after: string | null, limit: number, horizonMs: number): Promise<Segment[]>;
  /** Open segments in `scope` created at or before `horizonMs`, in id order after `after`, at most `limit`. */
  select(scope: Scope, horizonMs: number, after: string | null, limit: number): Promise<Segment[]>;
  /**
   * Segments that wait at a trigger (`waitsFor`), stand ready and become eligible after `fromMs` and up to `toMs`, in order of
   * that time, then of ids, behind `after`; at most `limit`.
   */
  sleeping(fromMs: number, toMs: number, after: Sleeper | null, limit: number): Promise<Segment[]>;
  /** Bodies by id, inputs (by root id) and written ones alike. */
  bodies(ids: readonly string[]): Promise<Body[]>;
  /** What contexts share, of those of `instances` that have several. */
  shared(instances: readonly InstanceKey[]): Promise<Shared[]>;
  /** Open segments of instances with several contexts in which the asked ones are members; each once, in id order. */
  contextsOf(asked: readonly ContextsOf[]): Promise<Segment[]>;
  /** One instance by id. */
  locate(instance: string): Promise<Located | null>;
  /** What has ended of some roots, and what of them stands FAILED. */
  endsOf(roots: readonly string[]): Promise<{ readonly outcomes: Outcome[]; readonly failed: Segment[] }>;
  /** Ids of the instances with given names, living or in history; a name nobody has is not in the answer. */
  named(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** What a root's body says of itself. */
  origin(root: string): Promise<{ submitter: string; createdAtMs: number } | null>;

  /** A read-only query for the audit and lists, values as text. Callers page: no call may take over 20 ms. */
  query(text: string, parameters: readonly (string | null)[]): Promise<TextRow[]>;

  /** Time left to the housekeeper: expire history, rotate generations, checkpoint, vacuum. Returns what it did. */
  keepHouse(nowMs: number): Promise<HouseReport>;
  /** Bytes the store occupies on disk; 0 in memory. */
  diskBytes(): Promise<number>;

  close(): Promise<void>;
}
