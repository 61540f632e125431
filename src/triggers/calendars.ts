// The calendars of triggers, compiled once a thread. The holidays of countries are loaded before a trigger that asks for them
// runs first: nothing else of a calendar waits.

import { ActionFault } from '../dispatch/action.js';
import type { BusinessInterval } from '../time/business-interval.js';
import { compileCalendar } from '../time/calendar/compile.js';
import { loadHolidays } from '../time/calendar/load-holidays.js';
import type { CalendarDefinition } from '../time/calendar/model.js';
import { zoneHere } from '../time/zone-here.js';
import type { PlanCalendars } from '../workflow/calendars.js';
import { formatFault } from '../workflow/fault.js';
import type { PlanAction } from '../workflow/plan.js';

/** Of a plan: what names one calendar shares it. */
const compiled = new WeakMap<CalendarDefinition, BusinessInterval>();

/** `null` when all calendars of the action can be asked, else a promise of that; rejects when one cannot be had. */
export function calendarsReady({ calendars }: PlanAction): Promise<void> | null {
  const missing = Object.values<CalendarDefinition>({ ...calendars }).filter(calendar => !compiled.has(calendar));
  if (missing.length === 0) return null;
  return Promise.all(missing.map(compile)).then(() => undefined);
}

/** Once they are ready; `undefined`: the action names none. */
export function calendarOf({ calendars }: PlanAction, property: keyof PlanCalendars): BusinessInterval | undefined {
  const definition = calendars?.[property];
  if (definition === undefined) return undefined;
  const calendar = compiled.get(definition);
  if (calendar === undefined) throw new Error(`the calendar ${definition.name} is asked before it is ready`);
  return calendar;
}

async function compile(definition: CalendarDefinition): Promise<void> {
  const holidays = await loadHolidays(definition);
  const outcome = holidays.ok ? compileCalendar(definition, zoneHere(), holidays.value) : holidays;
  if (outcome.ok) {
    compiled.set(definition, outcome.value);
    return;
  }
  const reasons = outcome.faults.slice(0, 3).map(formatFault).join('; ');
  throw new ActionFault('CALENDAR_INVALID', `the calendar ${definition.name}: ${reasons}`);
}
