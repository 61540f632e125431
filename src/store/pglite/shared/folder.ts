// The home on disk for several processes of one machine (D14): whoever holds the folder serves the others on a socket in
// it, and when it goes another takes over. All of them run this file.
//
// Roles, and what leads from one to the next:
//   seeking  connects to the socket; where nobody listens, takes the folder's lock. Neither: once more in a moment.
//   client   until the connection ends. Then seeking.
//   holder   until its thread ends. Then seeking.
//   closed   for good.
//
// Invariants:
//   D1. At most one process has PGlite on the folder: the holder, below the lock, which a stopped process keeps (K1 of
//       `folder-lock.ts`). Nobody takes over from one that is stopped: calls wait, and are refused after `waitMs`.
//   D2. Whoever opens brings the schema up to date before others are let in: a client finds nothing to be done.
//   D3. A call of which nothing has left this process, or that only reads, waits for the next holder. Another that was
//       sent when its holder went is refused: it may have been carried out. Both refusals are STORE_UNAVAILABLE, and the
//       call may be made again; a commit is recognised by its id (S4).
//   D4. A holder whose disk has failed keeps the folder and refuses everything until its process ends. To itself it says
//       so for good (STORE_FAILED); to the others that it may pass, for the next holder recovers from what is on the disk.

import fs from 'node:fs';
import { type Clock, systemClock } from '../../../observe/clock.js';
import { EngineError } from '../../../observe/errors.js';
import type { StoreInfo } from '../../contract.js';
import type { SqlCall, SqlDriver, SqlRows, TransactionOptions } from '../../driver.js';
import type { PortClient } from '../port-client.js';
import type { SessionFigures } from '../session.js';
import { SocketPaths } from '../socket-path.js';
import { inspectFolder } from '../template.js';
import type { PgliteFolderOptions, ThreadedDriver } from '../threaded.js';
import { termsOf } from './hello.js';
import { type Failed, type FoundRole, HolderSearch } from './search.js';
import { StoreUnavailable } from './unavailable.js';

export interface SharedFolderOptions extends PgliteFolderOptions {
  /** How long a call waits for a holder or for its answer, milliseconds. Default 10,000. */
  readonly waitMs?: number;
  readonly clock?: Clock;
  /** False: never hold the folder, only use it while another does. Default true. */
  readonly mayHold?: boolean;
  /** Told when this process takes a role. Default: nobody. */
  readonly onRole?: (role: Role['kind']) => void;
}

export type Role = { readonly kind: 'seeking' } | FoundRole | { readonly kind: 'closed' };

type OnFailure = (failure: Failed) => void;

const waitMsByDefault = 10_000;
/** Calls that wait for a holder; more are refused at once. */
const waitingMax = 10_000;

/**
 * Open the home in a folder, or connect to the process that has it open.
 *
 * `settings` and `durability`: those of the holder. All who share a folder must ask for the same durability.
 *
 * @throws {EngineError} what `openPgliteFolder` throws, STORE_LOCKED also when the holder is of another version or does
 *   not share; OPTION_INVALID when it has another durability, or on Windows; STORE_UNAVAILABLE when it does not answer
 */
export async function openSharedFolder(options: SharedFolderOptions): Promise<SharedFolder> {
  if (process.platform === 'win32') {
    throw new EngineError('OPTION_INVALID', 'a store folder cannot be shared by processes on Windows');
  }
  inspectFolder(options.folder); // before anything is made in it
  fs.mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const home = new SharedFolder(options);
  try {
    await home.open();
    return home;
  } catch (error) {
    await home.close();
    throw error;
  }
}

/** Use the folder from a further thread while this process, or another, holds it: without a lock of its own, and without
 * waiting for anybody now. The folder must be there. */
export function followSharedFolder(options: Pick<SharedFolderOptions, 'folder' | 'durability'>): SharedFolder {
  return new SharedFolder({ ...options, mayHold: false }).follow();
}

export class SharedFolder implements SqlDriver {
  readonly info: StoreInfo;
  readonly #durability: 'strict' | 'relaxed';
  readonly #waitMs: number;
  readonly #search: HolderSearch;
  readonly #clock: Clock;
  readonly #onRole: (role: Role['kind']) => void;
  readonly #paths: SocketPaths;
  readonly #closing = new AbortController();
  /** Told when the role changes. */
  readonly #waiting = new Set<() => void>();
  readonly #underWay = new Set<Promise<unknown>>();
  #role: Role = { kind: 'seeking' };
  #closed: Promise<void> | null = null;
  #seeking: Promise<void> = Promise.resolve();
  /** Why the last attempt failed. */
  #trouble = 'nobody has answered yet';

  /** For `openSharedFolder` and `followSharedFolder`. */
  constructor(shared: SharedFolderOptions) {
    const { waitMs = waitMsByDefault, clock = systemClock, mayHold = true, onRole = () => {}, ...options } = shared;
    const { folder, durability = 'strict' } = options;
    this.info = { kind: 'pglite-disk', location: folder, durability };
    this.#durability = durability;
    this.#waitMs = waitMs;
    this.#clock = clock;
    this.#onRole = onRole;
    this.#paths = new SocketPaths(folder);
    this.#search = new HolderSearch({
      options,
      terms: termsOf(durability),
      paths: this.#paths,
      mayHold,
      clock,
      signal: this.#closing.signal,
    });
  }

  get role(): Role['kind'] {
    return this.#role.kind;
  }

  /** Begin to look for a holder, and go on whatever happens. */
  follow(): this {
    this.#seeking = this.#seek(() => {});
    return this;
  }

  /** Find a holder or be it. @throws the last attempt's error, when none succeeds in time or it is no use to go on */
  async open(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    await this.#seek(({ error, passes }) => {
      if (!passes || this.#clock.monotonicMs() - startedMs >= this.#waitMs) throw error;
    });
  }

  transaction(calls: readonly SqlCall[], { readOnly = false }: TransactionOptions = {}): Promise<SqlRows[]> {
    return this.#ask(driver => driver.transaction(calls), readOnly);
  }

  script(text: string): Promise<void> {
    return this.#ask(driver => driver.script(text), false);
  }

  diskBytes(): Promise<number> {
    return this.#ask(driver => driver.diskBytes(), true);
  }

  figures(): Promise<SessionFigures> {
    return this.#ask(driver => driver.figures(), true);
  }

  /** How another thread of this process finds the store by itself: `followSharedFolder`. */
  access(): { readonly storeFolder: { readonly folder: string; readonly durability: 'strict' | 'relaxed' } } {
    return { storeFolder: { folder: this.info.location, durability: this.#durability } };
  }

  get isKeeper(): boolean {
    return this.#role.kind === 'holder';
  }

  /** End a holder's thread in the middle of whatever it does, as a crash would. Tests only. */
  killThread(): void {
    if (this.#role.kind === 'holder') this.#role.driver.killThread();
  }

  /** Have what was asked before answered; a holder gives the folder to the others. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#role.kind === 'client') await Promise.allSettled(this.#underWay);
    const role = this.#role;
    this.#enter({ kind: 'closed' });
    this.#closing.abort();
    await this.#seeking;
    if (role.kind === 'client' || role.kind === 'holder') await role.driver.close();
    this.#paths.close();
  }

  async #seek(onFailure: OnFailure): Promise<void> {
    const role = await this.#search.role(failure => {
      this.#trouble = failure.error.message;
      onFailure(failure);
    });
    if (role !== null) await this.#take(role);
  }

  /** A role that was found, unless it is no longer wanted. */
  async #take(role: FoundRole): Promise<void> {
    if (this.#role.kind === 'closed') return role.driver.close();
    this.#enter(role);
    const ended = role.kind === 'client' ? role.driver.closed : role.driver.ended;
    void ended.then(() => {
      if (this.#role !== role) return;
      this.#enter({ kind: 'seeking' });
      this.follow();
    });
  }

  #enter(role: Role): void {
    this.#role = role;
    this.#onRole(role.kind);
    for (const tell of [...this.#waiting]) tell();
  }

  /** D3. */
  #ask<T>(call: (driver: PortClient | ThreadedDriver) => Promise<T>, readOnly: boolean): Promise<T> {
    const answer = this.#answer(call, readOnly);
    this.#underWay.add(answer);
    const done = (): void => void this.#underWay.delete(answer);
    answer.then(done, done);
    return answer;
  }

  async #answer<T>(call: (driver: PortClient | ThreadedDriver) => Promise<T>, readOnly: boolean): Promise<T> {
    const untilMs = this.#clock.monotonicMs() + this.#waitMs;
    let passed: Role | null = null;
    for (;;) {
      const role = this.#role;
      if (role.kind === 'closed') throw new EngineError('STORE_FAILED', 'the store is closed');
      if (role.kind === 'seeking' || role === passed) {
        await this.#changed(role, untilMs);
        continue;
      }
      try {
        return role.kind === 'holder' ? await call(role.driver) : await this.#inTime(call(role.driver), untilMs);
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || (error.wasSent && !readOnly)) throw error;
        if (this.#clock.monotonicMs() >= untilMs) throw error;
        passed = role;
      }
    }
  }

  /** Resolves when the role is another. @throws {StoreUnavailable} when it is not in time */
  async #changed(role: Role, untilMs: number): Promise<void> {
    const leftMs = untilMs - this.#clock.monotonicMs();
    if (leftMs <= 0 || this.#waiting.size >= waitingMax) {
      throw new StoreUnavailable(`no process serves the store in "${this.info.location}": ${this.#trouble}`, false);
    }
    await new Promise<void>(resolve => {
      const tell = (): void => {
        timer.cancel();
        this.#waiting.delete(tell);
        resolve();
      };
      const timer = this.#clock.setTimer(leftMs, tell);
      this.#waiting.add(tell);
      if (this.#role !== role) tell();
    });
  }

  /** What a holder of another process answers. @throws {StoreUnavailable} when it does not in time, or has failed (D4) */
  async #inTime<T>(answer: Promise<T>, untilMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(untilMs - this.#clock.monotonicMs(), () =>
        reject(new StoreUnavailable(`the process that holds "${this.info.location}" does not answer`, true)),
      );
      answer
        .finally(() => timer.cancel())
        .then(resolve, (error: unknown) => {
          const hasFailed = error instanceof EngineError && error.code === 'STORE_FAILED';
          reject(hasFailed ? new StoreUnavailable(error.message, true, { cause: error }) : error);
        });
    });
  }
}
