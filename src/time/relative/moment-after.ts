// A relative expression read once, and applied to many moments on the clocks of one zone.

import type { BusinessInterval } from '../business-interval.js';
import { zoneNamed } from '../zone.js';
import { zoneHere } from '../zone-here.js';
import { type Applied, applyRelative } from './apply.js';
import { parseRelative } from './parse.js';

/**
 * What the expression makes of a moment, milliseconds since 1970.
 *
 * @param zone IANA name; absent: that of this process
 * @param calendar gives what `b` and `h` ask, once it is ready
 * @throws {TimeExpressionError} it cannot be read; from what comes back, it asks for business days and there is no calendar
 */
export function momentAfter(
  expression: string,
  zone?: string,
  calendar: () => BusinessInterval | undefined = () => undefined,
): (atMs: number) => Applied {
  const parsed = parseRelative(expression);
  const clocks = zone === undefined ? zoneHere() : zoneNamed(zone);
  return atMs => {
    const businessInterval = calendar();
    return applyRelative(parsed, atMs, {
      zone: clocks,
      ...(businessInterval === undefined ? {} : { businessInterval }),
    });
  };
}
