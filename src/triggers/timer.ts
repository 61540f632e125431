// The timer trigger: fires on a schedule, whenever the flow returns to it.

import type { BuiltInAction } from '../dispatch/action.js';
import { parseInstant } from '../time/instant.js';
import { durationOf } from '../time/relative/duration.js';
import { parseRelative } from '../time/relative/parse.js';
import type { TimerTrigger } from '../workflow/model.js';
import type { PlanAction } from '../workflow/plan.js';
import { calendarOf } from './calendars.js';
import { momentAfter } from './moment.js';
import { timed } from './timed.js';
import { type Recurrences, timerTimes } from './timer-times.js';
import { keptOf, type NewSchedule, type TimerTerms, timerTurn } from './timer-turn.js';

const defaultMakeUpMax = 1_000;
/** Schedules given by operators that are kept compiled. */
const givenMax = 100;

let recurrences: Recurrences | null = null;

export const timerTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare(planAction) {
    let own: TimerTerms | null = null;
    const given = new Map<string, TimerTerms>();
    const placed = timed(planAction, turn => {
      const { schedule } = keptOf(turn);
      if (schedule === undefined) {
        own ??= timerTerms(planAction);
        return timerTurn(own, turn);
      }
      const key = JSON.stringify(schedule);
      let terms = given.get(key);
      if (terms === undefined) {
        if (given.size >= givenMax) given.clear();
        terms = timerTerms(planAction, schedule);
        given.set(key, terms);
      }
      return timerTurn(terms, turn);
    });
    if (timerOf(planAction).rrule === undefined) return placed;
    return { ...placed, ready: nowMs => recurrencesReady() ?? placed.ready?.(nowMs) ?? null };
  },
};

/** What must be there for `timerTerms` of any timer; `null`: it is. */
export function recurrencesReady(): Promise<void> | null {
  if (recurrences !== null) return null;
  return import('../time/rrule/index.js').then(loaded => {
    recurrences = loaded;
  });
}

/** Of a timer whose calendars, and rules of recurrence, are ready. @param schedule in place of its own */
export function timerTerms(planAction: PlanAction, schedule?: NewSchedule): TimerTerms {
  const timer = schedule === undefined ? timerOf(planAction) : withSchedule(timerOf(planAction), schedule);
  const { count, end, endAfter, lateWindow, makeUp, makeUpMax } = timer;
  const calendar = () => calendarOf(planAction, 'calendar');
  const endMs = end === undefined ? Number.POSITIVE_INFINITY : parseInstant(end)!;
  const endsAfter = endAfter === undefined ? null : momentAfter(endAfter, timer.zone, calendar);
  return {
    times: timerTimes(timer, calendar(), recurrences),
    endMs: firstMs => Math.min(endMs, endsAfter?.(firstMs) ?? endMs),
    count: count ?? Number.POSITIVE_INFINITY,
    windowMs: lateWindow === undefined ? Number.POSITIVE_INFINITY : durationOf(parseRelative(lateWindow)),
    makeUp: makeUp ?? 'none',
    makeUpMax: makeUpMax ?? defaultMakeUpMax,
  };
}

/** The timer with another schedule, and all else of its own. */
export function withSchedule(timer: TimerTrigger, { expression, cron, zone }: NewSchedule): TimerTrigger {
  const { expression: _, cron: __, rrule: ___, at: ____, ...same } = timer;
  return {
    ...same,
    ...(expression === undefined ? {} : { expression }),
    ...(cron === undefined ? {} : { cron }),
    ...(zone === undefined ? {} : { zone }),
  };
}

function timerOf({ action }: PlanAction): TimerTrigger {
  if (action.type !== 'timer') throw new Error(`a timer was expected, not ${action.type}`);
  return action;
}
