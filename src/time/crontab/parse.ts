// Ordinary crontab: five columns (minute, hour, day of month, month, day of week), six with seconds before them, seven with
// years behind; `@daily` and its like; `TZ=` before them. Months count from 1 and weekdays from 0 as in every crontab, which
// is not how cron-style expressions count.

import { checkExpressionText, TimeExpressionError } from '../errors.js';
import { zoneNamed } from '../zone.js';
import type { Crontab, DaysOfMonth, DaysOfWeek } from './ast.js';
import { type Column, columns, expectedOf, listOfParts, type Part, refuse, singleValue, valuesOf } from './columns.js';

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Parses an ordinary crontab expression, such as `30 8 * * mon-fri` or `@daily`.
 *
 * @throws TimeExpressionError naming the column and the character, and what would be accepted there
 */
export function parseCrontab(text: string): Crontab {
  checkExpressionText(text);
  const parts = [...text.matchAll(/\S+/g)].map(match => ({ text: match[0], index: match.index }));
  const zoneName = zoneOf(text, parts[0]!);
  if (zoneName !== null) parts.shift();
  const [first] = parts;
  if (first === undefined) {
    return refuseText(text, text.length, 'no columns', 'five to seven columns, or a nickname such as @daily');
  }
  if (first.text.startsWith('@')) {
    if (parts[1] !== undefined) refuseText(text, parts[1].index, 'more after a nickname', 'the end');
    return { ...parseCrontab(nicknameOf(text, first)), text, zoneName };
  }
  return { kind: 'crontab', text, zoneName, ...columnsOf(text, parts) };
}

function columnsOf(text: string, parts: readonly Part[]): Omit<Crontab, 'kind' | 'text' | 'zoneName'> {
  if (parts.length < 5 || parts.length > 7) {
    const index = parts.length > 7 ? parts[7]!.index : text.length;
    return refuseText(
      text,
      index,
      `${parts.length} column${parts.length === 1 ? '' : 's'}`,
      'five (minutes first), six (seconds first) or seven (years last)',
    );
  }
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, year] = parts.length === 5 ? [undefined, ...parts] : parts;
  return {
    seconds: second === undefined ? [0] : plainValues(text, columns.seconds, second),
    minutes: plainValues(text, columns.minutes, minute!),
    hours: plainValues(text, columns.hours, hour!),
    daysOfMonth: isOpen(dayOfMonth!) ? null : daysOfMonthOf(text, dayOfMonth!),
    months: isOpen(month!) ? null : plainValues(text, columns.month, month!),
    daysOfWeek: isOpen(dayOfWeek!) ? null : daysOfWeekOf(text, dayOfWeek!),
    years: year === undefined || isOpen(year) ? null : plainValues(text, columns.year, year),
  };
}

function isOpen({ text }: Part): boolean {
  return text === '*' || text === '?';
}

function plainValues(text: string, column: Column, part: Part): readonly number[] {
  return sorted(listOfParts(text, column, part).flatMap(each => valuesOf(text, column, each)));
}

/** Beside values: `L`, `L-3`, `15W`, `LW`, `L-3W`. */
function daysOfMonthOf(text: string, part: Part): DaysOfMonth {
  const column = columns.dayOfMonth;
  const days: number[] = [];
  const beforeLast: number[] = [];
  const nearest: number[] = [];
  const nearestBeforeLast: number[] = [];
  for (const each of listOfParts(text, column, part)) {
    const fromEnd = /^L(?:-(\d{1,2}))?(W?)$/i.exec(each.text);
    const nearDay = /^(\d{1,2})W$/i.exec(each.text);
    if (fromEnd !== null) {
      const before = Number(fromEnd[1] ?? 0);
      if (before > 30) refuse(text, column, each.index + 2, String(before), '0 to 30 days before the last');
      (fromEnd[2] === '' ? beforeLast : nearestBeforeLast).push(before);
    } else if (nearDay !== null) {
      nearest.push(singleValue(text, column, { text: nearDay[1]!, index: each.index }));
    } else if (/[LW]/i.test(each.text)) {
      refuse(text, column, each.index, `"${each.text.slice(0, 20)}"`, 'L, L-3, LW, L-3W or 15W, or 1 to 31');
    } else {
      days.push(...valuesOf(text, column, each));
    }
  }
  return {
    days: sorted(days),
    beforeLast: sorted(beforeLast),
    nearest: sorted(nearest),
    nearestBeforeLast: sorted(nearestBeforeLast),
  };
}

/** Beside values: `5#2`, `fri#L`, `5L`, `friL`. */
function daysOfWeekOf(text: string, part: Part): DaysOfWeek {
  const column = columns.dayOfWeek;
  const weekdays: number[] = [];
  const nth: { weekday: number; n: number }[] = [];
  for (const each of listOfParts(text, column, part)) {
    const placed = /^([^#]*)#(.*)$/.exec(each.text) ?? /^(\d|[a-z]{3})(L)$/i.exec(each.text);
    if (placed === null) {
      weekdays.push(...valuesOf(text, column, each).map(value => value % 7));
      continue;
    }
    const [, day, place] = placed as unknown as [string, string, string];
    const weekday = singleValue(text, column, { text: day, index: each.index }) % 7;
    if (!/^[1-5L]$/i.test(place)) {
      refuse(
        text,
        column,
        each.index + day.length + 1,
        place === '' ? 'nothing' : `"${place.slice(0, 20)}"`,
        '1 to 5, or L for the last',
      );
    }
    nth.push({ weekday, n: place.toUpperCase() === 'L' ? -1 : Number(place) });
  }
  if (weekdays.length + nth.length === 0) refuse(text, column, part.index, 'nothing', expectedOf(column));
  return { weekdays: sorted(weekdays), nth };
}

function zoneOf(text: string, { text: part, index }: Part): string | null {
  const named = /^(?:CRON_)?TZ=(.*)$/.exec(part);
  if (named === null) return null;
  const name = named[1]!;
  try {
    return zoneNamed(name).name;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuseText(
      text,
      index + part.length - name.length,
      'no known time zone',
      'an IANA zone, such as TZ=Europe/Zurich',
    );
  }
}

function nicknameOf(text: string, { text: nickname, index }: Part): string {
  const meaning = Object.hasOwn(nicknames, nickname.toLowerCase()) ? nicknames[nickname.toLowerCase()] : undefined;
  if (meaning !== undefined) return meaning;
  return refuseText(text, index, `"${nickname.slice(0, 20)}"`, Object.keys(nicknames).join(', '));
}

function refuseText(expression: string, index: number, found: string, expected: string): never {
  throw new TimeExpressionError({ expression, index, found, expected });
}

function sorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
