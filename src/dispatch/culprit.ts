// Who ended a thread? Decided from the table in shared memory, after the fact. Pure.
//
// Named: whoever called `process.exit`; whose code held the thread; who was alone. A heap is filled by anybody, little
// by little, so there holding the thread is evidence only when it lasted. Otherwise all that were executing are
// suspects (P3).

import type { ExecutingRow, SharedState } from './shared-state.js';

/** `removed`: what an operator has taken off does not end by itself. */
export type LossReason = 'timeout' | 'blocked' | 'memory' | 'exit' | 'error' | 'removed';

export interface Verdict {
  readonly culprit: ExecutingRow | null;
  /** Empty when the culprit is named or cannot be among those executing. */
  readonly suspects: readonly ExecutingRow[];
}

/** Filling a heap of the smallest useful size takes longer than this. */
const fillingMs = 100;

export type Evidence = Pick<SharedState, 'holder' | 'exiter' | 'executing'>;

export function findCulprit(reason: LossReason, evidence: Evidence, uptimeNowMs: number): Verdict {
  const executing = evidence.executing();
  const { exiter, holder } = evidence;
  if (reason === 'exit' || reason === 'error') {
    if (exiter === 'late') return { culprit: null, suspects: [] };
    if (exiter !== null) return { culprit: exiter, suspects: [] };
  }
  if (executing.length === 1) return { culprit: executing[0]!, suspects: [] };
  const isEvident = reason !== 'memory' || (holder !== null && uptimeNowMs - holder.startedAtMs >= fillingMs);
  return holder !== null && isEvident ? { culprit: holder, suspects: [] } : { culprit: null, suspects: executing };
}
