// Verification: every fault of a calendar at once, each with its place. As in `workflow/verify.ts`, the value is first
// bounded, then held to the schema, then looked at for what no schema says. What passes can be compiled; only what lies
// outside the definition (holidays, files, zones) can still be missing.

import { faultAt, formatPath } from '../../workflow/fault.js';
import { checkBounds, faultsMax, type Source } from '../../workflow/verify.js';
import type { CalendarFault, CalendarReport } from './calendar-fault.js';
import { checkCalendar } from './check.js';

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
    checkCalendar(value, report, (path, keys) => source?.keysAt(path, keys) ?? keys);
  }
  return source === undefined
    ? faults
    : faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!);
}
