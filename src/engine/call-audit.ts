// API calls in the audit: entering, exiting, exiting with an error, and what became of the call's database transaction.
//
// A submit that succeeds records itself in its own commit, and so does what changes the runtime configuration; everything else
// is recorded here, in a commit of its own.
// Reads (`result`, `show`, `count`, `query`, `status`) change nothing and are not recorded.

import { engineRow } from '../audit/engine-events.js';
import type { AuditRow } from '../store/contract.js';
import { emptyCommit } from '../store/empty-commit.js';
import { type EventShortName, eventCode } from '../workflow/events.js';
import type { EngineParts } from './parts.js';

const succeeded: readonly EventShortName[] = ['EnteringCall', 'J2seTransactionCommitted', 'ExitingCall'];
const failed: readonly EventShortName[] = ['EnteringCall', 'J2seTransactionRolledBack', 'ExitingCallWithError'];

/** Failed calls recorded in one second; a caller that sends nothing else must not fill the audit. The log counts them. */
const failuresPerSecondMax = 50;

export class CallAudit {
  readonly #parts: EngineParts;
  #failuresInSecond = 0;
  #second = 0;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /**
   * Make a call and record it. What has been done is done, whether or not the record of it can be stored.
   *
   * @param describe what the message says of the answer
   */
  async around<T>(call: string, user: string, work: () => Promise<T>, describe: (answer: T) => string): Promise<T> {
    const { log, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    let answer: T;
    try {
      answer = await work();
    } catch (error) {
      await this.failed(call, user, error);
      throw error;
    }
    log.called({ call, user, tookMs: Math.round(clock.monotonicMs() - startedMs) });
    await this.#record(succeeded, user, `${call}: ${describe(answer)}`);
    return answer;
  }

  /**
   * Make a call that is one commit, which records it as well.
   *
   * @param work is given what makes rows for that commit, of what the message says
   */
  async within<T>(call: string, user: string, work: (rowsOf: (said: string) => AuditRow[]) => Promise<T>): Promise<T> {
    const { log, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    try {
      const answer = await work(said => this.#rows(succeeded, user, `${call}: ${said}`, clock.nowMs()));
      log.called({ call, user, tookMs: Math.round(clock.monotonicMs() - startedMs) });
      return answer;
    } catch (error) {
      await this.failed(call, user, error);
      throw error;
    }
  }

  /** A call was refused or failed. Never throws: the caller has an error to report already. */
  async failed(call: string, user: string, error: unknown): Promise<void> {
    this.#parts.log.callFailed({ call, user, error });
    const second = Math.floor(this.#parts.clock.monotonicMs() / 1_000);
    this.#failuresInSecond = second === this.#second ? this.#failuresInSecond + 1 : 1;
    this.#second = second;
    if (this.#failuresInSecond > failuresPerSecondMax || this.#parts.options.auditing === 'synchronous') return;
    const said = error instanceof Error ? error.message : String(error);
    // Bounded: a message may quote what a caller sent.
    await this.#record(failed, user, `${call}: ${said.slice(0, 1_000)}`);
  }

  /** Never throws: what the store says goes to health. */
  async #record(names: readonly EventShortName[], user: string, message: string): Promise<void> {
    const { store, ids, clock, health } = this.#parts;
    const atMs = clock.nowMs();
    const audit = this.#rows(names, user, message, atMs);
    if (audit.length === 0 || health.storeIsDead) return;
    try {
      await store.commit({ ...emptyCommit(ids.next(), atMs), audit });
    } catch (error) {
      health.storeFailed(error);
    }
  }

  /** One, or none when the filter lets none of it pass. */
  #rows(names: readonly EventShortName[], user: string, message: string, atMs: number): AuditRow[] {
    const { filter, build } = this.#parts;
    const codes = names.map(eventCode).filter(code => filter.allows(code));
    return codes.length === 0 ? [] : [engineRow(null, build.engine, user, codes, message, atMs)];
  }
}
