// Where an engine keeps its work: the store in a folder of its own, in one it shares with other processes, in memory or in
// PostgreSQL; the queue in this process or in Redis.
// Drivers of servers are imported when they are used: a one-process start does not pay for them.

import { type Clock, systemClock } from '../observe/clock.js';
import type { WatchdogOptions } from '../observe/watchdog.js';
import type { Queue } from '../queue/contract.js';
import { EmbeddedQueue } from '../queue/embedded.js';
import type { StoreInfo } from '../store/contract.js';
import type { SqlDriver } from '../store/driver.js';
import type { StoreFaults } from '../store/pglite/fsync-hook.js';
import { openPgliteMemory } from '../store/pglite/in-memory.js';
import { openPgliteFolder, type ThreadedDriver } from '../store/pglite/threaded.js';
import type { ResolvedOptions } from './options.js';

/** How the watchdog's thread reaches the store by itself, whatever the main loop does. */
export type StoreAccess = Pick<WatchdogOptions, 'storePort' | 'storeFolder' | 'storeServer'>;

export interface StoreHome {
  readonly driver: SqlDriver;
  readonly info: StoreInfo;
  access(): StoreAccess;
}

/** What tests alone hand in or look at. */
export interface StoreInternals {
  /** Faults of a store on disk. */
  readonly storeFaults?: StoreFaults;
  /** Handed the driver of a store in a thread, for its figures. */
  readonly onDriver?: (driver: ThreadedDriver) => void;
  /** Share the folder with other processes although there is no Redis. */
  readonly sharedFolder?: boolean;
}

/**
 * Who is silent, a server or another process, is waited for by the machine's clock, whatever clock a test has handed in:
 * one that leaps has not waited.
 */
export async function openStoreHome(
  { postgres, redis, dataFolder: folder, durability }: ResolvedOptions,
  { storeFaults: faults = {}, onDriver, sharedFolder = redis !== null }: StoreInternals,
): Promise<StoreHome> {
  if (postgres !== null) {
    const { openPostgres } = await import('../store/postgres/driver.js');
    const driver = await openPostgres(postgres, { durability });
    return { driver, info: driver.info, access: () => ({ storeServer: { url: postgres, durability } }) };
  }
  if (sharedFolder && folder !== 'memory') {
    const { openSharedFolder } = await import('../store/pglite/shared/folder.js');
    const driver = await openSharedFolder({ folder, durability, faults });
    return { driver, info: driver.info, access: () => driver.access() };
  }
  const driver =
    folder === 'memory' ? await openPgliteMemory() : await openPgliteFolder({ folder, durability, faults });
  onDriver?.(driver);
  return { driver, info: driver.info, access: () => driver.access() };
}

/**
 * @param store id of the store the queue is an index of
 * @param clock what a test has handed in: the queue's time, in Redis too
 */
export async function openQueueHome(
  { redis, cluster }: ResolvedOptions,
  store: string,
  clock: Clock | undefined,
  onError: (error: Error) => void,
): Promise<Queue> {
  if (redis === null) return new EmbeddedQueue(() => (clock ?? systemClock).nowMs());
  const { createRedisQueue } = await import('../queue/redis/redis-queue.js');
  return createRedisQueue({ url: redis, name: cluster, store, onError }, clock && (() => clock.nowMs()));
}
