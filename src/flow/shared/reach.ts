// Which places of a plan can be reached from which. Worked out once a plan and place.

import type { Place, Plan, PlanAction } from '../../workflow/plan.js';

const known = new WeakMap<Plan, Map<Place, ReadonlySet<Place>>>();

/**
 * Whether a context that stands at `from` can come to `to` over a flow.
 *
 */
export function reaches(plan: Plan, from: Place, to: Place): boolean {
  return reachedFrom(plan, from).has(to);
}

function reachedFrom(plan: Plan, from: Place): ReadonlySet<Place> {
  let places = known.get(plan);
  if (places === undefined) {
    places = new Map();
    known.set(plan, places);
  }
  let reached = places.get(from);
  if (reached === undefined) {
    const found = new Set<Place>();
    const open = [from];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      for (const { to } of flowsOutOf(plan.actions[place]!)) {
        if (found.has(to)) continue;
        found.add(to);
        open.push(to);
      }
    }
    reached = found;
    places.set(from, found);
  }
  return reached;
}

/** Name of the action that a flow leads out of. */
export function sourceOf(plan: Plan, flow: number): string {
  let names = sources.get(plan);
  if (names === undefined) {
    names = [];
    for (const action of plan.actions) {
      for (const { flow } of flowsOutOf(action)) names[flow] = action.name;
    }
    sources.set(plan, names);
  }
  return names[flow]!;
}

const sources = new WeakMap<Plan, string[]>();

function flowsOutOf({ flows, errorFlow, timeoutFlow, expirationFlow, monitors }: PlanAction): {
  flow: number;
  to: Place;
}[] {
  const onSignal = (monitors ?? []).map(({ flow }) => flow);
  return [...flows, errorFlow, timeoutFlow, expirationFlow, ...onSignal].filter(flow => flow !== null);
}
