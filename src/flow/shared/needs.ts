// For which happenings all contexts of an instance must be known, and not only those that have numbers in the state.

import type { Plan } from '../../workflow/plan.js';
import type { Happening } from './happening.js';
import type { SharedState } from './state.js';
import type { SharedWorld } from './working.js';

const known = new WeakMap<Plan, boolean>();

/** Whether a workflow that runs in the instance can withdraw contexts, or has joins that look at what lives. */
export function joinsOrWithdraws(
  state: SharedState,
  happenings: readonly Happening[],
  { plan }: Pick<SharedWorld, 'plan'>,
): boolean {
  const scopes = Object.values(state.open);
  if (scopes.some(({ kind }) => kind === 'handler')) return true;
  const workflows = new Set([...scopes, ...happenings].map(({ workflow }) => workflow));
  return [...workflows].some(workflow => withdraws(plan(workflow)));
}

function withdraws(plan: Plan): boolean {
  let answer = known.get(plan);
  if (answer === undefined) {
    answer = plan.actions.some(
      ({ action, join }) =>
        action.type === 'end' ||
        action.type === 'cancel' ||
        action.type === 'group' ||
        (action.type === 'forEach' && action.rest === 'cancel') ||
        join?.kind === 'activated' ||
        (join?.kind === 'count' && join.rest === 'cancel'),
    );
    known.set(plan, answer);
  }
  return answer;
}

const watched = new WeakMap<Plan, boolean>();

/** Whether what the contexts share must be told of each move of one: for mutexes, and joins that look at what lives. */
export function watchesMoves(plan: Plan): boolean {
  let answer = watched.get(plan);
  if (answer === undefined) {
    answer = plan.actions.some(({ mutex, join }) => mutex !== null || join?.kind === 'activated');
    watched.set(plan, answer);
  }
  return answer;
}

const joining = new WeakMap<Plan, boolean>();

/** Whether contexts can end without a result, at a join. */
export function hasJoins(plan: Plan): boolean {
  let answer = joining.get(plan);
  if (answer === undefined) {
    answer = plan.actions.some(({ join }) => join !== null);
    joining.set(plan, answer);
  }
  return answer;
}
