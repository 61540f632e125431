// Relative expressions: the worked cases, every operator, the two changes of daylight saving, and what is refused.

import { describe, expect, test } from 'vitest';
import type { BusinessInterval } from '../../src/time/business-interval.js';
import { civilOf, localText, weekdayOf } from '../../src/time/civil.js';
import { TimeExpressionError } from '../../src/time/errors.js';
import {
  applyRelative,
  compileRelative,
  durationOf,
  explainRelative,
  parseRelative,
} from '../../src/time/relative/index.js';
import { zoneNamed } from '../../src/time/zone.js';
import { absent, sharedCases, type TimeCase, timeCasesFile } from './shared-cases.js';

const utc = zoneNamed('UTC');
const newYork = zoneNamed('America/New_York');

/** Monday to Friday, except 25 December. */
const workingDays = {
  name: 'working days',
  isBusinessDay(day: number): boolean {
    const { month, dayOfMonth } = civilOf(day);
    return weekdayOf(day) % 6 !== 0 && !(month === 12 && dayOfMonth === 25);
  },
} as BusinessInterval;
const never = { name: 'never', isBusinessDay: () => false } as unknown as BusinessInterval;

/** What clocks in UTC show after an expression was applied at a local time. */
function applied(text: string, from: string, businessInterval: BusinessInterval = workingDays): string {
  const result = applyRelative(parseRelative(text), Date.parse(`${from}Z`), { zone: utc, businessInterval });
  return result.kind === 'at' ? localText(result.atMs) : result.kind;
}

/** The instant an expression makes of one, in New York. */
function inNewYork(text: string, from: string): string {
  const result = applyRelative(parseRelative(text), Date.parse(from), { zone: newYork });
  return result.kind === 'at' ? new Date(result.atMs).toISOString() : result.kind;
}

function faultOf(text: string): string {
  try {
    parseRelative(text);
  } catch (error) {
    if (error instanceof TimeExpressionError) return `${error.position}: ${error.found} (expected ${error.expected})`;
    throw error;
  }
  return 'accepted';
}

const cases = sharedCases<{ cases: TimeCase[] }>(timeCasesFile);
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The collected cases number months from 1; here they have names. */
function named(text: string): string {
  return text.replace(/@(\d+)M/g, (_, month: string) => `@${monthNames[Number(month) - 1]}`);
}

describe('worked cases', () => {
  const relative = (cases?.cases ?? []).filter(({ expr, kind, doubtful }) => {
    const isRelative = kind === 'relative' || (kind === 'derived' && /^[-+]/.test(expr ?? ''));
    return isRelative && doubtful !== true && expr !== null;
  });

  test.skipIf(cases === undefined)(
    `all are understood, and give the moments they say${absent(cases, timeCasesFile)}`,
    () => {
      expect(relative.length).toBeGreaterThan(50);
      for (const { id, expr, from, next } of relative) {
        const text = named(expr!);
        expect(() => parseRelative(text), `case ${id}`).not.toThrow();
        if (from !== undefined) expect([id, applied(text, from)]).toEqual([id, next]);
      }
    },
  );

  test.skipIf(cases === undefined)(
    `dates in texts: the part in parentheses is a relative expression${absent(cases, timeCasesFile)}`,
    () => {
      const texts = (cases?.cases ?? []).flatMap(({ expr }) => /^\$\{date \(([^)]*)\)/.exec(expr ?? '')?.[1] ?? []);
      expect(texts).toEqual(['-1M']);
      expect(applied(texts[0]!, '2007-07-07T00:00:00')).toBe('2007-06-07T00:00:00');
    },
  );
});

describe('operators', () => {
  test.each([
    // moves
    ['+35s', '2020-12-31T23:59:30', '2021-01-01T00:00:05'],
    ['-7m', '2020-03-01T00:05:00', '2020-02-29T23:58:00'],
    ['+2w', '2020-02-20T08:00:00', '2020-03-05T08:00:00'],
    ['+y', '2020-02-29T08:00:00', '2021-02-28T08:00:00'],
    ['+M+M', '2020-01-31T08:00:00', '2020-03-29T08:00:00'],
    ['+2M', '2020-01-31T08:00:00', '2020-03-31T08:00:00'],
    ['-14M', '2020-01-31T08:00:00', '2018-11-30T08:00:00'],
    ['+23y-23M+23S-8m', '2020-01-01T00:00:00', '2041-01-31T23:52:00.023'],
    ['+23ms', '2020-01-01T00:00:00', '2020-01-01T00:00:00.023'],
    ['+d +2H\t+m', '2020-01-01T00:00:00', '2020-01-02T02:01:00'],
    // kinds of days, strictly on; 17 July 2020 is a Friday
    ['+D', '2020-07-17T09:30:00', '2020-07-20T09:30:00'],
    ['+3D', '2020-07-17T09:30:00', '2020-07-22T09:30:00'],
    ['-D', '2020-07-20T09:30:00', '2020-07-17T09:30:00'],
    ['+e', '2020-07-18T00:00:00', '2020-07-19T00:00:00'],
    ['+2e', '2020-07-19T00:00:00', '2020-07-26T00:00:00'],
    ['+fri', '2020-07-17T00:00:00', '2020-07-24T00:00:00'],
    ['-2FRI', '2020-07-17T00:00:00', '2020-07-03T00:00:00'],
    ['+b', '2020-12-24T12:00:00', '2020-12-28T12:00:00'],
    ['-3b', '2020-12-28T12:00:00', '2020-12-22T12:00:00'],
    ['+h', '2020-12-23T12:00:00', '2020-12-25T12:00:00'],
    ['+0b', '2020-12-25T12:00:00', '2020-12-25T12:00:00'],
    // kinds of days, where it is counted
    ['>D', '2020-07-18T00:00:00', '2020-07-20T00:00:00'],
    ['>D', '2020-07-17T00:00:00', '2020-07-17T00:00:00'],
    ['>2D', '2020-07-17T00:00:00', '2020-07-20T00:00:00'],
    ['<D', '2020-07-19T10:00:00', '2020-07-17T10:00:00'],
    ['<2sun', '2020-07-19T10:00:00', '2020-07-12T10:00:00'],
    ['>b', '2020-12-25T00:00:00', '2020-12-28T00:00:00'],
    ['<b', '2020-12-25T00:00:00', '2020-12-24T00:00:00'],
    ['>4mon', '2020-08-01T00:00:00', '2020-08-24T00:00:00'],
    // months by name
    ['+nov', '2020-07-31T00:00:00', '2020-11-30T00:00:00'],
    ['+nov', '2020-11-05T00:00:00', '2021-11-05T00:00:00'],
    ['>nov', '2020-11-05T00:00:00', '2020-11-05T00:00:00'],
    ['>2nov', '2020-11-05T00:00:00', '2021-11-05T00:00:00'],
    ['-nov', '2020-11-05T00:00:00', '2019-11-05T00:00:00'],
    ['<feb', '2020-01-31T00:00:00', '2019-02-28T00:00:00'],
    ['-2jan', '2020-03-31T00:00:00', '2019-01-31T00:00:00'],
    ['+0nov', '2020-03-31T00:00:00', '2020-03-31T00:00:00'],
    ['@nov', '2020-12-31T04:00:00', '2020-11-30T04:00:00'],
    // starts
    ['^y', '2020-07-19T12:34:56.789', '2020-01-01T00:00:00'],
    ['^M', '2020-07-19T12:34:56.789', '2020-07-01T00:00:00'],
    ['^w', '2020-07-18T12:34:56.789', '2020-07-12T00:00:00'],
    ['^w', '2020-07-19T12:34:56.789', '2020-07-19T00:00:00'],
    ['^d', '2020-07-19T12:34:56.789', '2020-07-19T00:00:00'],
    ['^H', '2020-07-19T12:34:56.789', '2020-07-19T12:00:00'],
    ['^m', '2020-07-19T12:34:56.789', '2020-07-19T12:34:00'],
    ['^s', '1969-07-19T12:34:56.789', '1969-07-19T12:34:56'],
    ['^S', '2020-07-19T12:34:56.789', '2020-07-19T12:34:56.789'],
    // fields
    ['@2019y', '2020-02-29T12:00:00', '2019-02-28T12:00:00'],
    ['@8H@30m@5s@250S', '2020-02-29T12:34:56.789', '2020-02-29T08:30:05.250'],
    ['@14d', '2020-02-29T12:00:00', '2020-02-14T12:00:00'],
    ['@!d', '2020-02-14T12:00:00', '2020-02-29T12:00:00'],
    ['@2!d', '2020-02-14T12:00:00', '2020-02-28T12:00:00'],
    ['@mar@22d@8H@30m@0s@0S', '2020-12-31T12:34:56.789', '2020-03-22T08:30:00'],
    ['@2fri', '2020-07-19T00:00:00', '2020-07-10T00:00:00'],
    ['@5fri', '2020-07-19T00:00:00', '2020-07-31T00:00:00'],
    ['@!b', '2020-12-01T16:00:00', '2020-12-31T16:00:00'],
    ['@19b', '2020-12-01T16:00:00', '2020-12-28T16:00:00'],
    ['@!h', '2020-12-01T16:00:00', '2020-12-27T16:00:00'],
    ['@D', '2020-08-15T00:00:00', '2020-08-03T00:00:00'],
    ['@!e', '2020-08-15T00:00:00', '2020-08-30T00:00:00'],
    // conditions
    ['?D{+H}{+2H}', '2020-07-17T00:00:00', '2020-07-17T01:00:00'],
    ['?D{+H}{+2H}', '2020-07-18T00:00:00', '2020-07-18T02:00:00'],
    ['?b{}{>b@9H}', '2020-12-25T00:00:00', '2020-12-28T09:00:00'],
    ['?dec{^y+y}', '2020-12-25T00:00:00', '2021-01-01T00:00:00'],
    ['?dec{?h{+b}{+d}}{^M}', '2020-12-25T00:00:00', '2020-12-28T00:00:00'],
    // schedules of the issue
    ['+M^M-b+tue^d+12H', '2020-07-19T00:00:00', '2020-08-04T12:00:00'],
    ['+nov^M>mon+tue', '2020-07-19T00:00:00', '2020-11-03T00:00:00'],
    ['^d+7H', '2020-07-19T12:00:00', '2020-07-19T07:00:00'],
  ])('%s from %s is %s', (text, from, expected) => {
    expect(applied(text, from)).toBe(expected);
  });

  test('what a month does not have, or a calendar, cannot be satisfied, and says so', () => {
    const message = (text: string, from: string, businessInterval = workingDays): unknown => {
      const result = applyRelative(parseRelative(text), Date.parse(from), { zone: utc, businessInterval });
      return result.kind === 'at' ? result.atMs : result.message;
    };
    expect(message('@31d', '2020-04-01T00:00Z')).toBe(
      'The Relative Time Expression "@31d" could not be satisfied after searching until 2020-05-01T00:00:00 UTC: 2020-04 has fewer than 31 of: day.',
    );
    expect(message('@5!fri', '2020-08-01T00:00Z')).toContain('2020-08 has fewer than 5 of: Friday');
    expect(message('+b', '2020-08-01T00:00Z', never)).toMatch(/until 2\d{3}-.* UTC: there is no such business day/);
    expect(message('+h+b', '2020-08-01T00:00Z', never)).toContain('no such business day');
    expect(message('-200y', '2020-08-01T00:00Z')).toContain('the years 1900 to 3000 are left');
    expect(message(`${'+1000y'.repeat(50)}${'-1000y'.repeat(50)}`, '2020-08-01T00:00Z')).toContain('are left');
  });
});

describe('daylight saving in New York', () => {
  test.each([
    // 8 March 2020: 02:00 EST (07:00Z) becomes 03:00. Elapsed time is elapsed time.
    ['+24H', '2020-03-07T12:00:00Z', '2020-03-08T12:00:00.000Z'],
    ['^d+7H', '2020-03-08T12:00:00Z', '2020-03-08T12:00:00.000Z'],
    ['^d@7H', '2020-03-08T12:00:00Z', '2020-03-08T11:00:00.000Z'],
    // Days keep the time of day.
    ['+d', '2020-03-07T17:00:00Z', '2020-03-08T16:00:00.000Z'],
    ['+w', '2020-03-07T17:00:00Z', '2020-03-14T16:00:00.000Z'],
    // 02:30 is not shown on that day: 03:30 is.
    ['+d', '2020-03-07T07:30:00Z', '2020-03-08T07:30:00.000Z'],
    ['@2H', '2020-03-08T12:30:00Z', '2020-03-08T07:30:00.000Z'],
    // 1 November 2020: 02:00 EDT (06:00Z) becomes 01:00. 01:30 is shown at 05:30Z and 06:30Z.
    ['+d', '2020-10-31T05:30:00Z', '2020-11-01T06:30:00.000Z'],
    ['-d', '2020-11-02T06:30:00Z', '2020-11-01T06:30:00.000Z'],
    ['+H', '2020-11-01T05:30:00Z', '2020-11-01T06:30:00.000Z'],
    ['^H', '2020-11-01T05:30:00Z', '2020-11-01T05:00:00.000Z'],
    ['^H', '2020-11-01T06:30:00Z', '2020-11-01T06:00:00.000Z'],
    ['@0m', '2020-11-01T05:30:00Z', '2020-11-01T05:00:00.000Z'],
    ['@1H', '2020-11-01T12:30:00Z', '2020-11-01T06:30:00.000Z'],
    ['>sun', '2020-11-01T05:30:00Z', '2020-11-01T05:30:00.000Z'],
    ['@1d', '2020-11-01T05:30:00Z', '2020-11-01T05:30:00.000Z'],
    ['^d', '2020-11-01T12:00:00Z', '2020-11-01T04:00:00.000Z'],
  ])('%s from %s is %s', (text, from, expected) => {
    expect(inNewYork(text, from)).toBe(expected);
  });

  test('a day without midnight begins when it does; one with two begins at the first', () => {
    const start = (zone: string, from: string): string => {
      const result = applyRelative(parseRelative('^d'), Date.parse(from), { zone: zoneNamed(zone) });
      return result.kind === 'at' ? new Date(result.atMs).toISOString() : result.kind;
    };
    expect(start('America/Sao_Paulo', '2018-11-04T12:00:00Z')).toBe('2018-11-04T03:00:00.000Z');
    expect(start('America/Havana', '2020-11-01T12:00:00Z')).toBe('2020-11-01T04:00:00.000Z');
  });
});

describe('as a period', () => {
  const schedule = (text: string) => compileRelative(parseRelative(text), { zone: utc });
  const fromMs = Date.UTC(2020, 3, 30, 8);

  test('the next firing is what it makes of the last one', () => {
    expect(schedule('+6H').next(fromMs)).toEqual({ kind: 'fires', atMs: Date.UTC(2020, 3, 30, 14) });
  });

  test.each(['+0s', '-7m', '^d', '>thu', '@30d', '?sat{+d}'])('%s does not advance', text => {
    expect(schedule(text).next(fromMs)).toMatchObject({ kind: 'standing', message: expect.stringContaining(text) });
  });

  test('there is no previous firing', () => {
    expect(schedule('+6H').previous(fromMs)).toMatchObject({ kind: 'unsupported' });
  });

  test('business days want a business interval, wherever they are asked for', () => {
    for (const text of ['+b', '>2h', '@!b', '?h{+d}', '+d?sat{?mon{}{-b}}']) {
      expect(() => schedule(text), text).toThrow(/business interval/);
      expect(() => applyRelative(parseRelative(text), 0, { zone: utc }), text).toThrow(TimeExpressionError);
    }
  });
});

test('lengths: for windows and timeouts', () => {
  const length = (text: string): number => durationOf(parseRelative(text));
  expect(length('+5m')).toBe(300_000);
  expect(length('-1H')).toBe(-3_600_000);
  expect(length('+w')).toBe(7 * 86_400_000);
  expect(length('+1d-1H+30s+5S')).toBe(23 * 3_600_000 + 30_005);
  expect(length('+0s')).toBe(0);
  for (const text of ['+1M', '+y', '+b', '^d', '+5m>fri']) expect(() => length(text), text).toThrow(/fixed length/);
});

test('in words', () => {
  const words = (text: string): string => explainRelative(parseRelative(text));
  expect(words('+M^M>4mon')).toBe(
    'one month later; at the start of the month; on to the 4th Monday, counting the day it is on',
  );
  expect(words('-7m')).toBe('7 minutes earlier');
  expect(words('@nov@!fri@8H')).toBe('in November of that year; on the last Friday of that month; with hour 8');
  expect(words('?sat{-d}{+22b}')).toBe(
    'if it is a Saturday (one day earlier), otherwise (on to the 22nd business day after that day)',
  );
  expect(words('-2nov<nov?dec{}')).toBe(
    'back to the 2nd November before that month; back to the 1st November, counting the month it is in; if it is in December (nothing is done)',
  );
});

describe('what is refused, and where', () => {
  test.each([
    ['', '1: nothing (expected a time expression)'],
    ['5m', '1: "5" (expected an operator (+ - > < ^ @ ?))'],
    ['+5', '3: the end (expected a unit)'],
    ['+5 m', '3: " " (expected a unit)'],
    ['+d5', '3: "5" (expected an operator (+ - > < ^ @ ?) or the end)'],
    ['+é', '2: "é" (expected a count or a unit)'],
    ['😀', '1: "😀" (expected an operator (+ - > < ^ @ ?))'],
    ['+d😀+', '3: "😀" (expected an operator (+ - > < ^ @ ?) or the end)'],
    ['?sat{-d', '8: the end (expected "}" or an operator (+ - > < ^ @ ?))'],
    ['?sat', '5: the end (expected "{")'],
    ['@8M', '2: a month by number (expected a month by its name, such as @nov)'],
    ['@M', '2: a month by number (expected a month by its name, such as @nov)'],
    ['@2nov', '2: a count before nov (expected @nov alone)'],
    ['@10w', '4: unit w (expected after @ one of y d H m s S, a kind of day, or a month by its name)'],
    ['@H', '2: no value for H (expected a number before it, such as @8H)'],
    ['@!H', '3: unit H after ! (expected d or a kind of day, such as @!d or @2!fri)'],
    ['@24H', '2: 24 before H (expected 0 to 23)'],
    ['@3001y', '2: 3001 before y (expected 1970 to 3000)'],
    ['@32d', '2: 32 before d (expected 1 to 31)'],
    ['@6fri', '2: 6 before fri (expected 1 to 5)'],
    ['@0fri', '2: 0 before fri (expected 1 to 5)'],
    ['>0D', '2: 0 before D (expected 1 to 10,000)'],
    [
      '>4d',
      '3: unit d, which is everywhere (expected after > and < a kind of day (D, e, b, h, sun to sat) or a month (jan to dec); + and - move by d)',
    ],
    ['^mon', '2: unit mon, which has no start (expected after ^ one of y M w d H m s S)'],
    [
      '?H{}',
      '2: unit H, which every moment matches (expected after ? a kind of day (D, e, b, h, sun to sat) or a month (jan to dec))',
    ],
    ['+99999999999y', '2: 99999999999 before y (expected 0 to 1000)'],
    [`+${'9'.repeat(400)}S`, '2: 99999999999999999999… before S (expected 0 to 31,557,600,000,000)'],
    ['+d'.repeat(101), '201: more steps (expected at most 100)'],
    ['?sat{'.repeat(11) + '}'.repeat(11), '51: blocks within blocks (expected at most 10 levels)'],
    ['+d'.repeat(3_000), '4097: 6000 characters (expected at most 4096)'],
  ])('%s', (text, expected) => {
    expect(faultOf(text)).toBe(expected);
  });

  test('words that are no units, those of prototypes too', () => {
    for (const unit of ['days', 'min', 'Y', 'constructor', 'toString', 'k']) {
      expect(faultOf(`+3${unit}`)).toMatch(new RegExp(`^3: unit "${unit}" \\(expected a unit: y M w d`));
    }
  });

  test('hostile texts are refused at once', () => {
    const begun = performance.now();
    for (const text of [
      '?sat{'.repeat(800),
      '+'.repeat(4_096),
      `+${'1'.repeat(4_090)}`,
      '?sat{}'.repeat(600),
      '{'.repeat(4_000),
    ]) {
      expect(faultOf(text), text.slice(0, 20)).not.toBe('accepted');
    }
    for (const value of [null, undefined, 7, {}])
      expect(() => parseRelative(value as unknown as string)).toThrow('a text');
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
