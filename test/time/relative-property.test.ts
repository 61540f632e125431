// Relative expressions against an oracle that walks: Temporal for days, months and years, one day after the other for kinds
// of days.

import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import type { BusinessInterval } from '../../src/time/business-interval.js';
import { weekdayOf } from '../../src/time/civil.js';
import { applyRelative, compileRelative, parseRelative } from '../../src/time/relative/index.js';
import { zoneNamed } from '../../src/time/zone.js';
import { seed } from '../seed.js';

type Local = Temporal.PlainDateTime;

const zones = [
  'UTC',
  'America/New_York',
  'Europe/Zurich',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Pacific/Apia',
];

/** Odd days, so that business days and holidays have no week. */
const oddDays = {
  name: 'odd days',
  isBusinessDay: (day: number) => day % 2 !== 0 || day % 31 === 0,
} as BusinessInterval;

/** Changes of daylight saving come up often: instants near them, and leap days, beside any of 1970 to 2100. */
const instant = fc.oneof(
  fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
  fc
    .record({
      near: fc.constantFrom(
        Date.UTC(2020, 2, 8, 7),
        Date.UTC(2020, 10, 1, 6),
        Date.UTC(2021, 2, 28, 1),
        Date.UTC(2021, 9, 31, 1),
        Date.UTC(2018, 10, 4, 3),
        Date.UTC(2021, 3, 3, 15),
        Date.UTC(2011, 11, 30, 10),
        Date.UTC(2000, 1, 29, 12),
        Date.UTC(2096, 1, 29, 12),
      ),
      offset: fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 }),
      whole: fc.constantFrom(1, 60_000, 1_800_000),
    })
    .map(({ near, offset, whole }) => Math.floor((near + offset) / whole) * whole),
);
const zone = fc.constantFrom(...zones);
const count = fc.integer({ min: 1, max: 40 });

function local(zoneName: string, atMs: number): Local {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zoneName).toPlainDateTime();
}

/** `later` is our rule: the second of two in autumn, and as much later as the gap is long in spring. */
function instantOf(zoneName: string, dateTime: Local): number {
  return dateTime.toZonedDateTime(zoneName, { disambiguation: 'later' }).epochMilliseconds;
}

function applied(text: string, atMs: number, zoneName: string): number {
  const context = { zone: zoneNamed(zoneName), businessInterval: oddDays };
  const result = applyRelative(parseRelative(text), atMs, context);
  if (result.kind !== 'at') throw new Error(result.message);
  return result.atMs;
}

const kinds: Record<string, (date: Local, day: number) => boolean> = {
  D: date => date.dayOfWeek <= 5,
  e: date => date.dayOfWeek >= 6,
  b: (_, day) => oddDays.isBusinessDay(day),
  h: (_, day) => !oddDays.isBusinessDay(day),
  ...Object.fromEntries(
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((name, index) => [
      name,
      (date: Local): boolean => date.dayOfWeek === index + 1,
    ]),
  ),
};

function dayOf(date: Local): number {
  return Date.UTC(date.year, date.month - 1, date.day) / 86_400_000;
}

describe(`against an oracle (seed ${seed})`, () => {
  test('years, months, weeks and days are what Temporal adds to local time', () => {
    const units = { y: 'years', M: 'months', w: 'weeks', d: 'days' } as const;
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    fc.assert(
      fc.property(instant, zone, count, unit, fc.boolean(), (atMs, zoneName, n, letter, isBack) => {
        const from = local(zoneName, atMs);
        const duration = { [units[letter]]: n };
        const expected = isBack ? from.subtract(duration) : from.add(duration);
        expect(applied(`${isBack ? '-' : '+'}${n}${letter}`, atMs, zoneName)).toBe(instantOf(zoneName, expected));
      }),
      { numRuns: 2_000 },
    );
  });

  test('hours and smaller are elapsed time', () => {
    const units = { H: 3_600_000, m: 60_000, s: 1_000, S: 1 } as const;
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    fc.assert(
      fc.property(instant, zone, count, unit, (atMs, zoneName, n, letter) => {
        expect(applied(`+${n}${letter}-H`, atMs, zoneName)).toBe(atMs + n * units[letter] - units.H);
      }),
      { numRuns: 500 },
    );
  });

  test('the n-th day of a kind is where walking day by day ends', () => {
    fc.assert(
      fc.property(
        instant,
        zone,
        count,
        fc.constantFrom(...Object.keys(kinds)),
        fc.constantFrom('+', '-', '>', '<'),
        (atMs, zoneName, n, kind, operator) => {
          const from = local(zoneName, atMs);
          const step = operator === '+' || operator === '>' ? 1 : -1;
          const matches = (date: Local): boolean => kinds[kind]!(date, dayOf(date));
          let left = n;
          let date = from;
          if ((operator === '>' || operator === '<') && matches(date)) left -= 1;
          while (left > 0) {
            date = date.add({ days: step });
            if (matches(date)) left -= 1;
          }
          const expected = date.equals(from) ? atMs : instantOf(zoneName, date);
          expect(applied(`${operator}${n}${kind}`, atMs, zoneName)).toBe(expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the n-th month of a name is where walking month by month ends', () => {
    const names = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
    fc.assert(
      fc.property(
        instant,
        zone,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(...names),
        fc.constantFrom('+', '-', '>', '<'),
        (atMs, zoneName, n, name, operator) => {
          const from = local(zoneName, atMs);
          const step = operator === '+' || operator === '>' ? 1 : -1;
          const isOf = (date: Local): boolean => date.month === names.indexOf(name) + 1;
          let left = (operator === '>' || operator === '<') && isOf(from) ? n - 1 : n;
          let date = from;
          for (let months = step; left > 0; months += step) {
            date = from.add({ months });
            if (isOf(date)) left -= 1;
          }
          const expected = date.equals(from) ? atMs : instantOf(zoneName, date);
          expect(applied(`${operator}${n}${name}`, atMs, zoneName)).toBe(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('the n-th and n-th-last day of a kind in a month', () => {
    fc.assert(
      fc.property(
        instant,
        zone,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(...Object.keys(kinds)),
        fc.boolean(),
        (atMs, zoneName, n, kind, isFromEnd) => {
          const from = local(zoneName, atMs);
          const days = Array.from({ length: from.daysInMonth }, (_, index) => from.with({ day: index + 1 })).filter(
            date => kinds[kind]!(date, dayOf(date)),
          );
          const date = days.at(isFromEnd ? -n : n - 1)!;
          const expected = date.equals(from) ? atMs : instantOf(zoneName, date);
          expect(applied(`@${n}${isFromEnd ? '!' : ''}${kind}`, atMs, zoneName)).toBe(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('the start of a unit is the first instant at which clocks show it, by walking back minute by minute', () => {
    const units: Record<string, (date: Local) => string> = {
      H: date => date.toString().slice(0, 13),
      m: date => date.toString({ smallestUnit: 'second' }).slice(0, 16),
      d: date => date.toPlainDate().toString(),
    };
    fc.assert(
      fc.property(instant, zone, fc.constantFrom(...Object.keys(units)), (atMs, zoneName, unit) => {
        // In the hour that is shown twice, the start of an hour is that of the same showing: left to the table of cases.
        fc.pre(unit === 'd' || zoneNamed(zoneName).instantsOf(zoneNamed(zoneName).localOf(atMs)).length === 1);
        const shown = units[unit]!;
        const key = shown(local(zoneName, atMs));
        const startMs = applied(`^${unit}`, atMs, zoneName);
        expect(startMs).toBeLessThanOrEqual(atMs);
        expect(shown(local(zoneName, startMs))).toBe(key);
        if (unit === 'd') expect(shown(local(zoneName, startMs - 1))).not.toBe(key);
        expect(applied(`^${unit}`, startMs, zoneName)).toBe(startMs);
      }),
      { numRuns: 1_000 },
    );
  });

  test('years, months and weeks begin at midnight of their first day', () => {
    fc.assert(
      fc.property(instant, zone, (atMs, zoneName) => {
        const from = local(zoneName, atMs).toPlainDate();
        const start = (date: Temporal.PlainDate): number => date.toZonedDateTime(zoneName).epochMilliseconds;
        expect(applied('^y', atMs, zoneName)).toBe(start(from.with({ month: 1, day: 1 })));
        expect(applied('^M', atMs, zoneName)).toBe(start(from.with({ day: 1 })));
        expect(applied('^w', atMs, zoneName)).toBe(start(from.subtract({ days: from.dayOfWeek % 7 })));
      }),
      { numRuns: 500 },
    );
  });

  test('a firing is strictly after what it was asked for, whatever the chain; else it says that it stands', () => {
    const step = fc.constantFrom(
      '+M',
      '-d',
      '^d',
      '@8H',
      '>D',
      '<b',
      '+2fri',
      '^M',
      '@!b',
      '?sat{-d}?sun{+d}',
      '+7m',
      '+0s',
    );
    fc.assert(
      fc.property(instant, zone, fc.array(step, { minLength: 1, maxLength: 6 }), (afterMs, zoneName, steps) => {
        const context = { zone: zoneNamed(zoneName), businessInterval: oddDays };
        const firing = compileRelative(parseRelative(steps.join('')), context).next(afterMs);
        switch (firing.kind) {
          case 'fires':
            expect(firing.atMs).toBeGreaterThan(afterMs);
            return;
          case 'standing':
            expect(firing.atMs).toBeLessThanOrEqual(afterMs);
            return;
          case 'unsatisfiable':
          case 'unsupported':
            throw new Error(firing.message);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test('weekdays of days', () => {
  expect(weekdayOf(Date.UTC(2020, 6, 19) / 86_400_000)).toBe(0);
  expect(weekdayOf(-1)).toBe(3);
});
