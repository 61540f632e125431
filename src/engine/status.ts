// An engine at a glance.

import type { EngineError } from '../observe/errors.js';
import type { StoreInfo } from '../store/contract.js';
import type { EngineParts } from './parts.js';

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
  /** What an operator should look at although the engine works, such as a runtime configuration with faults. */
  readonly remarks: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Longest commit so far, from sending it to its durable answer. */
  readonly commitMaxMs: number;
}

export async function statusOf(
  { queue, store, metrics, health }: EngineParts,
  state: EngineState,
): Promise<EngineStatus> {
  const { ready, delayed, claimed } = await queue.counts();
  return {
    state,
    ready,
    delayed,
    claimed,
    finished: metrics.finished.value,
    failed: metrics.failed.value,
    removed: metrics.removed.value,
    retried: metrics.retried.value,
    auditEvents: metrics.auditEvents.value,
    store: store.info,
    storeFailure: health.storeFailure,
    remarks: health.remarks,
    p50Ms: metrics.instanceMs.quantile(0.5),
    p99Ms: metrics.instanceMs.quantile(0.99),
    commitMaxMs: metrics.commitMs.max,
  };
}
