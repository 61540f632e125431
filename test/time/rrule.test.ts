// Recurrence rules: next and previous by the library, strictness and places of faults by us.

import { describe, expect, test } from 'vitest';
import { TimeExpressionError } from '../../src/time/errors.js';
import { compileRrule, explainRrule, parseRrule } from '../../src/time/rrule/index.js';
import { zoneNamed } from '../../src/time/zone.js';

const zone = zoneNamed('America/New_York');
const iso = (atMs: number): string => new Date(atMs).toISOString();

function next(text: string, after: string, startMs?: number): string {
  const context = startMs === undefined ? { zone } : { zone, startMs };
  const firing = compileRrule(parseRrule(text), context).next(Date.parse(after));
  return firing.kind === 'fires' ? iso(firing.atMs) : firing.kind;
}

test.each([
  // second-to-last weekday of a month
  [
    'DTSTART:20200101T090000\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
    '2020-05-01T00:00Z',
    '2020-05-28T13:00:00.000Z',
  ],
  [
    'DTSTART;TZID=Europe/Zurich:20200101T090000 RRULE:FREQ=WEEKLY;BYDAY=TU',
    '2020-05-01T00:00Z',
    '2020-05-05T07:00:00.000Z',
  ],
  [
    'DTSTART:20200101T090000Z RRULE:FREQ=DAILY EXDATE:20200502T090000Z',
    '2020-05-01T09:00Z',
    '2020-05-03T09:00:00.000Z',
  ],
  [
    'DTSTART:20200101T090000Z RRULE:FREQ=YEARLY RDATE:20200502T090000Z',
    '2020-05-01T09:00Z',
    '2020-05-02T09:00:00.000Z',
  ],
  ['rrule:freq=daily;count=3 dtstart;value=date:20200101', '2020-01-02T05:00Z', '2020-01-03T05:00:00.000Z'],
  ['DTSTART:20200101T090000 RRULE:FREQ=DAILY;COUNT=3', '2020-01-03T14:00Z', 'unsatisfiable'],
  // 02:30 is skipped on 8 March 2020, 01:30 comes twice on 1 November: the first
  ['DTSTART:20200301T023000 RRULE:FREQ=DAILY', '2020-03-08T00:00Z', '2020-03-09T06:30:00.000Z'],
  ['DTSTART:20200301T013000 RRULE:FREQ=DAILY', '2020-11-01T00:00Z', '2020-11-01T05:30:00.000Z'],
  // a leap day, far off
  ['DTSTART:20960229T000000Z RRULE:FREQ=YEARLY', '2096-03-01T00:00Z', '2104-02-29T00:00:00.000Z'],
])('%s after %s is %s', (text, after, expected) => {
  expect(next(text, after)).toBe(expected);
});

test('without DTSTART a rule begins at the moment it is given, and wants one', () => {
  expect(next('FREQ=DAILY', '2020-01-01T00:00Z', Date.parse('2020-01-01T14:00:00.500Z'))).toBe(
    '2020-01-01T14:00:00.000Z',
  );
  expect(() => next('FREQ=DAILY', '2020-01-01T00:00Z')).toThrow(/without a start \(expected DTSTART before it/);
});

test('previous inverts next', () => {
  const schedule = compileRrule(parseRrule('DTSTART:20200101T090000 RRULE:FREQ=MONTHLY;BYDAY=-1FR'), { zone });
  let atMs = Date.UTC(2020, 0, 5);
  for (let index = 0; index < 30; index += 1) {
    const firing = schedule.next(atMs);
    if (firing.kind !== 'fires') throw new Error(firing.kind);
    expect(firing.atMs).toBeGreaterThan(atMs);
    if (index > 0) expect(schedule.previous(firing.atMs)).toEqual({ kind: 'fires', atMs });
    atMs = firing.atMs;
  }
  expect(schedule.previous(Date.UTC(2020, 0, 1))).toMatchObject({ kind: 'unsatisfiable' });
});

test('what cannot be satisfied is given up', () => {
  const begun = performance.now();
  const text = 'DTSTART:20200101T090000Z RRULE:FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2';
  expect(next(text, '2020-05-01T00:00Z')).toBe('unsatisfiable');
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('nothing comes after the year 3000, however long the steps', () => {
  const text = 'DTSTART:20300101T000000Z RRULE:FREQ=YEARLY;INTERVAL=400';
  expect(next(text, '2430-01-02T00:00Z')).toBe('2830-01-01T00:00:00.000Z');
  expect(next(text, '2830-01-02T00:00Z')).toBe('unsatisfiable');
  // The library's dates end in 275760, long before a search for this one does.
  const far = 'DTSTART:20300101T000000Z RRULE:FREQ=YEARLY;INTERVAL=100000';
  expect(next(far, '2030-01-01T00:00Z')).toBe('unsatisfiable');
  expect(next(`${far};BYMONTH=2;BYMONTHDAY=29;BYDAY=MO`, '2030-01-01T00:00Z')).toBe('unsatisfiable');
});

test('a rule with COUNT is counted once', () => {
  const schedule = compileRrule(parseRrule('DTSTART:20200101T090000 RRULE:FREQ=DAILY;COUNT=10000'), { zone });
  const last = { kind: 'fires', atMs: Date.parse('2047-05-18T13:00Z') };
  expect(schedule.next(last.atMs - 1)).toEqual(last);
  expect(schedule.next(last.atMs)).toMatchObject({ kind: 'unsatisfiable' });
  const begun = performance.now();
  for (let asked = 0; asked < 100; asked += 1) expect(schedule.previous(last.atMs + 1)).toEqual(last);
  // The library alone takes half a second for each.
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('in words', () => {
  const words = (text: string): string => explainRrule(parseRrule(text), { zone });
  expect(words('DTSTART:20200101T090000 RRULE:FREQ=MONTHLY;BYDAY=-1FR EXDATE:20200501T090000')).toBe(
    'every month on last Friday at 9 AM excluding 1 date',
  );
});

describe('what is refused, and where', () => {
  test.each([
    ['FREQ=SOMETIMES', 6, '"SOMETIMES" (expected YEARLY, MONTHLY'],
    ['FREQ=DAILY;BYHOUR=9,99', 21, '"99" (expected 0 to 23)'],
    ['FREQ=DAILY;BYHOUR=', 19, 'nothing (expected 0 to 23)'],
    ['FREQ=DAILY;INTERVAL=0', 21, '"0" (expected 1 to 100000)'],
    ['FREQ=MONTHLY;BYMONTHDAY=32', 25, '"32" (expected 1 to 31, or -31 to -1 from the end)'],
    ['FREQ=MONTHLY;BYDAY=54MO', 20, '"54MO" (expected weekdays'],
    ['FREQ=DAILY;FOO=1', 12, '"FOO=1" (expected one of FREQ, INTERVAL'],
    ['FREQ=DAILY;FREQ=DAILY', 12, 'a second FREQ'],
    ['INTERVAL=2', 1, 'no FREQ'],
    ['FREQ=DAILY;COUNT=10001', 18, '"10001" (expected 1 to 10000)'],
    ['FREQ=DAILY;COUNT=1;UNTIL=20300101', 1, 'COUNT and UNTIL'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 1, 'a day that no such month has (expected BYMONTHDAY up to 29'],
    ['DTSTART:20200230T000000 FREQ=DAILY', 9, '"20200230T000000" (expected a date or time'],
    ['DTSTART;TZID=Europe/../passwd:20200228T000000 FREQ=DAILY', 14, 'no known time zone'],
    ['DTSTART;X=1:20200228T000000 FREQ=DAILY', 8, '";X=1"'],
    ['DTSTART:20200228T000000', 24, 'no rule'],
    ['FREQ=DAILY FREQ=DAILY', 12, 'a second rule'],
    ['xyz', 1, '"xyz"'],
  ])('%s', (text, position, message) => {
    let fault: unknown;
    try {
      parseRrule(text);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(TimeExpressionError);
    expect(fault).toMatchObject({ position, message: expect.stringContaining(message) });
  });
});
