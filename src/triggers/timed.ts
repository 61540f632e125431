// A trigger with the timeout of its waiting. What is due fires, however late; only what still waits has timed out.

import type { ActionMember, PlacedAction, Polled, TriggerTurn } from '../dispatch/action.js';
import type { PlanAction } from '../workflow/plan.js';
import { isTrigger } from '../workflow/triggers.js';
import { momentAfter } from './moment.js';

type Poll = (turn: TriggerTurn, member: ActionMember) => Polled | Promise<Polled>;

export function timed(planAction: PlanAction, poll: Poll): PlacedAction {
  const limit = limitOf(planAction);
  if (limit === null) return { run: member => poll(member.turn(), member) };
  return {
    run: member => {
      const turn = member.turn();
      const polled = poll(turn, member);
      return polled instanceof Promise ? polled.then(each => limited(each, turn, limit)) : limited(polled, turn, limit);
    },
  };
}

function limited(polled: Polled, { nowMs, arrivedAtMs }: TriggerTurn, { endsMs, within }: Limit): Polled {
  if (polled.kind !== 'waits') return polled;
  const endMs = endsMs(arrivedAtMs);
  if (nowMs >= endMs) return { kind: 'timedOut', within };
  return { ...polled, untilMs: Math.min(polled.untilMs, endMs) };
}

interface Limit {
  readonly endsMs: (arrivedAtMs: number) => number;
  /** As the definition says it. */
  readonly within: string;
}

function limitOf({ action, timeoutMs }: PlanAction): Limit | null {
  if (isTrigger(action) && action.timeout !== undefined) {
    return { endsMs: momentAfter(action.timeout, undefined), within: action.timeout };
  }
  if (timeoutMs === null) return null;
  return { endsMs: arrivedAtMs => arrivedAtMs + timeoutMs, within: `${timeoutMs} ms` };
}
