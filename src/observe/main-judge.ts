// Judges from outside whether the engine's main loop makes progress. Pure: what was seen and the time come in, what is to
// be told comes out.
//
// Invariants:
//   J1. Blocked means: no progress for `blockedAfterMs` during which the judge itself was running. Time in which the whole
//       process stood still (suspended, no processor) is not held against main.
//   J2. A trouble is told when it begins, and again every `heartbeatMs` while it lasts; `ok` every `heartbeatMs`, only
//       while there is no trouble: one that was due meanwhile comes when the trouble is over.
//   J3. Every `blocked` is followed by one `unblocked` or by `stopped`.

import type { MainState } from './watchdog-protocol.js';

export type HealthStatus = 'ok' | 'starting' | 'blocked' | 'stopped' | 'database-failing';

/** What the shared memory said. */
export interface MainSeen {
  readonly progress: number;
  readonly state: MainState;
  readonly databaseFailing: boolean;
}

export type Finding =
  | { readonly kind: 'ok' | 'stopped' }
  /** For how long main has stood still, or stood still until now. */
  | { readonly kind: 'blocked' | 'unblocked'; readonly forMs: number };

export interface JudgeOptions {
  readonly blockedAfterMs: number;
  readonly heartbeatMs: number;
  /** How often the judge is asked; a longer gap means that it stood still itself (J1). */
  readonly everyMs: number;
}

export class MainJudge {
  readonly #options: JudgeOptions;
  #lastMs: number;
  #lastProgress: number | null = null;
  #stillMs = 0;
  #isBlocked = false;
  #hasFailed = false;
  #status: HealthStatus = 'starting';
  #toldMs: number;

  constructor(options: JudgeOptions, nowMs: number) {
    this.#options = options;
    this.#lastMs = nowMs;
    this.#toldMs = nowMs;
  }

  get status(): HealthStatus {
    return this.#status;
  }

  /** True when main stopped by an error, or can no longer make progress: restarting the process may help. */
  get isBeyondHelp(): boolean {
    return this.#isBlocked || this.#hasFailed;
  }

  /** @param nowMs of a clock that only grows */
  observe(seen: MainSeen, nowMs: number): Finding[] {
    const findings: Finding[] = [];
    const stoodStillMs = this.#count(seen.progress, nowMs);
    const failed = seen.state === 'failed';
    const blocked = !failed && this.#stillMs >= this.#options.blockedAfterMs;
    if (this.#isBlocked && !blocked && !failed) findings.push({ kind: 'unblocked', forMs: stoodStillMs });

    const trouble = failed ? 'stopped' : blocked ? 'blocked' : null;
    const began = (failed && !this.#hasFailed) || (blocked && !this.#isBlocked);
    this.#hasFailed = failed;
    this.#isBlocked = blocked;
    this.#status = statusOf(seen, blocked);
    if (began || nowMs - this.#toldMs >= this.#options.heartbeatMs) {
      if (trouble === 'stopped') findings.push({ kind: 'stopped' });
      else if (trouble === 'blocked') findings.push({ kind: 'blocked', forMs: Math.round(this.#stillMs) });
      else if (this.#status === 'ok') findings.push({ kind: 'ok' });
      else return findings;
      this.#toldMs = nowMs;
    }
    return findings;
  }

  /** Count standstill. Returns for how long main had stood still before what was just seen. */
  #count(progress: number, nowMs: number): number {
    const gapMs = Math.min(nowMs - this.#lastMs, 2 * this.#options.everyMs); // J1
    this.#lastMs = nowMs;
    const stoodStillMs = Math.round(this.#stillMs + gapMs);
    this.#stillMs = progress === this.#lastProgress ? this.#stillMs + gapMs : 0;
    this.#lastProgress = progress;
    return stoodStillMs;
  }
}

function statusOf(seen: MainSeen, blocked: boolean): HealthStatus {
  if (seen.state === 'failed') return 'stopped';
  if (blocked) return 'blocked';
  if (seen.state === 'stopped') return 'stopped';
  if (seen.databaseFailing) return 'database-failing';
  return seen.state === 'starting' ? 'starting' : 'ok';
}
