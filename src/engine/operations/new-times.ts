// What a reschedule asks for, read and checked: when what waits fires next, or by which schedule from now on.

import { ActionFault } from '../../dispatch/action.js';
import { EngineError } from '../../observe/errors.js';
import type { CalendarDefinition } from '../../time/calendar/model.js';
import { TimeExpressionError } from '../../time/errors.js';
import { parseInstant } from '../../time/instant.js';
import { momentAfter } from '../../triggers/moment.js';
import { withSchedule } from '../../triggers/timer.js';
import type { NewSchedule } from '../../triggers/timer-turn.js';
import type { TimerTrigger, WorkflowDefinition } from '../../workflow/model.js';
import { verify } from '../../workflow/verify.js';
import type { RescheduleOptions } from './operation-options.js';

export type NewTimes =
  | { readonly kind: 'next'; readonly atMs: number }
  | { readonly kind: 'schedule'; readonly schedule: NewSchedule };

/** @throws EngineError `OPTION_INVALID` */
export function newTimesOf(
  { at, expression, cron, zone }: Pick<RescheduleOptions, 'at' | 'expression' | 'cron' | 'zone'>,
  nowMs: number,
): NewTimes {
  const given = Object.entries({ at, expression, cron }).flatMap(([key, text]) => (text === undefined ? [] : [key]));
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none' : given.join(' and ');
    throw refused(`a reschedule takes one of at, expression and cron, found ${found}`);
  }
  if (at === undefined) {
    const schedule = {
      ...(expression === undefined ? { cron: cron! } : { expression }),
      ...(zone === undefined ? {} : { zone }),
    };
    checkAlone(schedule);
    return { kind: 'schedule', schedule };
  }
  if (zone !== undefined) throw refused('zone: is for expression and cron; an instant has its offset');
  const instantMs = parseInstant(at);
  if (instantMs !== null) return { kind: 'next', atMs: instantMs };
  try {
    return { kind: 'next', atMs: momentAfter(at, undefined)(nowMs) };
  } catch (error) {
    if (!(error instanceof TimeExpressionError) && !(error instanceof ActionFault)) throw error;
    throw refused(`at: neither an instant (2030-12-31T17:00:00Z) nor a relative time expression: ${error.message}`);
  }
}

/** What is wrong with it whatever timer it is for. A calendar is left to `scheduleFault`. */
function checkAlone(schedule: NewSchedule): void {
  const calendar: CalendarDefinition = { name: 'any', rules: [{ include: { days: ['mon-fri'] } }] };
  const fault = faultOf({ name: 'timer', type: 'timer', ...schedule, calendar: 'any' }, [calendar]);
  if (fault !== null) throw refused(fault);
}

/** What keeps a timer from having the schedule, with the calendars of its workflow; `null`: nothing. */
export function scheduleFault(
  timer: TimerTrigger,
  calendars: WorkflowDefinition['calendars'],
  schedule: NewSchedule,
): string | null {
  return faultOf(withSchedule(timer, schedule), calendars);
}

function faultOf(timer: TimerTrigger, calendars: WorkflowDefinition['calendars'] = []): string | null {
  return verify({ name: '/reschedule', actions: [timer], flows: [], calendars })[0]?.message ?? null;
}

function refused(problem: string): EngineError {
  return new EngineError('OPTION_INVALID', problem);
}
