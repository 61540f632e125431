// The home on disk: PGlite in a thread of its own, on a folder that this process holds the lock of.
//
// Why a thread: PGlite is synchronous, and a commit waits for the disk. The main loop goes on meanwhile, and what it
// asks for forms the next group.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EngineError, type ErrorCode } from '../../observe/errors.js';
import { threadEntry } from '../../observe/thread-entry.js';
import type { StoreInfo } from '../contract.js';
import type { SqlCall, SqlDriver, SqlRows } from '../driver.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import type { StoreFaults } from './fsync-hook.js';
import { PortClient, type Refusal, refusedForGood } from './port-client.js';
import type { SessionFigures } from './session.js';
import type { Terms } from './shared/hello.js';
import { inspectFolder } from './template.js';
import type { StoreControl, StoreNotice, StoreThreadOptions } from './thread-protocol.js';

export interface PgliteFolderOptions {
  /** The store's own folder; made if absent. The database is in `<folder>/pglite`. */
  readonly folder: string;
  /** Default `strict`. `relaxed`: commits survive the process but not a power cut, which may damage the folder. */
  readonly durability?: 'strict' | 'relaxed';
  /** PostgreSQL settings, e.g. `{ shared_buffers: '64MB' }`; default 16MB, see `session-options.ts`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Tests only. */
  readonly faults?: StoreFaults;
}

/** Longest a closing store may take before its thread is ended; nothing acknowledged depends on a clean end. */
const closeMs = 30_000;

/**
 * Open the home in a folder, laying down a database if it has none.
 *
 * @param refusal what calls are refused with when the thread is gone; default `STORE_FAILED`
 * @throws {EngineError} STORE_LOCKED, STORE_NOT_DURABLE, STORE_NEWER, STORE_FAILED, or OPTION_INVALID when the folder
 *   belongs to something else
 */
export async function openPgliteFolder(
  options: PgliteFolderOptions,
  refusal: Refusal = refusedForGood,
): Promise<ThreadedDriver> {
  const { folder, durability = 'strict', settings = {}, faults = {} } = options;
  inspectFolder(folder); // before the lock, whose files would otherwise land in somebody else's folder
  const lock = await lockFolder(folder);
  try {
    const info: StoreInfo = { kind: 'pglite-disk', location: folder, durability };
    return await ThreadedDriver.start(info, { folder, durability, settings, faults }, lock, refusal);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): EngineError {
  return new EngineError(code as ErrorCode, message.replace(`${code}: `, ''));
}

/** A store thread and this process's first connection to it. */
export class ThreadedDriver implements SqlDriver {
  readonly info: StoreInfo;
  readonly #worker: Worker;
  readonly #client: PortClient;
  readonly #exited: Promise<void>;
  #closing: Promise<void> | null = null;
  #hasEnded = false;

  private constructor(
    info: StoreInfo,
    worker: Worker,
    exited: Promise<void>,
    lock: FolderLock | null,
    refusal: Refusal,
  ) {
    this.info = info;
    this.#worker = worker;
    this.#client = new PortClient(this.connect(), refusal);
    worker.on('error', error => {
      this.#client.endReason = `the store thread has died: ${error.message}`;
    });
    void exited.then(() => {
      this.#hasEnded = true;
    });
    this.#exited = Promise.all([exited, this.#client.closed]).then(() => lock?.release());
    // From here on only what is pending keeps the process alive.
    worker.unref();
  }

  /** Start a store thread and wait until it is open. */
  static async start(
    info: StoreInfo,
    options: StoreThreadOptions,
    lock: FolderLock | null,
    refusal: Refusal = refusedForGood,
  ): Promise<ThreadedDriver> {
    // Without the flags of this process: a test runner's are not for a built file.
    const worker = new Worker(threadEntry('store-thread'), { workerData: options, name: 'store-thread', execArgv: [] });
    const exited = new Promise<void>(resolve => worker.once('exit', () => resolve()));
    const notice = await new Promise<StoreNotice>(resolve => {
      const refuse = (message: string): void => resolve({ kind: 'refused', code: 'STORE_FAILED', message });
      worker.once('message', resolve);
      worker.once('error', error => refuse(`the store thread has died: ${error.message}`));
      void exited.then(() => refuse('the store thread ended while opening'));
    });
    if (notice.kind === 'refused') {
      await worker.terminate();
      throw errorOf(notice);
    }
    worker.removeAllListeners('error');
    return new ThreadedDriver(info, worker, exited, lock, refusal);
  }

  /** Resolves when the thread has ended, on its own or by `close`, and the folder is free. */
  get ended(): Promise<void> {
    return this.#exited;
  }

  /**
   * Serve clients of other processes on a socket in the folder.
   *
   * @throws {EngineError} when the socket cannot be made
   */
  async listen(folder: string, terms: Terms): Promise<void> {
    const notice = await new Promise<StoreNotice>(resolve => {
      this.#worker.once('message', resolve);
      void this.#exited.then(() => resolve({ kind: 'refused', code: 'STORE_FAILED', message: 'the store has ended' }));
      this.#worker.ref();
      this.#worker.postMessage({ kind: 'listen', folder, terms } satisfies StoreControl);
    });
    this.#worker.unref();
    if (notice.kind === 'refused') throw errorOf(notice);
  }

  /** A further connection, for a `PortClient` in any thread (transfer the port). It outlives a blocked main loop. */
  connect(): MessagePort {
    if (this.#hasEnded) throw new EngineError('STORE_FAILED', 'the store is closed');
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ kind: 'connect', port: port2 } satisfies StoreControl, [port2]);
    return port1;
  }

  /** How another thread of this process reaches the store by itself: a `PortClient` on the port. */
  access(): { readonly storePort: MessagePort } {
    return { storePort: this.connect() };
  }

  transaction(calls: readonly SqlCall[]): Promise<SqlRows[]> {
    return this.#client.transaction(calls);
  }

  script(text: string): Promise<void> {
    return this.#client.script(text);
  }

  diskBytes(): Promise<number> {
    return this.#client.diskBytes();
  }

  figures(): Promise<SessionFigures> {
    return this.#client.figures();
  }

  /** End the thread in the middle of whatever it does, as a crash would. Tests only. */
  killThread(): void {
    void this.#worker.terminate();
  }

  /** Carry out what was asked before, checkpoint, end the thread and release the folder. All connections close. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#worker.ref();
    this.#client.flush();
    const late = setTimeout(() => void this.#worker.terminate(), closeMs);
    this.#client.endReason = 'the store is closed';
    this.#worker.postMessage({ kind: 'close' } satisfies StoreControl);
    await this.#exited;
    clearTimeout(late);
  }
}
