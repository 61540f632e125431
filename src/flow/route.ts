// Which flows are taken when an action has finished. Conditions are compiled here, once a plan a thread.
//
// All unconditional flows are, and all conditional flows whose condition is true (neither false nor unknown); if these
// are none, the else flow. Flows for errors and timeouts are no part of this: see `failureFlow` in workflow/plan.ts.

import type { PlanAction, PlanFlow, Route } from '../workflow/plan.js';
import { type CompiledCondition, compileCondition } from './condition/compile.js';
import { namesOf } from './condition/names.js';

/** The ways on from an action of a plan. */
export function routeOf({ flows }: PlanAction): Route {
  const conditions = new Map<PlanFlow, CompiledCondition>();
  const names = new Set<string>();
  for (const flow of flows) {
    if (flow.kind !== 'conditional') continue;
    conditions.set(flow, compileCondition(flow.condition));
    for (const name of namesOf(flow.condition)) names.add(name);
  }
  return {
    fixed: fixedFlows(flows),
    names,
    taken: variables => {
      const taken = flows.filter(
        flow => flow.kind === 'always' || (flow.kind === 'conditional' && conditions.get(flow)!(variables) === true),
      );
      return taken.length > 0 ? taken : flows.filter(({ kind }) => kind === 'else');
    },
  };
}

/** Without conditions all unconditional flows are taken, or else the else flow. Flows with data maps are looked at when they are. */
function fixedFlows(flows: readonly PlanFlow[]): readonly PlanFlow[] | null {
  if (flows.some(({ kind, maps }) => kind === 'conditional' || maps !== undefined)) return null;
  const always = flows.filter(({ kind }) => kind === 'always');
  return always.length > 0 ? always : flows;
}
