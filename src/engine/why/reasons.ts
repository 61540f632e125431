// What is answered to who asks why an instance does not run.

import type { FairnessWindow, Rate } from '../../queue/contract.js';
import type { MemberPriority } from '../../queue/whereabouts.js';

/** Codes of reasons, and what they say. Stable: programs and runbooks go by them. */
export const reasonCodes = {
  finished: 'the instance has finished',
  removed: 'the instance was removed',
  running: 'it executes',
  claimed: 'an engine holds it, and its action has not begun or has just ended',
  leaseEnded: 'the engine that holds it is silent; it is given to another when that is seen',
  pausing: 'it is held at its next transaction break',
  removing: 'it leaves at its next transaction break',
  interrupting: 'it is rolled back at its next transaction break',
  failed: 'it has failed, and waits for an operator',
  paused: 'an operator holds it',
  joining: 'it waits at a join for others of its instance',
  arrived: 'it has ended as one of a group, and waits for the others',
  group: 'it waits for the copies of a for-each',
  subWorkflow: 'it waits for a workflow that it has called',
  errorHandler: 'it has failed, and an error handler is at work',
  mutex: 'another of its instance has the mutex it waits for',
  parked: 'it waits for others of its instance',
  retry: 'it has failed, and is tried again after a delay',
  notBefore: 'its time has not come',
  sleeping: 'it waits at a timer or delay',
  polling: 'its trigger looks again after a while',
  manual: 'its trigger waits for an operator',
  message: 'its trigger waits for a message',
  auditEvent: 'its trigger waits for an event of the audit',
  storeFailed: 'the store can make nothing durable',
  noEngine: 'no engine executes anything',
  stopping: 'the engine is stopping',
  queueUnreachable: 'the queue cannot be asked, or another engine has it',
  queueFilling: 'the queue is being filled, and nothing is claimed before it is whole',
  notQueued: 'its time has come, and it is on its way into the queue',
  throttled: 'a branch on its path, or its key there, has no room under a throttle',
  keyInOrder: 'its key is in strict order, and others of it go before it',
  rateUsedUp: 'a branch on its path, or its key below one, has used up its rate',
  storeBehind: 'commits wait for the store, and nothing is claimed until it catches up',
  threadsBusy: 'the worker threads have no room',
  inLine: 'others are before it',
  next: 'it is the next to be claimed',
} as const;

export type ReasonCode = keyof typeof reasonCodes;

/** An error, in short. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
}

/** Of a time to come. */
export interface UntilData {
  readonly untilMs: number;
}

/** What is said beside the words, by code. */
export interface ReasonData {
  finished: { readonly finishedAtMs: number };
  removed: { readonly finishedAtMs: number };
  /** `sinceMs`: when its action began; `null`: not told yet. */
  running: Held & { readonly sinceMs: number | null };
  claimed: Held;
  leaseEnded: Held;
  pausing: Record<string, never>;
  removing: Record<string, never>;
  interrupting: Record<string, never>;
  failed: { readonly attempt: number; readonly error: ErrorData | null };
  /** `null`: it is not known any more, or never was. */
  paused: { readonly by: string | null; readonly atMs: number | null };
  /** Actions whose flows have, and have not, brought a context; how many are needed, if that is a number. */
  joining: { readonly arrived: readonly string[]; readonly missing: readonly string[]; readonly need: number | null };
  arrived: Record<string, never>;
  group: { readonly total: number; readonly begun: number; readonly finished: number };
  subWorkflow: Record<string, never>;
  errorHandler: { readonly error: ErrorData | null };
  /** `holder`: number of the context that has it; `before`: how many get it first. */
  mutex: { readonly mutex: string; readonly holder: number; readonly before: number };
  parked: Record<string, never>;
  /** `attempt`: the one that comes. */
  retry: UntilData & { readonly attempt: number; readonly error: ErrorData | null };
  notBefore: UntilData;
  /** `null`: it has no time. */
  sleeping: { readonly untilMs: number | null };
  polling: { readonly untilMs: number | null };
  manual: Record<string, never>;
  message: { readonly publisher: string; readonly untilMs: number | null };
  auditEvent: { readonly untilMs: number | null };
  storeFailed: { readonly message: string };
  noEngine: { readonly state: string };
  stopping: Record<string, never>;
  queueUnreachable: Record<string, never>;
  queueFilling: Record<string, never>;
  notQueued: Record<string, never>;
  throttled: {
    readonly branch: string;
    /** `null`: it is the bound of all below the branch. */
    readonly key: string | null;
    readonly property: string;
    readonly limit: number;
    /** Members that run below the branch; `null`: counted by engine. */
    readonly running: number | null;
    /** Engines that have no room; `null`: none has. */
    readonly engines: readonly string[] | null;
  };
  /** `before`: members of the key that go before it, at least. */
  keyInOrder: { readonly branch: string; readonly key: string; readonly before: number };
  /** `nextInMs`: until one more may be claimed below the branch. */
  rateUsedUp: { readonly branch: string; readonly key: string | null; readonly rate: Rate; readonly nextInMs: number };
  storeBehind: Record<string, never>;
  /** Of the engine that was asked: instances its threads have, and since when the longest action executes. */
  threadsBusy: { readonly threads: number; readonly inHand: number; readonly longestSinceMs: number | null };
  inLine: Line;
  next: Line;
}

/** Of a claim. */
export interface Held {
  readonly engine: string;
  /** Before it is given to another. */
  readonly leaseLeftMs: number;
  /** It may have been executed before. */
  readonly redelivered: boolean;
}

/** Of the order of what is ready. */
export interface Line {
  /** Members that are claimed first, at least. */
  readonly before: number;
  /** Members whose time has come, in all of the queue; `null`: unknown. */
  readonly ready: number | null;
  /** Since its time has come. */
  readonly waitedMs: number;
  readonly priority: MemberPriority & { readonly steps: number };
  /** Of fairness, ms. */
  readonly window: FairnessWindow;
  readonly filedBy: 'eligible' | 'created';
}

/** One reason. */
export interface Reason<Code extends ReasonCode = ReasonCode> {
  readonly code: Code;
  /** Number of the flow context it is about; `null`: the instance has but one, or all of it is meant. */
  readonly context: number | null;
  /** The action that context stands at; `null`: the instance has ended. */
  readonly action: string | null;
  /** One line for people. */
  readonly text: string;
  readonly data: ReasonData[Code];
  /** A command that would let it go on, to be completed with `--data` or `--url`; `null`: waiting is all there is to it. */
  readonly command: string | null;
}

/** Of what is said of a context. */
export type Said = Omit<Reason, 'context' | 'action'>;

export function said<Code extends ReasonCode>(
  code: Code,
  data: ReasonData[Code],
  text: string,
  command: string | null = null,
): Said {
  return { code, data, text, command };
}

export interface Why {
  readonly instance: string;
  readonly workflow: string;
  readonly atMs: number;
  /** An engine has one of its contexts: it executes, or is about to. */
  readonly isRunning: boolean;
  /** The decisive one first. Several of a context are in the order in which they would have to go away. */
  readonly reasons: readonly Reason[];
  /** Its flow contexts; of those beyond 100 no reasons are told. 0: it has ended. */
  readonly contexts: number;
}
