// Verification: every fault of a calendar at once, each with its place. As in `workflow/verify.ts`, the value is first
// bounded, then held to the schema, then looked at for what no schema says. What passes can be compiled; only what lies
// outside the definition (holidays, files, zones) can still be missing.

import { conform, isPlainObject } from '../../workflow/conform.js';
import { faultAt, formatPath, type Path, quote } from '../../workflow/fault.js';
import { checkBounds, faultsMax, type Source } from '../../workflow/verify.js';
import { zoneNamed } from '../zone.js';
import type { CalendarFault, CalendarReport } from './calendar-fault.js';
import { calendarSchema } from './calendar-schema.js';
import type { CalendarDefinition } from './model.js';
import { checkSets } from './verify-sets.js';

/** Every fault of `value` as a CalendarDefinition; empty when it is one. Ordered by place when there is a source. */
export function verifyCalendar(value: unknown, source?: Source): CalendarFault[] {
  const faults: CalendarFault[] = [];
  const report: CalendarReport = (code, path, message, part = 'value') => {
    if (faults.length >= faultsMax) return;
    if (source === undefined) {
      faults.push({ ...faultAt('VALUE_INVALID', path, message), code });
      return;
    }
    const { path: written, line, column } = source.locate(path, part);
    faults.push({ code, message, path: formatPath(written), file: source.file, line, column });
  };
  if (checkBounds(value, report)) {
    conform(value, calendarSchema, [], report, (path, keys) => source?.keysAt(path, keys) ?? keys);
    // Meaning is looked at only in what has the right shape: it reads texts and lists without asking again.
    if (faults.length === 0 && isPlainObject(value)) checkMeaning(value as CalendarDefinition, report);
  }
  return source === undefined
    ? faults
    : faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!);
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
