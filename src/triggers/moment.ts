// Relative time expressions of triggers, compiled once a plan.

import { ActionFault } from '../dispatch/action.js';
import type { BusinessInterval } from '../time/business-interval.js';
import { applyRelative } from '../time/relative/apply.js';
import { parseRelative } from '../time/relative/parse.js';
import { zoneNamed } from '../time/zone.js';
import { zoneHere } from '../time/zone-here.js';

/**
 * What the expression makes of a moment, milliseconds since 1970.
 *
 * @param zone IANA name; absent: that of this process
 * @param calendar gives what `b` and `h` ask, once it is ready
 * @throws {ActionFault} `TIME_UNSATISFIABLE` from what comes back, when there is no such moment
 */
export function momentAfter(
  expression: string,
  zone: string | undefined,
  calendar: () => BusinessInterval | undefined = () => undefined,
): (atMs: number) => number {
  const parsed = parseRelative(expression);
  const clocks = zone === undefined ? zoneHere() : zoneNamed(zone);
  return atMs => {
    const businessInterval = calendar();
    const context = { zone: clocks, ...(businessInterval === undefined ? {} : { businessInterval }) };
    const applied = applyRelative(parsed, atMs, context);
    switch (applied.kind) {
      case 'at':
        return applied.atMs;
      case 'unsatisfiable':
        throw new ActionFault('TIME_UNSATISFIABLE', applied.message);
    }
  };
}
