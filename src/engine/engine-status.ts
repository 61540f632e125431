// What an engine says of itself in numbers.

import type { EngineError } from '../observe/errors.js';
import type { StoreInfo } from '../store/contract.js';

export type EngineState = 'stopped' | 'starting' | 'started' | 'stopping' | 'disposed';

/** Numbers for dashboards and progress bars. */
export interface EngineStatus {
  readonly state: EngineState;
  readonly ready: number;
  readonly delayed: number;
  readonly claimed: number;
  /** Since this engine was created. */
  readonly finished: number;
  readonly failed: number;
  readonly removed: number;
  /** Transactions put back to be tried again after an error. */
  readonly retried: number;
  readonly auditEvents: number;
  readonly store: StoreInfo;
  /** Why the store can make nothing durable any more, or `null`: then nothing moves until a new process opens it. */
  readonly storeFailure: EngineError | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Longest commit so far, from sending it to its durable answer. */
  readonly commitMaxMs: number;
}
