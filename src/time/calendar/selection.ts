// A set that chooses days by what they are called and spans of each: `days`, `dates`, `hours`.

import { civilOf, dayMs, dayNumber, daysInMonth, weekdayOf } from '../civil.js';
import type { TimeSet } from './model.js';
import {
  type DateRange,
  type DayPattern,
  type HourSpan,
  type Read,
  readDates,
  readDays,
  readHours,
} from './notation.js';
import { append, countUpTo, type Spans, spansOf } from './spans.js';

/** Says of which days a set takes spans. Days as counts since 1970. */
type DayTest = (day: number) => boolean;

/** The spans of a set from one day to another (the last is out), in milliseconds of the clock. */
export type SpansOf = (firstDay: number, endDay: number) => Spans;

/** @param set verified, with `days`, `dates` or `hours` */
export function compileSelection(set: TimeSet): SpansOf {
  const isNamed = testOfNames((set.days ?? []).map(text => sound(readDays(text))));
  const isDated = testOfDates((set.dates ?? []).map(text => sound(readDates(text))));
  const hours = (set.hours ?? ['00:00-24:00'])
    .map(text => sound(readHours(text)))
    .sort((left, right) => left.startMs - right.startMs);
  const isChosen: DayTest = day =>
    (set.days === undefined || isNamed(day)) && (set.dates === undefined || isDated(day));
  return (firstDay, endDay) => spansOfDays(firstDay, endDay, isChosen, hours);
}

function spansOfDays(firstDay: number, endDay: number, isChosen: DayTest, hours: readonly HourSpan[]): Spans {
  const spans: number[] = [];
  // The night before the first day may reach into it.
  for (let day = firstDay - 1; day < endDay; day += 1) {
    if (!isChosen(day)) continue;
    for (const { startMs, endMs } of hours) append(spans, day * dayMs + startMs, day * dayMs + endMs);
  }
  return spans;
}

/** What verification has read before can be read again. */
export function sound<Value>(result: Read<Value>): Value {
  if (!result.ok) throw new Error(`a calendar was compiled that had not been verified: ${result.message}`);
  return result.value;
}

function testOfNames(patterns: readonly DayPattern[]): DayTest {
  const always = new Set(patterns.filter(({ position }) => position === null).flatMap(({ weekdays }) => weekdays));
  const placed = new Set(
    patterns.flatMap(({ weekdays, position }) => (position === null ? [] : [weekdays[0]! * 100 + position])),
  );
  if (placed.size === 0) return day => always.has(weekdayOf(day));
  return day => {
    const weekday = weekdayOf(day);
    if (always.has(weekday)) return true;
    const { year, month, dayOfMonth } = civilOf(day);
    const fromStart = Math.ceil(dayOfMonth / 7);
    const fromEnd = -Math.ceil((daysInMonth(year, month) - dayOfMonth + 1) / 7);
    return placed.has(weekday * 100 + fromStart) || placed.has(weekday * 100 + fromEnd);
  };
}

function testOfDates(ranges: readonly DateRange[]): DayTest {
  const days = spansOf(
    ranges.flatMap(({ kind, first, last }) => (kind === 'days' ? [[first, last + 1] as const] : [])),
  );
  const yearly = new Set<number>();
  for (const range of ranges) if (range.kind === 'yearly') addYearly(range, yearly);
  return day => {
    if (countUpTo(days, day) % 2 === 1) return true;
    if (yearly.size === 0) return false;
    const parts = civilOf(day);
    return yearly.has(parts.month * 100 + parts.dayOfMonth);
  };
}

/** The dates of a range, each as month * 100 + day, walked in a leap year; a first after the last goes on in the next one. */
function addYearly({ first, last }: DateRange, dates: Set<number>): void {
  const start = dayNumber(2_000, Math.floor(first / 100), first % 100);
  const end = dayNumber(2_000, Math.floor(last / 100), last % 100);
  const length = end >= start ? end - start : end - start + 366;
  for (let offset = 0; offset <= length; offset += 1) {
    const { month, dayOfMonth } = civilOf(dayNumber(2_000, 1, 1) + ((start - dayNumber(2_000, 1, 1) + offset) % 366));
    dates.add(month * 100 + dayOfMonth);
  }
}
