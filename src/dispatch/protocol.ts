// What travels between the engine's thread and the worker threads. Plain data, batches in both directions.
//
// A batch is made of parts; a part is members of one root at the same place of the same plan (a slice). A member is
// named by its slot: its index in the batch, counted through the parts in order. Inputs go out as packed JSON; what
// the actions returned comes back packed, grouped by what happened, so that neither side does work per member that
// can be done per group.

import type { ActionExit, Demand, Plan } from '../workflow/plan.js';
import type { PackedBatch, PackedOutcomes } from './packing.js';

/** A part of a batch. */
export interface BatchPart {
  /** Number of the workflow version; its plan was sent to the thread before. */
  readonly workflow: number;
  readonly place: number;
  /** Number of the flow context in its instance; 0: it has not split. */
  readonly context: number;
  /** The action at `place` has run: the transaction begins with the flows out of it. */
  readonly hasRun: boolean;
  /** Names the transaction for ever: the idempotency key is `<instance>:<transaction>`, of one of several contexts
   * `<instance>:<context>.<transaction>`. */
  readonly transaction: number;
  readonly attempt: number;
  /** When it became eligible, milliseconds since 1970. */
  readonly eligibleAtMs: number;
  /** It has waited at the trigger at `place` before. */
  readonly isWaiting: boolean;
  /** The user it runs as; absent: its submitter. */
  readonly runsAs?: string;
  /** Members that are to fire at once, as indexes within the part; absent: none. */
  readonly expedited?: readonly number[];
  /** Root id; with `ordinals` it names the instances. */
  readonly root: string;
  readonly ordinals: Uint16Array;
}

/** Packed JSON texts by slot: `bytes[offsets[slot] .. offsets[slot + 1]]`. */
export interface PackedJson {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

export interface Batch {
  readonly id: number;
  /** The engine's time of day when it was sent. */
  readonly atMs: number;
  readonly parts: readonly BatchPart[];
  /** Members in all parts. */
  readonly count: number;
  /** JSON object a member: its input. */
  readonly inputs: PackedJson;
  /** JSON object a member: what earlier transactions wrote, laid over the input; `null` when none of them wrote. */
  readonly written: PackedJson | null;
}

export type ToThread =
  | { readonly kind: 'plan'; readonly workflow: number; readonly plan: Plan }
  /** It has changed, or has not been needed for long. What came before is not concerned. */
  | { readonly kind: 'forget'; readonly workflow: number }
  | { readonly kind: 'batch'; readonly batch: PackedBatch }
  /** Begin nothing more and abort the signals of everything executing: a graceful stop has run out. */
  | { readonly kind: 'abort' }
  /** Of these members of a batch nobody needs the outcome: abort their signals, and begin no further action of theirs; when
   * they were interrupted only if none has begun, when they are leaving only what an interrupt destroys, when signalled only
   * what a signal destroys. They are answered all the
   * same, as failed or with what they came to. */
  | { readonly kind: 'withdraw'; readonly why: Withdrawn; readonly batch: number; readonly slots: readonly number[] };

/** `withdrawn`: another flow context has withdrawn it. `interrupted`: an operator; it is rolled back at its break. `leaving`: it
 * is removed at its break, and programs that an interrupt destroys are not waited for. `removed`: an operator has taken it off,
 * and its thread is ended if it does not end by itself. `signalled`: a signal is active that its action monitors, and a program that
 * it destroys fails with `SignalRaised`, whatever flows there are for failures. */
export type Withdrawn = 'withdrawn' | 'interrupted' | 'leaving' | 'removed' | 'signalled';

/** An action's error as data: errors lose their class and fields between threads. */
export interface ActionError {
  /** The error's own `code` when it is a short string, else `ActionFailed`; ours: `ActionTimeout`, `ActionBlocked`,
   * `ActionOutOfMemory`, `ActionExited`, `ActionModuleNotFound`, `ActionModuleFailed`, `ActionFunctionNotFound`,
   * `ActionUnknown` (no such type of action), `WorkflowUnknown` (an action asks for one that nobody has stored), `ErrorAction` (an action that is there to fail), `ContextWithdrawn` (the engine has no use
   * for the outcome), `Interrupted`, `Removed`, `SignalRaised` (the engine takes the signal flow), `ItemsInvalid`, `TooManyItems`,
   * `InputInvalid`, `NAMESPACE_INVALID`, `MapOnSplit` (one of several flows taken at once has a data map), `VARIABLE_MISSING`,
   * `PROPERTY_MISSING`, `DATE_IMPOSSIBLE` and `TEXT_TOO_LONG` (of texts with expressions and data maps), `ResultNotJson`,
   * `ResultTooLarge`; of scripts: `scriptErrorCodes` in `script/contract.ts`, `ScriptLanguageUnknown`. */
  readonly code: string;
  readonly message: string;
  readonly action: string;
  /** At most 4 kB. */
  readonly stack: string;
}

/** What members wait for at a trigger, each list by member. */
export interface Waits {
  readonly untilMs: readonly number[];
  readonly events: readonly string[];
}

/** Members of one part to which the same happened. */
export interface OutcomeGroup {
  /** Index of the part in its batch. */
  readonly part: number;
  readonly kind: 'completed' | 'failed' | 'unfired';
  /** Places of the actions that ran, in order; the last is the one that failed when `kind` is `failed`. Empty: the action of
   * the part had run, and no flow led to another within the transaction. */
  readonly path: readonly number[];
  /** Where they stand now: the place of the break they reached, or `END`. For `failed`: the place that failed. For `unfired`:
   * the trigger that has not fired. */
  readonly reached: number;
  /** `completed`: what is asked for beyond going on there; absent: nothing. */
  readonly demand?: Demand;
  /** Members, as indexes within the part, ascending. */
  readonly members: Uint16Array;
  /** Milliseconds since the epoch that `times` count from. */
  readonly baseMs: number;
  /** For each member, for each action of `path`: started, ended. */
  readonly times: Uint32Array;
  /** `completed` and at `END`: the members' results; `null` when no action ever gave them one. `completed` at a break, or
   * one of several contexts (`BatchPart.context` above 0), of which `$workflow` then has only what this transaction wrote:
   * everything their transactions have written so far, as one JSON object each; `null` when this one wrote nothing and
   * what was written before still holds. `failed`: `null`. */
  readonly payload: PackedJson | null;
  /** Results of the actions of `path` before the last, JSON text, by member then action; absent when `path` is short. Of
   * one whose error or timeout flow was taken: its error. */
  readonly earlierResults?: readonly string[];
  /** What each member's transaction has the commit execute or publish, JSON of a list of `PlacedEffect`, `''`: nothing; absent: none does. */
  readonly statements?: readonly string[];
  /** How the actions of `path` ended; absent: normally, but for the last one when `kind` is `failed`. What is not normal
   * was followed by the error or timeout flow. */
  readonly exits?: readonly ActionExit[];
  /** `failed`, or the last of `exits` is not normal: the different errors, and which one each member had. */
  readonly errors?: readonly ActionError[];
  readonly errorOf?: Uint16Array;
  /** `unfired`: until when each member waits, and the event for which, empty: none. */
  readonly waits?: Waits;
  /** The first action is a trigger that had been asked before: when each member came to it, ms since the epoch. */
  readonly arrivedMs?: readonly number[];
  /** `failed`: the thread had to be ended with the member. */
  readonly killed?: boolean;
}

/** What user code sent to the audit trail, or threw after it had returned. */
export interface MemberEvent {
  readonly part: number;
  /** Index within the part. */
  readonly member: number;
  readonly place: number;
  readonly atMs: number;
  readonly event:
    | { readonly kind: 'custom'; readonly name: string; readonly message: string }
    | { readonly kind: 'late-error'; readonly error: ActionError };
}

export interface OutcomeMessage {
  readonly batch: number;
  readonly groups: readonly OutcomeGroup[];
  readonly events: readonly MemberEvent[];
}

/** A line user code logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly instance: string;
}

export type FromThread =
  /** The thread's event loop runs and takes batches. */
  | { readonly kind: 'ready'; readonly threadId: number }
  | { readonly kind: 'outcomes'; readonly outcomes: PackedOutcomes }
  /** All it was given has begun, and what has not ended awaits something: it has time for more. */
  | { readonly kind: 'begun' }
  /** The thread could not read a batch: nobody of it has begun, and nobody will. */
  | { readonly kind: 'refused'; readonly batch: number; readonly error: ActionError }
  /** A member did not heed its abort signal in time: the thread has stopped beginning others and asks to be ended. */
  | { readonly kind: 'overdue'; readonly batch: number; readonly slot: number }
  /** A member failed after `abort`: it has ended, and gets no outcome. */
  | { readonly kind: 'interrupted' }
  /** An event of a member whose outcome has already gone; `root` and `ordinal` name it. */
  | {
      readonly kind: 'late';
      readonly root: string;
      readonly ordinal: number;
      readonly workflow: number;
      readonly runsAs: string | null;
      readonly event: MemberEvent;
    }
  | { readonly kind: 'log'; readonly lines: readonly LogLine[] }
  | ProcessGroupNote;

/** A process that the thread has started, with a group of its own, or one that needs no end any more. */
export interface ProcessGroupNote {
  readonly kind: 'process-group';
  readonly group: number;
  readonly lives: boolean;
}

/** What a thread says to whoever gives it work. */
export type ThreadAnswer = Exclude<FromThread, ProcessGroupNote>;
