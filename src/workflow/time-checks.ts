// What is wrong with the times of triggers: when timers fire, windows, ends, and the calendars that these ask.
//
// A timer that can never fire is refused when that can be told without knowing when it will be reached: columns that no date
// has. Such a search may take 50 ms, so that only some are made.

import { compileCrontab } from '../time/crontab/crontab-schedule.js';
import { parseCrontab } from '../time/crontab/parse.js';
import { TimeExpressionError } from '../time/errors.js';
import { compileTimeExpression, parseTimeExpression } from '../time/expression.js';
import { instantForm, parseInstant } from '../time/instant.js';
import { checkBusinessInterval } from '../time/relative/apply.js';
import { durationOf } from '../time/relative/duration.js';
import { parseRelative } from '../time/relative/parse.js';
import { parseRrule } from '../time/rrule/parse.js';
import type { Schedule } from '../time/schedule.js';
import { type Zone, zoneNamed } from '../time/zone.js';
import { checkCalendarNames } from './calendars.js';
import { isPlainObject } from './conform.js';
import { checkExpression } from './expression-checks.js';
import type { Path, Report } from './fault.js';
import type { Level } from './levels.js';
import { isTriggerType } from './triggers.js';

type Written = { readonly [key: string]: unknown };

/** Timers of a definition that are searched for a first firing. */
const searchesMax = 20;

const notations = ['expression', 'cron', 'rrule', 'at'] as const;

/** @param calendars names of those of the workflow */
export function checkTriggerTimes(levels: readonly Level[], calendars: ReadonlySet<string>, report: Report): void {
  let searchesLeft = searchesMax;
  for (const level of levels) {
    level.actions.forEach((action, index) => {
      if (!isPlainObject(action) || !isTriggerType(action.type)) return;
      const path = [...level.path, 'actions', index];
      checkCalendarNames(action, calendars, path, report);
      checkRelatives(action, path, report);
      if (action.type !== 'timer') return;
      checkNotation(action, path, report, searchesLeft > 0);
      checkEnds(action, path, report);
      checkLateness(action, path, report);
      searchesLeft -= 1;
    });
  }
}

/** `b` and `h` need a calendar, which a timeout has none of: its calendar says which time counts. */
function checkRelatives(action: Written, path: Path, report: Report): void {
  const { timeoutCalendar } = action;
  // That of a fileExist says when it looks.
  const calendar = action.type === 'fileExist' ? undefined : action.calendar;
  for (const key of ['timeout', 'delay', 'expiration', 'endAfter', 'pollEvery', 'stable']) {
    checkExpression(action[key], [...path, key], report, text => {
      const parsed = parseRelative(text);
      if (key === 'timeout' && timeoutCalendar !== undefined) durationOf(parsed);
      else if (key === 'timeout' || calendar === undefined) checkBusinessInterval(parsed, { zone: utc() });
    });
  }
  if (timeoutCalendar !== undefined && action.timeout === undefined) {
    report('TIME_INVALID', [...path, 'timeoutCalendar'], 'there is no timeout that it could be of', 'key');
  }
}

function checkNotation(action: Written, path: Path, report: Report, isSearched: boolean): void {
  const [first, second] = notations.filter(key => action[key] !== undefined);
  if (first === undefined) {
    const message = 'a timer needs one of "expression", "cron", "rrule" and "at" to say when it fires';
    report('TIME_INVALID', path, message, 'key');
    return;
  }
  if (second !== undefined) {
    report('TIME_INVALID', [...path, second], `"${second}" and "${first}" both say when it fires; keep one`, 'key');
  }
  if (first === 'at') {
    checkInstant(action.at, [...path, 'at'], report);
    return;
  }
  checkExpression(action[first], [...path, first], report, text => {
    const schedule = scheduleOf(first, text, typeof action.calendar === 'string');
    if (schedule === null || !isSearched) return;
    const firing = schedule.next(0);
    if (firing.kind === 'unsatisfiable') report('TIME_INVALID', [...path, first], firing.message);
  });
}

/**
 * One that fires whenever it can fire in any zone: the clocks of UTC skip nothing. `null` of one that depends on more than its
 * text. @throws TimeExpressionError
 */
function scheduleOf(notation: 'expression' | 'cron' | 'rrule', text: string, hasCalendar: boolean): Schedule | null {
  switch (notation) {
    case 'cron':
      return compileCrontab(parseCrontab(text), { zone: utc() });
    case 'rrule':
      parseRrule(text);
      return null;
    case 'expression': {
      const parsed = parseTimeExpression(text);
      try {
        const schedule = compileTimeExpression(parsed, { zone: utc() });
        return parsed.notation === 'cron' ? schedule : null;
      } catch (error) {
        // It asks for business time.
        if (error instanceof TimeExpressionError && hasCalendar) return null;
        throw error;
      }
    }
  }
}

function checkEnds({ at, end }: Written, path: Path, report: Report): void {
  const endMs = checkInstant(end, [...path, 'end'], report);
  const atMs = typeof at === 'string' ? parseInstant(at) : null;
  if (endMs !== null && atMs !== null && endMs < atMs) {
    report('TIME_INVALID', [...path, 'end'], 'it ends before it would fire, and so never does');
  }
}

function checkInstant(text: unknown, path: Path, report: Report): number | null {
  if (typeof text !== 'string') return null;
  const atMs = parseInstant(text);
  if (atMs === null) report('TIME_INVALID', path, `accepted is ${instantForm}`);
  return atMs;
}

function checkLateness({ lateWindow, makeUp, makeUpMax }: Written, path: Path, report: Report): void {
  checkExpression(lateWindow, [...path, 'lateWindow'], report, text => {
    if (durationOf(parseRelative(text)) > 0) return;
    report('TIME_INVALID', [...path, 'lateWindow'], 'a window that is not longer than nothing lets no firing through');
  });
  if (makeUp !== undefined && lateWindow === undefined) {
    const message = 'without a lateWindow nothing is missed that could be made up for; give one, such as +5m';
    report('TIME_INVALID', [...path, 'makeUp'], message, 'key');
  }
  if (makeUpMax !== undefined && makeUp !== 'all') {
    report('TIME_INVALID', [...path, 'makeUpMax'], 'is of "makeUp: all" alone', 'key');
  }
}

function utc(): Zone {
  return zoneNamed('UTC');
}
