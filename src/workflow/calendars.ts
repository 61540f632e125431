// The calendars of a workflow: those that its triggers name, in the plan and in verification.

import { checkCalendar } from '../time/calendar/check.js';
import type { CalendarDefinition } from '../time/calendar/model.js';
import { setsOf } from '../time/calendar/verify-sets.js';
import { isPlainObject } from './conform.js';
import { type FaultCode, faultCodes, nearest, type Path, quote, type Report } from './fault.js';
import type { Action, WorkflowDefinition } from './model.js';

/** The calendars of a trigger, by the properties that name them. */
export interface PlanCalendars {
  readonly calendar?: CalendarDefinition;
  readonly timeoutCalendar?: CalendarDefinition;
}

export const calendarProperties = ['calendar', 'timeoutCalendar'] as const;

/** Of an action of a verified definition: nothing when it names none. */
export function planCalendars(
  action: Action,
  { calendars }: WorkflowDefinition,
): { readonly calendars?: PlanCalendars } {
  if (calendars === undefined) return {};
  const names: { readonly [property: string]: unknown } = action;
  const found = calendarProperties.flatMap(property => {
    const calendar = calendars.find(({ name }) => name === names[property]);
    return calendar === undefined ? [] : [[property, calendar] as const];
  });
  return found.length === 0 ? {} : { calendars: Object.fromEntries(found) };
}

/**
 * Reports what is wrong with the calendars by themselves. Whether a country has holidays is known when they are loaded
 * (`time/calendar/missing-holidays.ts`).
 *
 * @returns the names of all that have one
 */
export function checkCalendars(calendars: unknown, report: Report): ReadonlySet<string> {
  const names = new Set<string>();
  if (!Array.isArray(calendars)) return names;
  calendars.forEach((calendar: unknown, index) => {
    const path: Path = ['calendars', index];
    const isSound = checkCalendar(calendar, (code, below, message, part) =>
      Object.hasOwn(faultCodes, code)
        ? report(code as FaultCode, [...path, ...below], message, part)
        : report('TIME_INVALID', [...path, ...below], `${message} (${code})`, part),
    );
    const name: unknown = isPlainObject(calendar) ? calendar.name : undefined;
    if (typeof name === 'string') {
      if (names.has(name)) report('TIME_INVALID', [...path, 'name'], `two calendars are named ${quote(name)}`);
      names.add(name);
    }
    if (isSound) checkIsWhole(calendar as CalendarDefinition, path, report);
  });
  return names;
}

/** What is stored holds all that it needs. */
function checkIsWhole(calendar: CalendarDefinition, path: Path, report: Report): void {
  for (const { set, path: below } of setsOf(calendar)) {
    if (set.ical === undefined) continue;
    const message =
      'only a calendar in a file of its own names files; put it into one, { file: ... }, or take "icalText"';
    report('TIME_INVALID', [...path, ...below, 'ical'], message, 'key');
  }
}

/** The calendars that an action names are there. */
export function checkCalendarNames(
  action: { readonly [key: string]: unknown },
  names: ReadonlySet<string>,
  path: Path,
  report: Report,
): void {
  for (const property of calendarProperties) {
    const name = action[property];
    if (typeof name !== 'string' || names.has(name)) continue;
    const near = nearest(name, names);
    const advice = near === null ? 'list it under "calendars"' : `did you mean ${quote(near)}?`;
    report('TIME_INVALID', [...path, property], `the workflow has no calendar ${quote(name)}; ${advice}`);
  }
}
