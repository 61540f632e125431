// The deadline of an instance, as it is shown.

import type { PlanDeadline } from '../../workflow/plan-runs.js';
import { momentsOf } from './deadline-rows.js';

export interface DeadlineRecord {
  readonly dueAtMs: number;
  /** It has passed, and the instance or its run was not over. */
  readonly isExceeded: boolean;
}

/**
 * @param createdAtMs `null`: that has expired
 * @param atMs when it ended, else now
 * @param dueOfRunMs of the run under way; `null`: none is, or the deadline is not of runs
 */
export function deadlineOf(
  deadline: PlanDeadline | undefined,
  createdAtMs: number | null,
  atMs: number,
  dueOfRunMs: number | null = null,
): DeadlineRecord | null {
  if (deadline === undefined) return null;
  const ofWholeMs = (): number | null =>
    createdAtMs === null ? null : (momentsOf(deadline, createdAtMs)?.dueMs ?? null);
  const dueAtMs = deadline.from === 'run' ? dueOfRunMs : ofWholeMs();
  return dueAtMs === null ? null : { dueAtMs, isExceeded: atMs > dueAtMs };
}
