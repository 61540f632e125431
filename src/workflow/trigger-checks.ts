// What is wrong with a trigger by itself: its zone, properties that do not go together. Its times: `time-checks.ts`.

import { zoneNamed } from '../time/zone.js';
import type { Path, Report } from './fault.js';
import { checkFilePatterns } from './file-trigger-checks.js';

type Written = { readonly [key: string]: unknown };

export function checkTrigger(action: Written, path: Path, report: Report): void {
  checkZone(action.zone, [...path, 'zone'], report);
  if (action.type === 'fileExist') checkFilePatterns(action, path, report);
  if (action.timeout !== undefined && action.timeoutMs !== undefined) {
    report('TIME_INVALID', [...path, 'timeoutMs'], 'a trigger has timeout or timeoutMs, not both', 'key');
  }
}

/** Whether it is a zone's name. */
export function checkZone(name: unknown, path: Path, report: Report): void {
  if (typeof name !== 'string') return;
  try {
    zoneNamed(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report('TIME_INVALID', path, error.message);
  }
}
