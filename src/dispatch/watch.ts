// Watches the threads from one timer through shared memory, because a thread whose event loop stands still can neither
// fire its own timers nor answer.
//
// A thread's loop is seen turning when its beat has changed. While it stands still, whoever holds it gets its timeout
// plus `graceMs` (a loop that ends by itself costs no thread), and without a timeout `blockedMs`.
//
// Invariant: a stall is counted in this timer's own steps, each at most twice its period, so a process that was stopped
// or a machine that slept does not make every thread look blocked.

import type { DispatcherOptions } from './contract.js';
import type { LossReason } from './culprit.js';
import { type ExecutingRow, uptimeMs } from './shared-state.js';
import type { WorkerThread } from './worker-thread.js';

const tickMsMin = 10;
const tickMsMax = 100;

export interface WatchEvents {
  /** Timeout of the action a member is executing; `Infinity` without one. */
  timeoutMsOf(thread: WorkerThread, row: ExecutingRow): number;
  lose(thread: WorkerThread, reason: LossReason): void;
  /** At each step, with what every thread is executing. */
  look(thread: WorkerThread, rows: readonly ExecutingRow[]): void;
}

export class Watch {
  /** How often a thread shows that its loop turns. */
  readonly beatMs: number;
  readonly #options: DispatcherOptions;
  readonly #events: WatchEvents;
  #timer: NodeJS.Timeout | null = null;
  #lastTickMs = 0;

  constructor(options: DispatcherOptions, events: WatchEvents) {
    this.#options = options;
    this.#events = events;
    this.beatMs = Math.min(tickMsMax, Math.max(tickMsMin, Math.min(options.graceMs, options.blockedMs) / 4));
  }

  start(threads: () => readonly WorkerThread[]): void {
    this.#lastTickMs = uptimeMs();
    this.#timer = setInterval(() => {
      const nowMs = uptimeMs();
      const sinceMs = Math.min(nowMs - this.#lastTickMs, 2 * this.beatMs);
      this.#lastTickMs = nowMs;
      for (const thread of threads()) if (thread.isReady && thread.members > 0) this.#lookAt(thread, sinceMs, nowMs);
    }, this.beatMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #lookAt(thread: WorkerThread, sinceMs: number, nowMs: number): void {
    const { beats } = thread.shared;
    thread.stalledMs = beats === thread.lastBeats ? thread.stalledMs + sinceMs : 0;
    thread.lastBeats = beats;
    const rows = thread.shared.executing();
    if (thread.stalledMs >= this.#options.blockedMs) this.#events.lose(thread, 'blocked');
    else if (thread.stalledMs >= this.#options.graceMs / 2 && this.#isOverdue(thread, rows, nowMs)) {
      this.#events.lose(thread, 'timeout');
    } else this.#events.look(thread, rows);
  }

  /** Whether the member that holds the thread is over its time; when none is known to, whether any member is. */
  #isOverdue(thread: WorkerThread, rows: readonly ExecutingRow[], nowMs: number): boolean {
    const { holder } = thread.shared;
    const candidates = holder === null ? rows : [holder];
    return candidates.some(
      row => !row.isLoading && nowMs - row.startedAtMs >= this.#events.timeoutMsOf(thread, row) + this.#options.graceMs,
    );
  }
}
