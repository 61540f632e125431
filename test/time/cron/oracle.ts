// A brute-force oracle for cron-style expressions: columns as a text and a predicate made together, a calendar that is
// walked day by day and minute by minute, and Temporal for what clocks show. It shares no code with what it judges.

import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';

export const minuteMs = 60_000;

/** A day of the calendar, as people count. */
export interface Day {
  readonly year: number;
  /** 0 is January. */
  readonly month: number;
  readonly dayOfMonth: number;
  /** 1 is Sunday. */
  readonly weekday: number;
  readonly dayOfYear: number;
  readonly monthLength: number;
  readonly yearLength: number;
  /** From 1970-01-01. */
  readonly number: number;
}

export interface Column {
  readonly text: string;
  readonly admits: (value: number) => boolean;
}

export interface DayColumns {
  /** From day of month to week of year. */
  readonly text: string;
  readonly admits: (day: Day) => boolean;
}

export function dayAt(number: number): Day {
  const known = days.get(number);
  if (known !== undefined) return known;
  const made = makeDay(number);
  days.set(number, made);
  return made;
}

/** Weeks are counted by walking, so the same days are asked for again and again. */
const days = new Map<number, Day>();

function makeDay(number: number): Day {
  const date = new Date(number * 86_400_000);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const newYear = Date.UTC(year, 0);
  return {
    year,
    month,
    dayOfMonth: date.getUTCDate(),
    weekday: date.getUTCDay() + 1,
    dayOfYear: (number * 86_400_000 - newYear) / 86_400_000 + 1,
    monthLength: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
    yearLength: (Date.UTC(year + 1, 0) - newYear) / 86_400_000,
    number,
  };
}

/** A column of numbers: values, ranges, steps, lists of them. */
export function numbers(min: number, max: number): fc.Arbitrary<Column> {
  const value = fc.integer({ min, max });
  const single = value.map(each => ({ text: `${each}`, admits: (other: number) => other === each }));
  const range = fc.tuple(value, value, fc.constantFrom(1, 1, 2, 3)).map(([one, other, step]) => {
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    const text = `${from}-${to}${step === 1 ? '' : `/${step}`}`;
    return { text, admits: (each: number) => each >= from && each <= to && (each - from) % step === 0 };
  });
  const stepped = fc.integer({ min: 1, max: Math.min(max - min, 15) }).map(step => ({
    text: `*/${step}`,
    admits: (each: number) => (each - min) % step === 0,
  }));
  return list(fc.oneof(single, single, range, stepped));
}

function list(item: fc.Arbitrary<Column>): fc.Arbitrary<Column> {
  return fc.array(item, { minLength: 1, maxLength: 3 }).map(items => ({
    text: items.map(each => each.text).join(','),
    admits: value => items.some(each => each.admits(value)),
  }));
}

export const anything: Column = { text: '*', admits: () => true };

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

type DayTest = { readonly text: string; readonly admits: (day: Day) => boolean };

function ofDay(column: fc.Arbitrary<Column>, value: (day: Day) => number): fc.Arbitrary<DayTest> {
  return column.map(({ text, admits }) => ({ text, admits: day => admits(value(day)) }));
}

/** How many such weekdays there were up to this day, or come from it, it among them: by walking. */
function countOf(day: Day, step: 1 | -1, isWithin: (other: Day) => boolean): number {
  let count = 0;
  for (let other = day; isWithin(other); other = dayAt(other.number + 7 * step)) count += 1;
  return count;
}

function positioned(positionMax: number, isSame: (one: Day, other: Day) => boolean): fc.Arbitrary<DayTest> {
  return fc
    .tuple(fc.integer({ min: 1, max: positionMax }), fc.integer({ min: 1, max: 7 }), fc.boolean())
    .map(([position, weekday, isFromEnd]) => ({
      text: `${isFromEnd ? '-' : ''}${position}${weekdays[weekday - 1]}`,
      admits: day =>
        day.weekday === weekday && countOf(day, isFromEnd ? 1 : -1, other => isSame(day, other)) === position,
    }));
}

const isSameMonth = (one: Day, other: Day): boolean => one.year === other.year && one.month === other.month;
const isSameYear = (one: Day, other: Day): boolean => one.year === other.year;

const dayOfMonth = fc.oneof(
  ofDay(numbers(1, 31), day => day.dayOfMonth),
  positioned(5, isSameMonth),
  fc
    .integer({ min: 1, max: 31 })
    .map(count => ({ text: `-${count}`, admits: (day: Day) => day.monthLength - day.dayOfMonth + 1 === count })),
);
const dayOfYear = fc.oneof(
  ofDay(numbers(1, 366), day => day.dayOfYear),
  positioned(53, isSameYear),
  fc
    .integer({ min: 1, max: 366 })
    .map(count => ({ text: `-${count}`, admits: (day: Day) => day.yearLength - day.dayOfYear + 1 === count })),
);
const month = fc.oneof(
  ofDay(numbers(0, 11), day => day.month),
  fc.integer({ min: 0, max: 11 }).map(each => ({ text: months[each]!, admits: (day: Day) => day.month === each })),
);
const weekday = fc.oneof(
  ofDay(numbers(1, 7), day => day.weekday),
  // Ranges of weekdays may go over the end of the week.
  fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })).map(([from, length]) => ({
    text: `${weekdays[from]!.toUpperCase()}-${weekdays[(from + length) % 7]}`,
    admits: (day: Day) => (day.weekday - 1 - from + 7) % 7 <= length,
  })),
);

/** Weeks by walking: one more at each Sunday. */
function weekFrom(day: Day, first: number): number {
  let week = 1;
  for (let number = first + 1; number <= day.number; number += 1) if (dayAt(number).weekday === 1) week += 1;
  return week;
}

function weekOfYear(day: Day): number {
  const saturday = dayAt(day.number + 7 - day.weekday);
  return saturday.year > day.year ? 1 : weekFrom(day, day.number - day.dayOfYear + 1);
}

const weekOfMonthColumn = ofDay(numbers(1, 6), day => weekFrom(day, day.number - day.dayOfMonth + 1));
const weekOfYearColumn = ofDay(numbers(1, 53), weekOfYear);

const any: fc.Arbitrary<DayTest> = fc.constant({ text: '*', admits: () => true });
const seldom = (column: fc.Arbitrary<DayTest>): fc.Arbitrary<DayTest> =>
  fc.oneof({ weight: 3, arbitrary: any }, { weight: 1, arbitrary: column });
const often = (column: fc.Arbitrary<DayTest>): fc.Arbitrary<DayTest> =>
  fc.oneof({ weight: 1, arbitrary: any }, { weight: 1, arbitrary: column });

/** Columns from day of month to week of year. */
export const dayColumns: fc.Arbitrary<DayColumns> = fc
  .tuple(
    often(dayOfMonth),
    seldom(month),
    seldom(weekday),
    seldom(dayOfYear),
    seldom(weekOfMonthColumn),
    seldom(weekOfYearColumn),
  )
  .map(columns => ({
    text: columns.map(each => each.text).join(' '),
    admits: day => columns.every(each => each.admits(day)),
  }));

const quarterMs = 15 * minuteMs;

/**
 * The instants at which a zone's clocks show local times (milliseconds since 1970): the second of two, none in a gap.
 * Temporal is asked once a quarter of an hour: no clock is put within one (a test of its own says so).
 */
export function instantsOf(zone: string, localTimesMs: Iterable<number>): number[] {
  const instants: number[] = [];
  const quarters = new Map<number, number | null>();
  for (const localMs of localTimesMs) {
    const quarter = Math.floor(localMs / quarterMs) * quarterMs;
    const known = quarters.get(quarter);
    const instant = known === undefined ? instantOf(zone, quarter) : known;
    quarters.set(quarter, instant);
    if (instant !== null) instants.push(instant + localMs - quarter);
  }
  return instants.sort((one, other) => one - other);
}

function instantOf(zone: string, localMs: number): number | null {
  const plain = Temporal.PlainDateTime.from(new Date(localMs).toISOString().slice(0, -1));
  const zoned = plain.toZonedDateTime(zone, { disambiguation: 'later' });
  return zoned.toPlainDateTime().equals(plain) ? zoned.epochMilliseconds : null;
}

/** The changes of a zone from 1970 to 2100 whose clocks were within a quarter of an hour, before or after. */
export function changesWithinQuarters(zone: string): string[] {
  const found: string[] = [];
  let at = Temporal.ZonedDateTime.from(`1970-01-01T00:00[${zone}]`).getTimeZoneTransition('next');
  for (; at !== null && at.year < 2100; at = at.getTimeZoneTransition('next')) {
    const shown = [at.offsetNanoseconds, at.subtract({ nanoseconds: 1 }).offsetNanoseconds].map(
      offset => at!.epochMilliseconds + offset / 1e6,
    );
    if (shown.some(localMs => localMs % quarterMs !== 0)) found.push(at.toString());
  }
  return found;
}
