// What a flow context that stands joining or waiting waits for, as the contexts of its instance share it.

import { sourceOf } from '../../flow/shared/reach.js';
import type { SharedState } from '../../flow/shared/state.js';
import type { Segment } from '../../store/contract.js';
import type { Plan } from '../../workflow/plan.js';
import { waitsForHandler } from '../shared/unhandled.js';

export type WaitsOn =
  /** At a join: actions whose flows have brought a context, and whose have not; how many it needs, if that is a number. */
  | {
      readonly kind: 'join';
      readonly arrived: readonly string[];
      readonly missing: readonly string[];
      readonly need: number | null;
    }
  /** It has ended, and stands for its result. */
  | { readonly kind: 'arrived' }
  | { readonly kind: 'group'; readonly total: number; readonly begun: number; readonly finished: number }
  | { readonly kind: 'subWorkflow' }
  | { readonly kind: 'errorHandler' }
  /** `holder`: number of the context that has it; `before`: contexts that get it first. */
  | { readonly kind: 'mutex'; readonly mutex: string; readonly holder: number; readonly before: number }
  /** It has just been let go, or what it waits for is not known. */
  | { readonly kind: 'others' };

/** @param plan that of the segment @param machine what contexts share; `null`: it has gone since @returns `null`: it stands neither joining nor waiting */
export function waitsOn(segment: Segment, plan: Plan, machine: SharedState | null): WaitsOn | null {
  switch (segment.state) {
    case 'joining':
      return machine === null ? { kind: 'others' } : ofJoin(segment, plan, machine);
    case 'waiting':
      return machine === null ? { kind: 'others' } : ofOpener(segment, plan, machine);
    case 'ready':
    case 'paused':
    case 'failed':
      return null;
  }
}

function ofJoin({ scope, place, hasRun }: Segment, plan: Plan, machine: SharedState): WaitsOn {
  const { inbound, join } = plan.actions[place]!;
  const arrivals = machine.open[scope]?.joins[place];
  if (hasRun || join === null || arrivals === undefined) return { kind: 'arrived' };
  const has = (flow: number): boolean =>
    arrivals.queues[flow] !== undefined || arrivals.passed?.includes(flow) === true;
  return {
    kind: 'join',
    arrived: inbound.filter(has).map(flow => sourceOf(plan, flow)),
    missing: inbound.filter(flow => !has(flow)).map(flow => sourceOf(plan, flow)),
    need: join.kind === 'activated' ? null : join.need,
  };
}

function ofOpener(segment: Segment, plan: Plan, machine: SharedState): WaitsOn {
  const { context, place } = segment;
  if (waitsForHandler(segment)) return { kind: 'errorHandler' };
  const { mutex } = plan.actions[place]!;
  const held = mutex === null ? undefined : machine.mutexes[mutex];
  const before = held?.waiting.findIndex(each => each.context === context) ?? -1;
  if (held !== undefined && before >= 0) return { kind: 'mutex', mutex: mutex!, holder: held.holder, before };
  const opened = Object.values(machine.open).find(({ opener }) => opener === context);
  switch (opened?.kind) {
    case 'group': {
      const { total, begun, finished } = opened.group!;
      return { kind: 'group', total, begun, finished };
    }
    case 'workflow':
      return { kind: 'subWorkflow' };
    case 'handler':
      return { kind: 'errorHandler' };
    case 'instance':
    case 'item':
    case undefined:
      return { kind: 'others' };
  }
}
