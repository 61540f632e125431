// What the engine knows of its own health, and whom it tells: the watchdog thread, the logs, the audit.
//
// The watchdog (D16) answers for a main loop that cannot; this file tells it what only the main loop knows: that it
// turns, whether the store fails, and why it stopped.

import { statusRow } from '../audit/engine-events.js';
import type { Clock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import { FailureDetector } from '../observe/failure-detector.js';
import { databaseFailingMessage, type LogEvents } from '../observe/log-events.js';
import type { Watchdog } from '../observe/watchdog.js';
import type { Store } from '../store/contract.js';
import { emptyCommit } from '../store/empty-commit.js';
import { eventCode } from '../workflow/events.js';
import type { AuditFilter } from '../workflow/filter.js';
import type { IdSource } from './ids.js';

export interface HealthWorld {
  readonly engine: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly ids: IdSource;
  readonly filter: AuditFilter;
  readonly log: LogEvents;
  readonly heartbeatMs: number;
}

export class EngineHealth {
  readonly #world: HealthWorld;
  readonly #detector: FailureDetector;
  #watchdog: Watchdog | null = null;
  #deadBecause: EngineError | null = null;
  #isClosed = false;
  /** By what they are about. */
  readonly #remarks = new Map<string, string>();
  #onDeath: ((error: EngineError) => void) | null = null;

  constructor(world: HealthWorld) {
    this.#world = world;
    this.#detector = new FailureDetector({ repeatMs: world.heartbeatMs });
  }

  /** The watchdog listens; told once, when the engine is made. */
  watchedBy(watchdog: Watchdog): void {
    this.#watchdog = watchdog;
    if (this.#remarks.size > 0) watchdog.setRemarks(this.remarks);
  }

  /** What to do when the store refuses everything from now on. */
  onStoreDeath(act: (error: EngineError) => void): void {
    this.#onDeath = act;
  }

  /** Port of `/health`, or `null`. */
  get port(): number | null {
    return this.#watchdog?.port ?? null;
  }

  /** The store has failed for good, or is being closed: nothing can be made durable in this process any more. */
  get storeIsDead(): boolean {
    return this.#deadBecause !== null || this.#isClosed;
  }

  /** What an operator should look at although the engine is well. */
  get remarks(): readonly string[] {
    return [...this.#remarks.values()];
  }

  /** Say it of the subject from now on; `null`: nothing any more. */
  remark(subject: string, text: string | null): void {
    if (text === null) this.#remarks.delete(subject);
    else this.#remarks.set(subject, text);
    this.#watchdog?.setRemarks(this.remarks);
  }

  /** Why, since then; `null` before. */
  get storeFailure(): EngineError | null {
    return this.#deadBecause;
  }

  /** @throws EngineError `STORE_FAILED` with the first reason when the store has failed for good */
  assertStoreLives(): void {
    if (this.#deadBecause !== null) throw this.#deadBecause;
  }

  /** The claim loop has turned; `running` instances are executing. */
  turned(running: number): void {
    this.#watchdog?.progressed();
    this.#watchdog?.setRunning(running);
  }

  started(): void {
    this.#watchdog?.setState('running');
  }

  stopped(): void {
    this.#watchdog?.setState('stopped');
  }

  storeSucceeded(): void {
    if (!this.#detector.succeeded()) return;
    this.#watchdog?.setDatabaseFailing(false);
    this.#world.log.databaseRecovered();
  }

  /** A command of the store failed. */
  storeFailed(error: unknown): void {
    // What a stop has left behind still asks a store that is closed, once.
    if (this.#isClosed) return;
    const { log, clock } = this.#world;
    log.storeFailed({ error });
    if (error instanceof EngineError && error.code === 'STORE_FAILED' && !this.storeIsDead) {
      this.#deadBecause = error;
      this.#watchdog?.setDatabaseFailing(true);
      log.storeDead({ error });
      this.#onDeath?.(error);
    }
    if (!this.#detector.failed(clock.nowMs())) return;
    this.#watchdog?.setDatabaseFailing(true);
    log.databaseFailing({ error });
    this.#record();
  }

  /** The main loop met an error it cannot go on from. */
  mainFailed(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (this.#watchdog === null) this.#world.log.mainStopped({ engine: this.#world.engine, reason });
    else this.#watchdog.mainFailed(reason);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#watchdog?.stop();
  }

  /** The event in the audit, if the store takes it: it may well be what is failing. */
  #record(): void {
    const { engine, clock, store, ids, filter, log } = this.#world;
    if (!filter.allows(eventCode('EngineDatabaseCommandsFailing'))) return;
    const atMs = clock.nowMs();
    const row = statusRow(engine, 'EngineDatabaseCommandsFailing', databaseFailingMessage, atMs);
    store
      .commit({ ...emptyCommit(ids.next(), atMs), audit: [row] })
      .catch((error: unknown) => log.storeFailed({ error }));
  }
}
