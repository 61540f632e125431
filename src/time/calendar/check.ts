// What is wrong with a value as a calendar, once it is known to be safe to walk.

import { conform, isPlainObject } from '../../workflow/conform.js';
import { type Path, quote } from '../../workflow/fault.js';
import { zoneNamed } from '../zone.js';
import type { CalendarReport } from './calendar-fault.js';
import { calendarSchema } from './calendar-schema.js';
import type { CalendarDefinition } from './model.js';
import { checkSets } from './verify-sets.js';

/**
 * Reports every fault of a value that `checkBounds` has let pass.
 *
 * @param keysAt what can be written at a path in place of the schema's keys
 * @returns whether there was none: then it is a CalendarDefinition
 */
export function checkCalendar(
  value: unknown,
  report: CalendarReport,
  keysAt: (path: Path, keys: readonly string[]) => readonly string[] = (_, keys) => keys,
): boolean {
  let isSound = true;
  const counted: CalendarReport = (...fault) => {
    isSound = false;
    report(...fault);
  };
  conform(value, calendarSchema, [], counted, keysAt);
  // Meaning is looked at only in what has the right shape: it reads texts and lists without asking again.
  if (isSound && isPlainObject(value)) checkMeaning(value as CalendarDefinition, counted);
  return isSound;
}

function checkMeaning(definition: CalendarDefinition, report: CalendarReport): void {
  checkZone(definition.zone, report);
  checkRules(definition, report);
  checkSets(definition, report);
}

function checkZone(zone: string | undefined, report: CalendarReport): void {
  if (zone === undefined) return;
  try {
    zoneNamed(zone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report('ZONE_UNKNOWN', ['zone'], error.message);
  }
}

function checkRules({ rules }: CalendarDefinition, report: CalendarReport): void {
  rules.forEach((rule, index) => {
    const operations = Object.keys(rule);
    const path: Path = ['rules', index];
    if (operations.length !== 1) {
      const found = operations.length === 0 ? 'none' : operations.map(quote).join(' and ');
      report('RULE_INVALID', path, `found ${found}, accepted is one of "include", "exclude", "only"`);
    } else if (index === 0 && rule.include === undefined) {
      const advice = 'begin with what to include, such as include: { hours: 00:00-24:00 }';
      report('RULE_INVALID', path, `nothing is included yet that ${quote(operations[0]!)} could take from; ${advice}`);
    }
  });
}
