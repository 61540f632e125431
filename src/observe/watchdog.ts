// The main thread's side of the watchdog: a thread that answers for the engine's health when the engine cannot.
//
// Main shows that it lives by counting up in shared memory, every 100 ms from a timer and whenever the claim loop turns.
// The thread (`workers/watchdog-thread.ts`, `watchdog-server.ts`) watches that number, holds the health port, writes the
// heartbeat and the log lines main cannot write, and sends status events through a port of their own.
//
// Invariants:
//   W1. Neither the thread nor the timer keeps the process alive.
//   W2. What main writes here is a store into shared memory: it costs nanoseconds and never waits. Only a main that dies
//       of an uncaught error waits, at most 500 ms, for its last words to be written.

import { getHeapStatistics } from 'node:v8';
import { type MessagePort, Worker } from 'node:worker_threads';
import { systemClock, type Timer } from './clock.js';
import { EngineError } from './errors.js';
import { threadEntry } from './thread-entry.js';
import {
  type FromWatchdog,
  type MainState,
  mainState,
  type SharedStore,
  type StoreServer,
  slot,
  slotCount,
  type ToWatchdog,
  type WatchdogEventName,
  type WatchdogThreadOptions,
} from './watchdog-protocol.js';

export interface WatchdogOptions {
  readonly engine: string;
  /** Address of the health port. Default loopback, `127.0.0.1`. */
  readonly host?: string;
  /** Health port; 0 takes a free one, `null` none. Default `null`. */
  readonly port?: number | null;
  /** Main is blocked after so long without progress, milliseconds. Default 5,000. */
  readonly blockedAfterMs?: number;
  /** How often `Ok`, or a trouble that lasts, is told, milliseconds. Default 3,600,000. */
  readonly heartbeatMs?: number;
  /** The log file the thread adds its lines to. Default: none. */
  readonly logFile?: string | null;
  /** Errors go to standard error too. Default true. */
  readonly errorsToStandardError?: boolean;
  /** Where `StatusEvent`s go; handed over to the thread. Default: nowhere. */
  readonly record?: MessagePort | null;
  /** A connection to the store thread, in place of `record`: the thread's entry writes the events itself, blocked main
   * or not. Default: none. */
  readonly storePort?: MessagePort | null;
  /** The folder of a store that several processes share, in place of `storePort`. Default: none. */
  readonly storeFolder?: SharedStore | null;
  /** The server that has the store, in place of `storePort`. Default: none. */
  readonly storeServer?: StoreServer | null;
  /** Status events that are recorded. Default: all. */
  readonly recorded?: readonly WatchdogEventName[];
  /** Asked every 100 ms: does the claim loop turn? Default: it does if the event loop does. */
  readonly isProgressing?: () => boolean;
  /** The thread died by itself; health is no longer answered. */
  readonly lost?: (error: Error) => void;
}

const countEveryMs = 100;
/** Statistics of the heap take some microseconds, and nobody reads them more often. */
const heapEveryCounts = 10;
const lastWordsMs = 500;
const stopMs = 2_000;

export class Watchdog {
  readonly #worker: Worker;
  readonly #shared: Int32Array;
  readonly #isProgressing: () => boolean;
  readonly #exited: Promise<void>;
  #timer: Timer | null = null;
  #countsUntilHeap = 0;
  #isStopping = false;

  /** Port of `/health`, or `null`. */
  readonly port: number | null;

  /** @throws EngineError `OPTION_INVALID` when the health port cannot be opened */
  static async start(options: WatchdogOptions): Promise<Watchdog> {
    const shared = new Int32Array(new SharedArrayBuffer(slotCount * Int32Array.BYTES_PER_ELEMENT));
    const { record = null, storePort = null, storeFolder = null, storeServer = null } = options;
    const workerData: WatchdogThreadOptions = {
      engine: options.engine,
      shared,
      host: options.host ?? '127.0.0.1',
      port: options.port ?? null,
      blockedAfterMs: options.blockedAfterMs ?? 5_000,
      heartbeatMs: options.heartbeatMs ?? 3_600_000,
      logFile: options.logFile ?? null,
      errorsToStandardError: options.errorsToStandardError ?? true,
      record,
      storePort,
      storeFolder,
      storeServer,
      recorded: options.recorded ?? ['Ok', 'EngineMainBlocked', 'EngineMainStopped'],
    };
    const worker = new Worker(threadEntry('watchdog-thread'), {
      name: 'watchdog',
      workerData,
      transferList: [record, storePort].filter(port => port !== null),
      // A preloaded module of the application has no business here.
      execArgv: [],
    });
    const answer = await new Promise<FromWatchdog>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', code => reject(new Error(`the watchdog thread ended with code ${code}`)));
    });
    worker.removeAllListeners();
    if (answer.kind === 'refused') {
      await worker.terminate();
      throw new EngineError('OPTION_INVALID', `healthPort: ${workerData.port} cannot be opened: ${answer.message}`);
    }
    return new Watchdog(worker, shared, answer.port, options);
  }

  private constructor(worker: Worker, shared: Int32Array, port: number | null, options: WatchdogOptions) {
    this.#worker = worker;
    this.#shared = shared;
    this.port = port;
    this.#isProgressing = options.isProgressing ?? (() => true);
    this.#exited = new Promise(resolve => worker.once('exit', () => resolve()));
    worker.on('error', error => {
      this.#stopCounting();
      if (!this.#isStopping) options.lost?.(error);
    });
    worker.unref();
    process.on('uncaughtExceptionMonitor', this.#lastWords);
    this.#count();
  }

  /** The claim loop has turned. */
  progressed(): void {
    Atomics.add(this.#shared, slot.progress, 1);
  }

  /** Instances executing, for the heartbeat. */
  setRunning(instances: number): void {
    Atomics.store(this.#shared, slot.running, instances);
  }

  /** `failed` is for `mainFailed` alone. */
  setState(state: Exclude<MainState, 'failed'>): void {
    Atomics.store(this.#shared, slot.state, mainState[state]);
  }

  /** What health says beside its status from now on: nothing that makes the engine unhealthy. */
  setRemarks(remarks: readonly string[]): void {
    this.#tell({ kind: 'remarks', remarks });
  }

  setDatabaseFailing(isFailing: boolean): void {
    Atomics.store(this.#shared, slot.databaseFailing, isFailing ? 1 : 0);
  }

  /** The main loop has stopped due to an error; the process may go on. */
  mainFailed(reason: string): void {
    this.#tell({ kind: 'failing', reason });
    Atomics.store(this.#shared, slot.state, mainState.failed);
  }

  /** End the thread and give up the health port. Doing it twice does nothing. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#stopCounting();
    process.off('uncaughtExceptionMonitor', this.#lastWords);
    // The process must live until the port is closed.
    this.#worker.ref();
    const overdue = systemClock.setTimer(stopMs, () => void this.#worker.terminate());
    this.#tell({ kind: 'stop' });
    await this.#exited;
    overdue.cancel();
  }

  #tell(message: ToWatchdog): void {
    this.#worker.postMessage(message);
  }

  readonly #count = (): void => {
    if (this.#isProgressing()) this.progressed();
    if (this.#countsUntilHeap-- === 0) {
      this.#countsUntilHeap = heapEveryCounts;
      const { used_heap_size, total_heap_size } = getHeapStatistics();
      Atomics.store(this.#shared, slot.heapUsedKb, used_heap_size / 1_024);
      Atomics.store(this.#shared, slot.heapTotalKb, total_heap_size / 1_024);
    }
    this.#timer = systemClock.setTimer(countEveryMs, this.#count).unref();
  };

  #stopCounting(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The process is about to die of an uncaught error: let the watchdog say so first (W2). */
  readonly #lastWords = (error: unknown): void => {
    // The application has said that it survives uncaught errors.
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
    this.mainFailed(error instanceof Error ? (error.stack ?? error.message) : String(error));
    Atomics.wait(this.#shared, slot.stopTold, 0, lastWordsMs);
  };
}
