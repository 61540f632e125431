// What an error of the store says: that it refused a value, or that it is in trouble itself. Only the first may fail an
// instance; the second passes, and the same call is made again until it has.

import type { Clock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import { isSqlEffect } from '../store/ad-hoc.js';
import { SqlError } from '../store/driver.js';
import type { EngineHealth } from './health.js';

/** Wait before the store is asked again. */
export const retryStoreMs = 500;

/** Classes of SQLSTATE that speak of what was to be stored: data exception, integrity constraint, program limit. All
 * others (disk full, out of memory, shut down, connection lost, deadlock ...) speak of the store. */
const valueClasses: ReadonlySet<string> = new Set(['22', '23', '54']);

/** Connection, rollback (serialization, deadlock), resources, locks, intervention, system, internal. */
const troubleClasses: ReadonlySet<string> = new Set(['08', '40', '53', '55', '57', '58', 'XX']);

/** Whether the store refused a value; asking again would be refused again. */
export function blamesValue(error: unknown): error is SqlError {
  if (!(error instanceof SqlError)) return false;
  if (valueClasses.has(error.code.slice(0, 2))) return true;
  // Whatever else a workflow's own statement meets is its fault, but for trouble of the store. 57014: it took too long.
  return isSqlEffect(error.statement) && (error.code === '57014' || !troubleClasses.has(error.code.slice(0, 2)));
}

/**
 * What the store answers, however often it must be asked. A commit that was applied although its answer was lost is
 * recognised by its id (S4).
 *
 * @throws what the store says when it refuses a value, or has died
 */
export async function surely<T>(
  ask: () => Promise<T>,
  { health, clock }: { readonly health: EngineHealth; readonly clock: Clock },
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      health.storeFailed(error);
      if (blamesValue(error) || health.storeIsDead) throw error;
      await pause(clock);
    }
  }
}

/** How long somebody who waits is kept waiting while the store is out of reach. */
const patienceMs = 15_000;

/**
 * The same for callers that would rather be told in the end: asked again for a while, and only while the store is out of
 * reach. For calls that do no harm when they are carried out twice.
 *
 * @param health is told of each failure that is the store's own
 * @throws what the store says, `STORE_UNAVAILABLE` after 15 s
 */
export async function withPatience<T>(
  ask: () => Promise<T>,
  clock: Clock,
  health?: Pick<EngineHealth, 'storeFailed'>,
): Promise<T> {
  const untilMs = clock.monotonicMs() + patienceMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!blamesValue(error)) health?.storeFailed(error);
      const isOutOfReach = error instanceof EngineError && error.code === 'STORE_UNAVAILABLE';
      if (!isOutOfReach || clock.monotonicMs() > untilMs) throw error;
      await pause(clock);
    }
  }
}

export function pause(clock: Clock): Promise<void> {
  return new Promise(resolve => void clock.setTimer(retryStoreMs, resolve));
}
