// What is wrong with a deadline, and with the marks of runs.

import { TimeExpressionError } from '../time/errors.js';
import { parseInstant } from '../time/instant.js';
import { applyRelative } from '../time/relative/apply.js';
import { parseRelative } from '../time/relative/parse.js';
import { zoneNamed } from '../time/zone.js';
import { isPlainObject } from './conform.js';
import { type Path, quote, type Report } from './fault.js';
import type { Level } from './levels.js';
import { checkZone } from './trigger-checks.js';

type Written = { readonly [key: string]: unknown };

/** Any moment: a window leads back from each. */
const sampleMs = Date.UTC(2030, 0, 16, 12);

/** @param path of the deadline in the definition */
export function checkDeadline(deadline: Written, path: Path, report: Report): void {
  const { at, after } = deadline;
  if (at !== undefined && after !== undefined) {
    report('DEADLINE_INVALID', [...path, 'after'], 'a deadline has at or after, not both', 'key');
  } else if (at === undefined && after === undefined) {
    report('DEADLINE_INVALID', path, 'a deadline has at or after', 'key');
  }
  if (typeof at === 'string' && parseInstant(at) === null) {
    const accepted = 'accepted is a date with its time and zone: 2030-12-31T17:00:00Z';
    report('TIME_INVALID', [...path, 'at'], `found ${quote(at)}, ${accepted}`);
  }
  checkZone(deadline.zone, [...path, 'zone'], report);
  applied(after, [...path, 'after'], report);
  const windowMs = applied(deadline.window, [...path, 'window'], report);
  if (windowMs !== null && windowMs > sampleMs) {
    report('TIME_INVALID', [...path, 'window'], 'a window leads back from the deadline: -1H');
  }
}

/** A run has a start and an end, among the actions of the workflow itself: copies of a body are many at once, a run is one. */
export function checkRunMarks(levels: readonly Level[], report: Report): void {
  const marked: Record<'startOfRun' | 'endOfRun', Path | null> = { startOfRun: null, endOfRun: null };
  for (const level of levels) {
    for (const [index, action] of level.actions.entries()) {
      if (!isPlainObject(action)) continue;
      const path = [...level.path, 'actions', index];
      for (const mark of ['startOfRun', 'endOfRun'] as const) {
        if (action[mark] !== true) continue;
        if (level.around !== null) {
          report(
            'RUN_INVALID',
            [...path, mark],
            'runs are of the workflow: an action of a body has no part in them',
            'key',
          );
        } else marked[mark] ??= [...path, mark];
      }
      if (action.startOfRun === true && action.endOfRun === true && level.around === null) {
        report('RUN_INVALID', [...path, 'endOfRun'], 'a run begins at one action and ends at another', 'key');
      }
    }
  }
  const { startOfRun, endOfRun } = marked;
  if (startOfRun !== null && endOfRun === null)
    report('RUN_INVALID', startOfRun, 'no action is the end of the run', 'key');
  if (startOfRun === null && endOfRun !== null)
    report('RUN_INVALID', endOfRun, 'no action is the start of the run', 'key');
}

/** What the expression makes of a moment, when it can be read and makes one. */
function applied(text: unknown, path: Path, report: Report): number | null {
  if (typeof text !== 'string') return null;
  try {
    const made = applyRelative(parseRelative(text), sampleMs, { zone: zoneNamed('UTC') });
    if (made.kind === 'at') return made.atMs;
    report('TIME_INVALID', path, made.message);
  } catch (error) {
    if (!(error instanceof TimeExpressionError)) throw error;
    report('TIME_INVALID', path, error.message);
  }
  return null;
}
