// The delay trigger: fires some time after the flow has reached it.

import {
  ActionFault,
  type ActionMember,
  type BuiltInAction,
  type Polled,
  type TriggerTurn,
} from '../dispatch/action.js';
import type { BusinessInterval } from '../time/business-interval.js';
import { TimeExpressionError } from '../time/errors.js';
import type { DelayTrigger, Json } from '../workflow/model.js';
import type { PlanAction } from '../workflow/plan.js';
import { calendarOf } from './calendars.js';
import { momentAfter } from './moment.js';
import { timed } from './timed.js';

const defaultDelay = '+3s';

/** What it keeps from one firing to the next, where it has a count or an expiration. */
interface Kept {
  readonly fired: number;
  readonly firstMs: number;
  /** An operator has moved the firing it waits for. */
  readonly nextMs?: number;
}

export const delayTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare(planAction) {
    const { action } = planAction;
    if (action.type !== 'delay') throw new Error(`a delay trigger was expected, not ${action.type}`);
    const calendar = () => calendarOf(planAction, 'calendar');
    const dueAfter = delayOf(planAction, action, calendar);
    const expiresAfter = action.expiration === undefined ? null : momentAfter(action.expiration, action.zone, calendar);
    const { count } = action;
    const isCounted = count !== undefined || expiresAfter !== null;
    return timed(planAction, (turn, member): Polled => {
      const { fired, firstMs, nextMs } = keptOf(turn);
      const expiresMs = expiresAfter?.(firstMs) ?? Number.POSITIVE_INFINITY;
      const same = keeping(isCounted, { fired, firstMs });
      const firing: Polled = {
        kind: 'fired',
        result: { result: true },
        ...keeping(isCounted, { fired: fired + 1, firstMs }),
      };
      const expired: Polled = { kind: 'expired', result: { result: false }, ...same };
      if (count !== undefined && fired >= count) return expired;
      if (turn.isExpedited) return firing;
      const dueMs = nextMs ?? dueAfter(turn.arrivedAtMs, member);
      const untilMs = Math.min(dueMs, expiresMs);
      const waiting = nextMs === undefined ? same : { keeps: { fired, firstMs, nextMs } };
      if (turn.nowMs < untilMs) return { kind: 'waits', untilMs, ...waiting };
      return dueMs <= expiresMs ? firing : expired;
    });
  },
};

/** A data map that gives the variable `delay` to the action goes before what the definition says. */
function delayOf(
  { maps }: PlanAction,
  { delay, zone }: DelayTrigger,
  calendar: () => BusinessInterval | undefined,
): (atMs: number, member: ActionMember) => number {
  if (maps?.some(({ to }) => to.scope === 'action' && to.name === 'delay') !== true) {
    return momentAfter(delay ?? defaultDelay, zone, calendar);
  }
  return (atMs, member) => {
    const mapped = member.source().scopes[0]?.delay;
    if (typeof mapped !== 'string') throw new ActionFault('TIME_INVALID', 'the delay that was mapped is no text');
    try {
      return momentAfter(mapped, zone, calendar)(atMs);
    } catch (error) {
      if (error instanceof TimeExpressionError) throw new ActionFault('TIME_INVALID', error.message);
      throw error;
    }
  };
}

function keptOf({ kept, arrivedAtMs }: TriggerTurn): Kept {
  return (kept as Kept | null) ?? { fired: 0, firstMs: arrivedAtMs };
}

function keeping(isCounted: boolean, { fired, firstMs }: Kept): { readonly keeps?: Json } {
  return isCounted ? { keeps: { fired, firstMs } } : {};
}
