// What is wrong with an action that publishes, or a trigger that waits for messages.

import type { Path, Report } from './fault.js';
import { checkCondition } from './flow-checks.js';
import { checkFullName } from './name-checks.js';
import { checkRelative } from './trigger-checks.js';

type Written = { readonly [key: string]: unknown };

export function checkPublisher({ publisher, selector, expires }: Written, path: Path, report: Report): void {
  if (typeof publisher === 'string' && publisher.length > 1) checkFullName(publisher, [...path, 'publisher'], report);
  checkRelative(expires, [...path, 'expires'], report);
  if (typeof selector === 'string') checkCondition(selector, [...path, 'selector'], report);
}
