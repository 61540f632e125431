// What is wrong with an action that publishes, or a trigger that waits for messages.

import { checkBusinessInterval } from '../time/relative/apply.js';
import { parseRelative } from '../time/relative/parse.js';
import { zoneNamed } from '../time/zone.js';
import { checkExpression } from './expression-checks.js';
import type { Path, Report } from './fault.js';
import { checkCondition } from './flow-checks.js';
import { checkFullName } from './name-checks.js';

type Written = { readonly [key: string]: unknown };

export function checkPublisher({ publisher, selector, expires }: Written, path: Path, report: Report): void {
  if (typeof publisher === 'string' && publisher.length > 1) checkFullName(publisher, [...path, 'publisher'], report);
  // A message has no calendar: what asks for one would fail each time.
  checkExpression(expires, [...path, 'expires'], report, text => {
    checkBusinessInterval(parseRelative(text), { zone: zoneNamed('UTC') });
  });
  if (typeof selector === 'string') checkCondition(selector, [...path, 'selector'], report);
}
