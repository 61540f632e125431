// The delay trigger: fires some time after the flow has reached it.

import type { BuiltInAction, Polled, TriggerTurn } from '../dispatch/action.js';
import type { Json } from '../workflow/model.js';
import { momentAfter } from './moment.js';
import { timed } from './timed.js';

const defaultDelay = '+3s';

/** What it keeps from one firing to the next, where it has a count or an expiration. */
interface Kept {
  readonly fired: number;
  readonly firstMs: number;
}

export const delayTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare(planAction) {
    const { action } = planAction;
    if (action.type !== 'delay') throw new Error(`a delay trigger was expected, not ${action.type}`);
    const dueAfter = momentAfter(action.delay ?? defaultDelay, action.zone);
    const expiresAfter = action.expiration === undefined ? null : momentAfter(action.expiration, action.zone);
    const { count } = action;
    const isCounted = count !== undefined || expiresAfter !== null;
    return timed(planAction, (turn): Polled => {
      const { fired, firstMs } = keptOf(turn);
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
      const dueMs = dueAfter(turn.arrivedAtMs);
      const untilMs = Math.min(dueMs, expiresMs);
      if (turn.nowMs < untilMs) return { kind: 'waits', untilMs, ...same };
      return dueMs <= expiresMs ? firing : expired;
    });
  },
};

function keptOf({ kept, arrivedAtMs }: TriggerTurn): Kept {
  return (kept as Kept | null) ?? { fired: 0, firstMs: arrivedAtMs };
}

function keeping(isCounted: boolean, { fired, firstMs }: Kept): { readonly keeps?: Json } {
  return isCounted ? { keeps: { fired, firstMs } } : {};
}
