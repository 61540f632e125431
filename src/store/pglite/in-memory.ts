// The home in memory, for tests and trials: the same thread, the same SQL, nothing on disk and nothing kept.

import type { StoreInfo } from '../contract.js';
import { ThreadedDriver } from './threaded.js';

export interface PgliteMemoryOptions {
  /** PostgreSQL settings, as for the home on disk. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Open a home in memory. Its durability is `none`: it ends with `close` or the process. */
export async function openPgliteMemory(options: PgliteMemoryOptions = {}): Promise<ThreadedDriver> {
  const info: StoreInfo = { kind: 'pglite-memory', location: 'memory', durability: 'none' };
  const { settings = {} } = options;
  return ThreadedDriver.start(info, { folder: null, durability: 'none', settings, faults: {} }, null);
}
