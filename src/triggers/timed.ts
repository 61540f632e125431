// A trigger with the timeout of its waiting, and the calendars that its times ask. What is due fires, however late; only what
// still waits has timed out.

import type { ActionMember, PlacedAction, Polled, TriggerTurn } from '../dispatch/action.js';
import { afterBusinessTime } from '../time/business-time.js';
import { durationOf } from '../time/relative/duration.js';
import { parseRelative } from '../time/relative/parse.js';
import type { PlanAction } from '../workflow/plan.js';
import { isTrigger } from '../workflow/triggers.js';
import { calendarOf, calendarsReady } from './calendars.js';
import { momentAfter } from './moment.js';

type Poll = (turn: TriggerTurn, member: ActionMember) => Polled | Promise<Polled>;

export function timed(planAction: PlanAction, poll: Poll): PlacedAction {
  const ready = planAction.calendars === undefined ? {} : { ready: () => calendarsReady(planAction) };
  const limit = limitOf(planAction);
  if (limit === null) return { ...ready, run: member => poll(member.turn(), member) };
  return {
    ...ready,
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

function limitOf(planAction: PlanAction): Limit | null {
  const { action, timeoutMs, calendars } = planAction;
  if (isTrigger(action) && action.timeout !== undefined) {
    const within = action.timeout;
    if (calendars?.timeoutCalendar === undefined) return { endsMs: momentAfter(within, undefined), within };
    const lengthMs = durationOf(parseRelative(within));
    const endsMs = (arrivedAtMs: number): number =>
      afterBusinessTime(calendarOf(planAction, 'timeoutCalendar')!, arrivedAtMs, lengthMs);
    return { endsMs, within: `${within} of ${calendars.timeoutCalendar.name}` };
  }
  if (timeoutMs === null) return null;
  return { endsMs: arrivedAtMs => arrivedAtMs + timeoutMs, within: `${timeoutMs} ms` };
}
