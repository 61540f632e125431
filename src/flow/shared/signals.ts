// Signals of an instance: active or not, shared by all of its contexts.
//
// A flow that is taken clears and raises. An active signal ends what monitors it: a context that waits goes over the signal
// flow in the commit that finds the signal active, one that executes when its action has ended, instead of over another flow.
// That clears the signal. Whatever waits when it is raised goes at once: all of them, then the signal is clear.

import type { Place, Plan, PlanAction } from '../../workflow/plan.js';
import type { PlanMonitor } from '../../workflow/signals.js';
import type { Happening, Source, StoredContext } from './happening.js';
import type { SharedState } from './state.js';
import type { Working } from './working.js';

/** A context that a signal has ended. */
export interface Signalled {
  readonly context: number;
  readonly workflow: number;
  readonly place: Place;
  /** Its action had run, and its own flows are not taken. */
  readonly hasRun: boolean;
  /** No flow is taken for the signal: the context has ended. */
  readonly hasEnded: boolean;
}

/** The first of the signals an action monitors that is active; `null`: none is. */
export function activeOf({ signals }: SharedState, { monitors }: PlanAction): PlanMonitor | null {
  if (signals === undefined || monitors === undefined) return null;
  return monitors.find(({ signal }) => signals.includes(signal)) ?? null;
}

/** What taking the flows does to signals: what is raised while it is active stays as it is. */
export function takeSignals(state: SharedState, plan: Plan, flows: readonly number[]): void {
  if (plan.signals === undefined) return;
  for (const flow of flows) for (const name of plan.signals.get(flow)?.clear ?? []) clearSignal(state, name);
  for (const flow of flows) for (const name of plan.signals.get(flow)?.raise ?? []) raiseSignal(state, name);
}

/** @returns whether it was not active before */
export function raiseSignal(state: SharedState, name: string): boolean {
  if (state.signals?.includes(name) === true) return false;
  state.signals = [...(state.signals ?? []), name];
  return true;
}

/** @returns whether it was active before */
export function clearSignal(state: SharedState, name: string): boolean {
  if (state.signals?.includes(name) !== true) return false;
  const left = state.signals.filter(each => each !== name);
  if (left.length > 0) state.signals = left;
  else delete state.signals;
  return true;
}

/** Signals that flows of these happenings raise. */
export function raisedBy(happenings: readonly Happening[], plan: (workflow: number) => Plan): string[] {
  return happenings.flatMap(({ workflow, what }) => {
    if (what.kind !== 'flows') return [];
    const { signals, actions } = plan(workflow);
    // One that is ended by a signal takes another flow, which may raise too.
    const flows = [...what.flows, ...(actions[what.from]!.monitors ?? []).flatMap(({ flow }) => flow?.flow ?? [])];
    return flows.flatMap(flow => signals?.get(flow)?.raise ?? []);
  });
}

/**
 * Everything that waits where an active signal is monitored goes, each once: one that comes to such an action again by the flow it
 * takes is left to its next claim, so that flows which raise what the next action monitors do not turn here for ever.
 *
 * @param take takes the flows out of a place for a context
 */
export function settleSignals(
  working: Working,
  take: (context: StoredContext, flows: readonly number[]) => void,
): void {
  const gone = new Set<number>();
  while (working.state.signals !== undefined && working.end === null) {
    const waiting = working.contexts().flatMap(each => {
      const found =
        !gone.has(each.context) && waits(working, each) ? activeOf(working.state, actionAt(working, each)) : null;
      return found === null ? [] : [{ each, signal: found.signal }];
    });
    const signal = waiting[0]?.signal;
    if (signal === undefined) return;
    clearSignal(working.state, signal);
    for (const { each } of waiting.filter(one => one.signal === signal)) {
      // Another's flow may have withdrawn it.
      if (working.end !== null || !working.contexts().some(({ context }) => context === each.context)) continue;
      gone.add(each.context);
      const { flow } = actionAt(working, each).monitors!.find(one => one.signal === signal)!;
      const { context, workflow, place } = each;
      working.signalled.push({ context, workflow, place, hasRun: false, hasEnded: flow === null });
      take(each, flow === null ? [] : [flow.flow]);
    }
  }
}

/** Where the variables of a context come from that has been standing somewhere. */
export function sourceFor(working: Working, context: number): { readonly source: Source; readonly from: number } {
  const known = working.standing.get(context);
  return known ?? { source: { kind: 'of', context }, from: context };
}

function actionAt({ world }: Working, { workflow, place }: StoredContext): PlanAction {
  return world.plan(workflow).actions[place]!;
}

/** Whether it has come to an action that has not begun. What may be executing is not known to wait; a trigger that has been
 * given what it waits for is sure to fire. */
function waits({ state, standing }: Working, { context, hasRun, ...each }: StoredContext): boolean {
  if (hasRun) return false;
  const anew = standing.get(context);
  // Nothing else in the commit can be made from variables that it makes itself: the next claim finds the signal active.
  if (anew !== undefined && anew.source.kind !== 'of') return false;
  switch (each.state) {
    case 'ready':
    case 'paused':
      return anew === undefined ? each.isAsleep === true : anew.stays !== 'given';
    case 'waiting':
      return isQueued(state, context);
    case 'failed':
    case 'joining':
      return false;
  }
}

/** Whether it waits for a mutex. */
function isQueued({ mutexes }: SharedState, context: number): boolean {
  return Object.values(mutexes).some(({ waiting }) => waiting.some(each => each.context === context));
}
