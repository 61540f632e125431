// Moments that triggers reckon, compiled once a plan.

import { ActionFault } from '../dispatch/action.js';
import type { BusinessInterval } from '../time/business-interval.js';
import { momentAfter as appliedAfter } from '../time/relative/moment-after.js';

/**
 * What a relative expression makes of a moment, milliseconds since 1970.
 *
 * @param zone IANA name; absent: that of this process
 * @param calendar gives what `b` and `h` ask, once it is ready
 * @throws {ActionFault} `TIME_UNSATISFIABLE` from what comes back, when there is no such moment
 */
export function momentAfter(
  expression: string,
  zone: string | undefined,
  calendar?: () => BusinessInterval | undefined,
): (atMs: number) => number {
  const after = appliedAfter(expression, zone, calendar);
  return atMs => {
    const applied = after(atMs);
    switch (applied.kind) {
      case 'at':
        return applied.atMs;
      case 'unsatisfiable':
        throw new ActionFault('TIME_UNSATISFIABLE', applied.message);
    }
  };
}
