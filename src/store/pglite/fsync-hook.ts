// Makes PGlite's commits reach the disk, and stops it for good when they do not.
//
// PGlite's file system for Node has no fsync: what PostgreSQL believes durable is in the cache of the operating system.
// The hook gives it one, before PostgreSQL starts, so that what recovery repairs is on the disk before WAL it was
// repaired from is given up. Two more things are needed beside it, in `session-options.ts`: no `-F`, and
// `wal_sync_method=fsync` (PGlite's fdatasync is a stub that never reaches its file system).
//
// Invariants:
//   F1. A failed fsync is reported to PostgreSQL as EIO, by the error class its file system layer knows. Any other
//       exception is swallowed by PGlite's message loop, which then runs for ever.
//   F2. After a failed fsync, or any exception PostgreSQL does not recover from, PGlite is unplugged: its message loop
//       throws at once instead of spinning, now and whenever it is entered again. Retrying a failed fsync proves
//       nothing: the kernel may have dropped the pages and report success. PostgreSQL only logs some failures of its
//       recovery, so one that happens while it starts is looked for when it has started.
//   F3. Only a regular file is synced by its data (a commit then waits for no times of files). What fdatasync leaves out
//       for a folder differs between file systems, and may be the name that was made or changed in it.

import fs from 'node:fs';
import type { CrashSync } from './crash-sync.js';

/** Faults that tests play. */
export interface StoreFaults {
  /** Leave the hook out; a strict session must then refuse to open. */
  readonly withoutFsyncHook?: boolean;
  /** One shared number: `n > 0` makes the n-th fsync from then on fail, once. */
  readonly failFsync?: Int32Array;
}

export interface FsyncFigures {
  syncs: number;
  syncMs: number;
  longestSyncMs: number;
}

/** What is used of the Emscripten module under PGlite; the second half only once PostgreSQL runs. */
export interface WasmModule {
  readonly FS: {
    readonly ErrnoError: new (errno: number) => Error;
    lookupPath(path: string, options: { follow: boolean }): { node: unknown };
    truncate(target: unknown, bytes: number): void;
  };
  readonly NODEFS: { readonly stream_ops: Record<string, unknown>; realPath(node: unknown): string };
  readonly HEAPU8: Uint8Array;
  stackRestore: (pointer: number) => void;
  _PostgresMainLoopOnce: () => void;
  _PostgresSendReadyForQueryIfNecessary: () => void;
  _pgl_pq_flush: () => void;
}

const errnoEio = 29;
/** The exit status of an error that PostgreSQL handles itself. */
const recoverableStatus = 100;

export class PostgresProcess {
  readonly figures: FsyncFigures = { syncs: 0, syncMs: 0, longestSyncMs: 0 };
  /** Why it is beyond use, or `null`. */
  failure: string | null = null;
  #module: WasmModule | null = null;
  #hasStarted = false;

  /** Bytes of the memory PostgreSQL runs in. It never shrinks. */
  get memoryBytes(): number {
    return this.#module?.HEAPU8.length ?? 0;
  }

  /**
   * To be called before PostgreSQL starts.
   *
   * @param crashSync knows what need not be synced again until PostgreSQL has started
   */
  installFsync(module: WasmModule, crashSync: CrashSync | null, faults: StoreFaults): void {
    this.#module = module;
    if (faults.withoutFsyncHook) return;
    const { figures } = this;
    module.NODEFS.stream_ops.fsync = (stream: { nfd: number }): number => {
      const startedMs = performance.now();
      try {
        if (!this.#hasStarted && crashSync?.covers(stream.nfd)) return 0;
        if (faults.failFsync && Atomics.load(faults.failFsync, 0) > 0 && Atomics.sub(faults.failFsync, 0, 1) === 1) {
          throw new Error('EIO: fault played by a test, fdatasync');
        }
        if (fs.fstatSync(stream.nfd).isFile()) fs.fdatasyncSync(stream.nfd);
        else fs.fsyncSync(stream.nfd); // F3
      } catch (error) {
        this.unplug(`fsync failed: ${(error as Error).message}`); // F2
        throw new module.FS.ErrnoError(errnoEio); // F1
      }
      const tookMs = performance.now() - startedMs;
      figures.syncs++;
      figures.syncMs += tookMs;
      figures.longestSyncMs = Math.max(figures.longestSyncMs, tookMs);
      return 0;
    };
  }

  /** PostgreSQL has started: watch its message loop (F2). */
  watch(module: WasmModule): void {
    this.#module = module;
    this.#hasStarted = true;
    const step = module._PostgresMainLoopOnce;
    module._PostgresMainLoopOnce = () => {
      try {
        step();
      } catch (error) {
        if ((error as { status?: number }).status !== recoverableStatus) this.unplug(String(error));
        throw error;
      }
    };
  }

  /** F2. The first reason stays. */
  unplug(reason: string): void {
    if (this.failure !== null) return;
    this.failure = reason;
    const refuse = (): never => {
      throw new Error(`PostgreSQL was stopped: ${reason}`);
    };
    if (this.#module === null) return;
    this.#module._PostgresMainLoopOnce = refuse;
    // PGlite calls this in its handler of any exception of the line above: thrown from here, it leaves the loop.
    this.#module.stackRestore = refuse;
    this.#module._PostgresSendReadyForQueryIfNecessary = () => {};
    this.#module._pgl_pq_flush = () => {};
  }
}
