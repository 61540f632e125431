// The Dispatcher contract: batches go in, outcomes come out, each member exactly once as long as the dispatcher runs.
//
// Guarantees:
//   P1. Every member of an accepted batch is answered by exactly one outcome, whatever happens to its thread. What has
//       no outcome when `stop` resolves never gets one: it may have run, and is the engine's to put back.
//   P2. When a thread ends, members that had not begun, and those that had but cannot have been the cause, run again on
//       another thread without losing an attempt; the engine does not see it.
//   P3. The member that ended its thread fails with `killed`, alone. When it cannot be named, the suspects run again
//       one a thread until one is.
//   P4. No more than `waitingMs` (25 ms) of measured work waits in the threads unstarted, except one member a thread.

import type { ScriptLimits } from '../script/contract.js';
import type { Plan } from '../workflow/plan.js';
import type { Batch, LogLine, MemberEvent, OutcomeMessage, Withdrawn } from './protocol.js';
import type { MemberName } from './ticket.js';

/** A member that is executing now. */
export interface Executing {
  readonly batch: number;
  readonly slot: number;
  readonly place: number;
  readonly startedAtMs: number;
}

export interface DispatcherEvents {
  outcomes(message: OutcomeMessage): void;
  /** An event of a member whose outcome has gone already. */
  late(event: { root: string; ordinal: number; workflow: number; runsAs: string | null; event: MemberEvent }): void;
  log(lines: readonly LogLine[]): void;
  /** A thread has room again. */
  room(): void;
  /** A thread was ended or died; the pool replaces it unless it is stopping. */
  threadLost(loss: {
    reason: 'timeout' | 'blocked' | 'memory' | 'exit' | 'error' | 'removed';
    rerun: number;
    message: string;
  }): void;
}

export interface Dispatcher {
  /** Make a plan known; to be done before a batch of it. */
  define(workflow: number, plan: Plan): void;
  /** How many members of this workflow and place may be handed over in one batch now; 0: none. */
  capacity(workflow: number, place: number): number;
  /** How many members may be claimed now, going by what actions have cost lately; 0: full. */
  appetite(): number;
  /** Hand a batch to the thread with most room. It need not heed `capacity`, but what exceeds it waits in the thread. */
  run(batch: Batch): void;
  /**
   * Nobody needs the outcomes of these members of a batch any more. In the threads their signals are aborted; an action that
   * does not heed that runs to its end. They begin no further action; who was interrupted goes on to its break, unless it has
   * not begun, or its action fails; who is leaving goes on to its break, but for a program that an interrupt destroys. Who waits
   * for a thread because its own was lost runs. Each is answered all the same (P1). Of those that were `removed` none runs again,
   * and one that has not ended `graceMs` later has its thread ended.
   */
  withdraw(batch: number, members: readonly MemberName[], why: Withdrawn): void;
  /** What is executing, from shared memory. */
  executing(): Executing[];
  /** Members handed over and not yet answered. */
  readonly inFlight: number;
  start(): Promise<void>;
  /** Let what was handed over end, for at most `graceMs`; then begin nothing more and abort signals, and after
   * `DispatcherOptions.graceMs` end the threads. What fails after its signal was aborted gets no outcome. A thread held by native code is not waited for; the process, though,
   * cannot end before that code has returned. `start` may follow. */
  stop(graceMs: number): Promise<void>;
}

export interface DispatcherOptions {
  /** Worker threads. Default: one fewer than the processors, at least 2. */
  readonly threads: number;
  /** Asynchronous actions at once in a thread. Default 100. */
  readonly concurrency: number;
  /** Unstarted work that may wait in a thread, milliseconds. Default 25. */
  readonly waitingMs: number;
  /** After an action's timeout: time it gets to heed its abort signal, milliseconds. Default 1,000. */
  readonly graceMs: number;
  /** A thread whose event loop has not turned for so long is ended, milliseconds. Default 30,000. */
  readonly blockedMs: number;
  /** Old-generation heap of a thread, MB. Default 256. */
  readonly heapMb: number;
  /** Largest result of an action, bytes of JSON. Default 1,048,576. */
  readonly resultBytesMax: number;
  /** Limits of scripts; `null`: none are run. Default `null`. */
  readonly scripts: ScriptLimits | null;
  /** Whether `sql` actions may run. */
  readonly sql: boolean;
  /** Whether `process` actions may run. */
  readonly programs: boolean;
}
