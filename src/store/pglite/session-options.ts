// How a PGlite is started.

import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import type { StoreFaults } from './fsync-hook.js';

export type Durability = 'strict' | 'relaxed' | 'none';

/** A `WebAssembly.Module` (which Node's types do not have). */
export type PostgresModule = NonNullable<PGliteOptions['pgliteWasmModule']>;

export interface SessionOptions {
  /** Folder of the database, or `null` for memory. */
  readonly folder: string | null;
  /** Folder for big files that are done with, on the same disk; without one they are truncated. */
  readonly trash?: string;
  /**
   * `strict`: a commit survives a power cut. `relaxed`: it survives the process; after a power cut the folder may be
   * damaged. `none`: memory.
   */
  readonly durability: Durability;
  /** PostgreSQL settings over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Memory only: a data folder to start from, as a tar archive. */
  readonly template?: Uint8Array | null;
  /** PostgreSQL, being compiled; otherwise PGlite does it. */
  readonly wasm?: Promise<PostgresModule>;
  readonly faults?: StoreFaults;
}

/** Why each: resident memory (the first four), no surprises (jit, autovacuum), and WAL files that are reused.
 *
 * `enable_seqscan` and `plan_cache_mode`: a plan made while a table was empty scans it for ever (0.5 ms a commit became
 * 5-8 ms at 20,000 segments), and every statement of ours is by key or by page, so thinking again buys nothing
 * (planning doubled a small commit: 0.41 against 0.18 ms). */
const defaultSettings: Readonly<Record<string, string>> = {
  shared_buffers: '16MB',
  work_mem: '4MB',
  maintenance_work_mem: '16MB',
  wal_buffers: '2MB',
  jit: 'off',
  autovacuum: 'off',
  synchronous_commit: 'on',
  min_wal_size: '64MB',
  max_wal_size: '256MB',
  enable_seqscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  random_page_cost: '1.1',
  client_min_messages: 'error',
};

/** Command line of PostgreSQL. Strict: without PGlite's `-F`, and with the sync method that reaches the hook. */
export function startParams(options: SessionOptions): string[] {
  const strict = options.durability === 'strict';
  const settings = { ...defaultSettings, ...(strict ? { wal_sync_method: 'fsync' } : {}), ...options.settings };
  const params = PGlite.defaultStartParams.filter(param => param !== '-F' || !strict);
  for (const [name, value] of Object.entries(settings)) params.push('-c', `${name}=${value}`);
  return params;
}
