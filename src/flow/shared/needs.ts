// For which happenings all contexts of an instance must be known, and not only those that have numbers in the state.

import type { Plan } from '../../workflow/plan.js';
import type { Happening } from './happening.js';
import { raisedBy } from './signals.js';
import type { SharedState } from './state.js';
import type { SharedWorld } from './working.js';

/** Whether a workflow that runs in the instance can withdraw contexts, or has joins that look at what lives. */
export function joinsOrWithdraws(
  state: SharedState,
  happenings: readonly Happening[],
  { plan }: Pick<SharedWorld, 'plan'>,
): boolean {
  const scopes = Object.values(state.open);
  if (state.races !== undefined || scopes.some(({ kind }) => kind === 'handler')) return true;
  if (state.signals !== undefined || raisedBy(happenings, plan).length > 0) return true;
  const workflows = new Set([...scopes, ...happenings].map(({ workflow }) => workflow));
  return [...workflows].some(workflow => withdraws(plan(workflow)));
}

const withdraws = ofPlan(plan =>
  plan.actions.some(
    ({ action, join }) =>
      action.type === 'end' ||
      action.type === 'cancel' ||
      action.type === 'group' ||
      (action.type === 'forEach' && action.rest === 'cancel') ||
      join?.kind === 'activated' ||
      (join?.kind === 'count' && join.rest === 'cancel'),
  ),
);

/** Whether what the contexts share must be told of each move of one: for mutexes, signals, and joins that look at what lives. */
export const watchesMoves = ofPlan(plan =>
  plan.actions.some(
    ({ mutex, join, monitors }) => mutex !== null || monitors !== undefined || join?.kind === 'activated',
  ),
);

/** Whether contexts can end without a result, at a join. */
export const hasJoins = ofPlan(plan => plan.actions.some(({ join }) => join !== null));

/** The answer is worked out once a plan. */
function ofPlan(ask: (plan: Plan) => boolean): (plan: Plan) => boolean {
  const known = new WeakMap<Plan, boolean>();
  return plan => {
    let answer = known.get(plan);
    if (answer === undefined) {
      answer = ask(plan);
      known.set(plan, answer);
    }
    return answer;
  };
}
