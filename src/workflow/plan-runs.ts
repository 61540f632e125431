// Runs and the deadline of a workflow, as its plan has them.

import type { Deadline } from './deadline-model.js';
import type { Place, PlanAction } from './plan.js';

/** Where runs begin and end. */
export interface RunMarks {
  readonly starts: readonly Place[];
  readonly ends: readonly Place[];
}

/** `from`: of the runs, or of the instance from its submission. */
export type PlanDeadline = Deadline & { readonly from: 'submission' | 'run' };

/** Absent: the workflow has none. */
export interface PlanRuns {
  readonly runs?: RunMarks;
  readonly deadline?: PlanDeadline;
}

export function planRuns(deadline: Deadline | undefined, actions: readonly PlanAction[]): PlanRuns {
  const placesOf = (mark: 'startOfRun' | 'endOfRun'): Place[] =>
    actions.flatMap(({ action, place }) => (action[mark] === true ? [place] : []));
  const runs = { starts: placesOf('startOfRun'), ends: placesOf('endOfRun') };
  const hasRuns = runs.starts.length > 0;
  return {
    ...(hasRuns ? { runs } : {}),
    // Without marks the run is the whole life.
    ...(deadline === undefined
      ? {}
      : { deadline: { ...deadline, from: hasRuns ? (deadline.from ?? 'run') : 'submission' } }),
  };
}
