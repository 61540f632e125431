// Random calendars, compiled, against the walk of an oracle over the minutes around changes of daylight saving and over days.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CalendarDefinition, compileCalendar, type TimeSet } from '../../../src/time/calendar/index.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { seed } from '../../seed.js';
import { clockOf, isOpen } from './walked-calendar.js';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A zone and a moment near which its clocks change. */
const changes: readonly (readonly [zone: string, near: string])[] = [
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Europe/Berlin', '2027-03-28T01:00Z'],
  ['Europe/Berlin', '2027-10-31T01:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30Z'],
  ['UTC', '2028-02-29T00:00Z'],
  ['America/New_York', '2025-01-01T05:00Z'],
  ['Pacific/Kiritimati', '1994-12-31T10:00Z'],
];

const weekday = fc.constantFrom('sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat');
const dayText = fc.oneof(
  weekday,
  fc.tuple(weekday, weekday).map(([first, last]) => (first === last ? first : `${first}-${last}`)),
  fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, -1, -2, -5), weekday).map(([place, name]) => `${place}${name}`),
);

function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** Spans that do not overlap; the last one may go over midnight. Near two in the morning more often than elsewhere. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: 1_439 }),
  fc.integer({ min: 0, max: 24 }).map(each => each * 15),
);
const hourTexts = fc.uniqueArray(minute, { minLength: 1, maxLength: 5 }).map(minutes => {
  const sorted = [...minutes].sort((left, right) => left - right);
  return sorted.flatMap((start, index) => {
    if (index % 2 === 1) return [];
    const end = sorted[index + 1];
    if (end !== undefined) return [`${clockText(start)}-${clockText(end)}`];
    return [start % 2 === 0 ? `${clockText(start)}-${clockText(Math.min(start, 400))}+1` : `${clockText(start)}-24:00`];
  });
});

function dateText(nearMs: number): fc.Arbitrary<string> {
  const date = fc.integer({ min: -6, max: 6 }).map(days => new Date(nearMs + days * dayMs).toISOString().slice(0, 10));
  const yearly = date.map(each => each.slice(5));
  const range = (of: fc.Arbitrary<string>, isCircle: boolean): fc.Arbitrary<string> =>
    fc.tuple(of, of).map(([left, right]) => (left <= right || isCircle ? `${left}..${right}` : `${right}..${left}`));
  return fc.oneof(date, yearly, range(date, false), range(yearly, true));
}

function rangeOf(nearMs: number): fc.Arbitrary<TimeSet> {
  const moment = (from: number, to: number): fc.Arbitrary<string> =>
    fc.integer({ min: from * 96, max: to * 96 }).map(quarters => {
      const rounded = Math.floor(nearMs / (15 * minuteMs)) * 15 * minuteMs;
      return new Date(rounded + quarters * 15 * minuteMs).toISOString().slice(0, 16);
    });
  const repeat = fc.constantFrom(
    ['2 hours', '45 minutes'],
    ['1 day', '8 hours'],
    ['36 hours', '36 hours'],
    ['1 week', '3 days'],
    ['1 month', '30 hours'],
    ['1 year', '2 weeks'],
    ['1 month', '1 month'],
  );
  return fc.oneof(
    fc
      .record({ start: moment(-3, 3), for: fc.constantFrom('90 minutes', '2 days', '1 month') })
      .map(range => ({ range })),
    fc.tuple(moment(-3, 0), moment(0, 3)).map(([start, end]) => ({
      range: start < end ? { start, end } : { start, for: '30 minutes' },
    })),
    fc
      .tuple(
        moment(-9, 2),
        repeat,
        fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
        fc.option(moment(3, 5)),
      )
      .map(([start, [every, length], count, until]) => ({
        range: {
          start,
          every: every!,
          for: length!,
          ...(count === undefined ? {} : { count }),
          ...(until === null ? {} : { until }),
        },
      })),
    // Long ago, on a day that not every month has.
    fc.constantFrom('2000-01-31T01:30', '1996-02-29T12:00', '1972-10-30T23:00').map(start => ({
      range: { start, every: '1 month', for: '20 hours' },
    })),
  );
}

function definitionNear(nearMs: number): fc.Arbitrary<CalendarDefinition> {
  const selection: fc.Arbitrary<TimeSet> = fc
    .record(
      {
        days: fc.array(dayText, { minLength: 1, maxLength: 3 }),
        dates: fc.array(dateText(nearMs), { minLength: 1, maxLength: 3 }),
        hours: hourTexts,
      },
      { requiredKeys: [] },
    )
    .map(set => (Object.keys(set).length === 0 ? { hours: ['00:00-24:00'] } : (set as TimeSet)));
  const leaf = fc.oneof({ arbitrary: selection, weight: 3 }, { arbitrary: rangeOf(nearMs), weight: 1 });
  const inner = fc.constantFrom<TimeSet>(
    { union: ['a', 'b'] },
    { intersection: ['a', 'c'] },
    { complement: 'b' },
    { set: 'd' },
    { intersection: ['d', 'e'] },
    { complement: 'e' },
  );
  const operation = fc.constantFrom('include', 'exclude', 'only');
  return fc
    .record({
      sets: fc.tuple(leaf, leaf, leaf),
      first: leaf,
      rest: fc.array(fc.tuple(operation, fc.oneof(leaf, inner)), { maxLength: 4 }),
    })
    .map(({ sets, first, rest }) => ({
      name: 'random',
      sets: [
        { name: 'd', union: ['a', 'b'] },
        { name: 'e', complement: 'c' },
        ...['a', 'b', 'c'].map((name, index) => ({ name, ...sets[index]! })),
      ],
      rules: [{ include: first }, ...rest.map(([name, set]) => ({ [name]: set }))],
    }));
}

const scenario = fc
  .constantFrom(...changes)
  .chain(([zone, near]) =>
    definitionNear(Date.parse(near)).map(definition => ({ zone, nearMs: Date.parse(near), definition })),
  );

function compile(definition: CalendarDefinition, zone: string) {
  const compiled = compileCalendar(definition, zoneNamed(zone));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.value;
}

describe(`random calendars against a walk (seed ${seed})`, () => {
  test('minute by minute: what is included, and both edges', () => {
    let edges = 0;
    fc.assert(
      fc.property(scenario, ({ zone, nearMs, definition }) => {
        const calendar = compile(definition, zone);
        const clock = clockOf(zone);
        const fromMs = nearMs - 2 * dayMs;
        const toMs = nearMs + 2 * dayMs;
        const open: boolean[] = [];
        for (let at = fromMs; at <= toMs; at += minuteMs) open.push(isOpen(definition, clock(at)));
        const atOf = (index: number): number => fromMs + index * minuteMs;
        // Compared at once: an `expect` a minute takes longer than everything else.
        const faults: string[] = [];
        const check = (asked: string, at: number, answer: boolean, expected: unknown): void => {
          if (!answer) faults.push(`${asked} ${new Date(at).toISOString()}: expected ${expected}`);
        };
        let next: number | undefined;
        for (let index = open.length - 1; index >= 0; index -= 1) {
          const at = atOf(index);
          check('includes', at, calendar.includes(at) === open[index], open[index]);
          const found = calendar.nextEdge(at);
          check('after', at, next === undefined ? found === undefined || found > toMs : found === next, next);
          if (index > 0 && open[index] !== open[index - 1]) {
            next = at;
            edges += 1;
            check('after', at - 1, calendar.nextEdge(at - 1) === at, at);
            check('before', at, calendar.previousEdge(at) === at, at);
            check('includes', at - 1, calendar.includes(at - 1) === open[index - 1], open[index - 1]);
          }
        }
        let previous: number | undefined;
        for (let index = 1; index < open.length; index += 1) {
          const at = atOf(index);
          if (open[index] !== open[index - 1]) previous = at;
          const found = calendar.previousEdge(at);
          const isRight = previous === undefined ? found === undefined || found <= fromMs : found === previous;
          check('before', at, isRight, previous);
        }
        expect(faults).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(edges).toBeGreaterThan(20);
  }, 120_000);

  test('month by month: the days with and without business, from both ends', () => {
    fc.assert(
      fc.property(scenario, ({ zone, nearMs, definition }) => {
        const calendar = compile(definition, zone);
        const clock = clockOf(zone);
        const near = new Date(nearMs);
        const [year, month] = [near.getUTCFullYear(), near.getUTCMonth() + 1];
        // Days that the clocks showed, and those among them on which business was done.
        const shown = new Set<number>();
        const business = new Set<number>();
        for (let at = Date.UTC(year, month - 1, 0); at < Date.UTC(year, month, 2); at += 5 * minuteMs) {
          // Every fifth minute, and every one of a day on which none of these was open.
          const day = Math.floor(clock(at) / 1_440);
          shown.add(day);
          if (business.has(day)) continue;
          for (let step = 0; step < 5; step += 1) {
            const minuteOfClock = clock(at + step * minuteMs);
            if (isOpen(definition, minuteOfClock)) business.add(Math.floor(minuteOfClock / 1_440));
          }
        }
        const days = Array.from({ length: new Date(Date.UTC(year, month, 0)).getUTCDate() }, (_, index) => {
          return Date.UTC(year, month - 1, index + 1) / dayMs;
        });
        const opened = days.filter(day => business.has(day));
        const closed = days.filter(day => shown.has(day) && !business.has(day));
        for (const day of days) expect(calendar.isBusinessDay(day)).toBe(business.has(day));
        for (let n = 1; n <= 32; n += 1) {
          expect(calendar.nthBusinessDay(year, month, n)).toBe(opened[n - 1]);
          expect(calendar.nthBusinessDay(year, month, -n)).toBe(opened.at(-n));
          expect(calendar.nthHoliday(year, month, n)).toBe(closed[n - 1]);
          expect(calendar.nthHoliday(year, month, -n)).toBe(closed.at(-n));
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
