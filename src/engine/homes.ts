// Where an engine keeps its work: the store in a folder of its own, in one it shares with other processes, in memory or in
// PostgreSQL; the queue in this process or in Redis.
// Drivers of servers are imported when they are used: a one-process start does not pay for them.

import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../observe/clock.js';
import type { Queue } from '../queue/contract.js';
import { EmbeddedQueue } from '../queue/embedded.js';
import type { StoreInfo } from '../store/contract.js';
import type { SqlDriver } from '../store/driver.js';
import type { StoreFaults } from '../store/pglite/fsync-hook.js';
import { openPgliteMemory } from '../store/pglite/in-memory.js';
import { openPgliteFolder, type ThreadedDriver } from '../store/pglite/threaded.js';
import type { ResolvedOptions } from './options.js';

export interface StoreHome {
  readonly driver: SqlDriver;
  readonly info: StoreInfo;
  /** A connection for the watchdog's thread, which works while the main loop is blocked; `null` where there is none. */
  watchdogPort(): MessagePort | null;
}

/** @param onThreaded tests only */
export async function openStoreHome(
  options: ResolvedOptions,
  faults: StoreFaults,
  clock: Clock,
  onThreaded: (driver: ThreadedDriver) => void,
): Promise<StoreHome> {
  const { postgres, redis, dataFolder, durability } = options;
  if (postgres !== null) {
    const { openPostgres } = await import('../store/postgres/driver.js');
    const driver = await openPostgres(postgres, { durability, clock });
    return { driver, info: driver.info, watchdogPort: () => null };
  }
  if (redis !== null && dataFolder !== 'memory') {
    const { openSharedFolder } = await import('../store/pglite/shared/folder.js');
    const driver = await openSharedFolder({ folder: dataFolder, durability, faults, clock });
    return { driver, info: driver.info, watchdogPort: () => null };
  }
  const driver =
    dataFolder === 'memory'
      ? await openPgliteMemory()
      : await openPgliteFolder({ folder: dataFolder, durability, faults });
  onThreaded(driver);
  return { driver, info: driver.info, watchdogPort: () => driver.connect() };
}

export async function openQueueHome(
  { redis, cluster }: ResolvedOptions,
  clock: Clock,
  onError: (error: Error) => void,
): Promise<Queue> {
  if (redis === null) return new EmbeddedQueue(() => clock.nowMs());
  const { createRedisQueue } = await import('../queue/redis/redis-queue.js');
  return createRedisQueue({ url: redis, name: cluster, onError });
}
