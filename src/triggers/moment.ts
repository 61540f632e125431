// Relative time expressions of triggers, compiled once a plan.

import { ActionFault } from '../dispatch/action.js';
import { applyChecked } from '../time/relative/apply.js';
import { parseRelative } from '../time/relative/parse.js';
import { zoneNamed } from '../time/zone.js';
import { zoneHere } from '../time/zone-here.js';

/**
 * What the expression makes of a moment, milliseconds since 1970.
 *
 * @param zone IANA name; absent: that of this process
 * @throws {ActionFault} `TIME_UNSATISFIABLE` from what comes back, when there is no such moment
 */
export function momentAfter(expression: string, zone: string | undefined): (atMs: number) => number {
  const parsed = parseRelative(expression);
  const context = { zone: zone === undefined ? zoneHere() : zoneNamed(zone) };
  return atMs => {
    const applied = applyChecked(parsed, atMs, context);
    switch (applied.kind) {
      case 'at':
        return applied.atMs;
      case 'unsatisfiable':
        throw new ActionFault('TIME_UNSATISFIABLE', applied.message);
    }
  };
}
