// Signals and races as a plan has them: what flows raise and clear, what actions monitor, and which triggers race.

import type { Action, Flow } from './model.js';
import type { Place, Plan, PlanAction, PlanFlow } from './plan.js';
import { isDestroyedBy } from './process-checks.js';

/** A signal that an action monitors, and the flow that it takes for it; `null`: the flow context ends there. */
export interface PlanMonitor {
  readonly signal: string;
  readonly flow: Pick<PlanFlow, 'flow' | 'to'> | null;
}

/** What a flow does to the signals of its instance when it is taken: first it clears, then it raises. */
export interface PlanSignals {
  readonly raise: readonly string[];
  readonly clear: readonly string[];
}

interface NumberedFlow {
  readonly flow: number;
  readonly to: Place;
  readonly written: Flow;
}

/** @param outbound the flows out of the action */
export function planMonitors(
  { monitor }: Action,
  outbound: readonly NumberedFlow[],
): { readonly monitors?: readonly PlanMonitor[] } {
  if (monitor === undefined) return {};
  return {
    monitors: monitor.map(signal => {
      const found = outbound.find(({ written }) => written.kind === 'signal' && written.signal === signal);
      return { signal, flow: found === undefined ? null : { flow: found.flow, to: found.to } };
    }),
  };
}

/** Whether a flow may be taken because its action has finished. */
export function isNormal({ kind }: { readonly kind?: unknown }): boolean {
  return kind === undefined || kind === 'else';
}

/** @param flows of the plan, by their numbers */
export function planSignals(
  actions: readonly PlanAction[],
  flows: readonly Flow[],
): Pick<Plan, 'signals' | 'usesSignals'> {
  const signals = new Map<number, PlanSignals>();
  for (const [flow, { raise = [], clear = [] }] of flows.entries()) {
    if (raise.length + clear.length > 0) signals.set(flow, { raise, clear });
  }
  if (signals.size === 0 && actions.every(({ monitors }) => monitors === undefined)) return {};
  return { usesSignals: true, signals };
}

/** Whether the engine has to be told of the flow, because it means something to other contexts, or they to it. */
export function isShared(plan: Plan, from: Place, { flow, to }: Pick<PlanFlow, 'flow' | 'to'>): boolean {
  return endsWithItself(plan.actions[from]!) || plan.actions[to]!.join !== null || plan.signals?.has(flow) === true;
}

/** Whether a transaction ends with the action: which flow is taken out of it, or whether any is, is decided in the commit. */
export function endsWithItself({ monitors, isRaced }: PlanAction): boolean {
  return monitors !== undefined || isRaced === true;
}

/** Whether it is a program that is ended when a signal is active that it monitors; others go on to their end. */
export function isEndedBySignal({ action, monitors }: PlanAction): boolean {
  return monitors !== undefined && isDestroyedBy(action, 'signal');
}
