// The short texts of a calendar, `mon-fri`, `12-24..01-02`, `22:00-06:00+1`, as values. Each reader answers with a value or
// with a code and words; the file, the line and the field are added by whoever asked.

import { nearest, quote } from '../../workflow/fault.js';
import { dayMs, dayNumber, daysInMonth } from '../civil.js';
import { weekdayNames } from '../names.js';
import type { CalendarFaultCode } from './calendar-fault.js';
import { yearMax, yearMin } from './calendar-years.js';

export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: CalendarFaultCode; readonly message: string };

/** Weekdays from 0 (Sunday); `position` counts them within a month, from its end when negative. Null: each of them. */
export interface DayPattern {
  readonly weekdays: readonly number[];
  readonly position: number | null;
}

/** First and last day, both in. In `yearly` ones 101 is 1 January, and a first after the last goes over the new year. */
export interface DateRange {
  readonly kind: 'days' | 'yearly';
  readonly first: number;
  readonly last: number;
}

/** Milliseconds since midnight; the end is out, and beyond 24 h in an overnight span. */
export interface HourSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** A number of units that all have the same length, or of months. */
export interface Duration {
  readonly unit: 'ms' | 'months';
  readonly count: number;
}

function read<Value>(value: Value): Read<Value> {
  return { ok: true, value };
}

function refuse(code: CalendarFaultCode, message: string): { ok: false; code: CalendarFaultCode; message: string } {
  return { ok: false, code, message };
}

/** `mon`, `mon-fri`, `2tue`, `-1fri`. */
export function readDays(text: string): Read<DayPattern> {
  const parts = /^(-?\d{1,2})?([a-z]+)(?:-([a-z]+))?$/i.exec(text);
  const accepted = 'accepted is a day as "mon", "mon-fri", "2tue" or "-1fri"';
  if (parts === null) return refuse('DAY_INVALID', `found ${quote(text)}, ${accepted}`);
  const [, position, first, last] = parts;
  const numbers = [first!, last ?? first!].map(name => weekdayNames.indexOf(name.toLowerCase()));
  if (numbers.includes(-1)) {
    const wrong = numbers[0] === -1 ? first! : last!;
    const near = nearest(wrong, weekdayNames) ?? nearest(wrong.slice(0, 3), weekdayNames);
    const advice = near === null ? accepted : `did you mean ${quote(near)}?`;
    return refuse('DAY_INVALID', `${quote(wrong)} is no day of the week; ${advice}`);
  }
  if (position === undefined) return read({ weekdays: circle(numbers[0]!, numbers[1]!), position: null });
  const count = Number(position);
  if (last !== undefined) return refuse('DAY_INVALID', `found ${quote(text)}: a position goes with a single day`);
  if (count === 0 || Math.abs(count) > 5)
    return refuse('DAY_INVALID', `found the position ${count}, accepted are 1 to 5 and -1 to -5`);
  return read({ weekdays: [numbers[0]!], position: count });
}

/** From one weekday to another, over the end of the week if need be. */
function circle(first: number, last: number): number[] {
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
}

/** `2026-12-24`, `12-24`, and two of a kind with `..` between. */
export function readDates(text: string): Read<DateRange> {
  const ends = text.split('..');
  const [first, last] = [readDate(ends[0]!), readDate(ends.at(-1)!)];
  if (ends.length > 2) return refuse('DATE_INVALID', `found ${quote(text)}, accepted is one ".." between two dates`);
  if (!first.ok) return first;
  if (!last.ok) return last;
  const { kind } = first.value;
  if (kind !== last.value.kind)
    return refuse('DATE_INVALID', `${quote(text)} has a year on one side of the ".." only; give both one, or none`);
  if (kind === 'days' && last.value.value < first.value.value)
    return refuse('DATE_INVERTED', `${quote(text)} ends before it begins`);
  return read({ kind, first: first.value.value, last: last.value.value });
}

function readDate(text: string): Read<{ kind: 'days' | 'yearly'; value: number }> {
  const parts = /^(?:(\d{4})-)?(\d\d)-(\d\d)$/.exec(text);
  if (parts === null)
    return refuse('DATE_INVALID', `found ${quote(text)}, accepted is a date as "2026-12-24" or "12-24" (each year)`);
  const [month, day] = [Number(parts[2]), Number(parts[3])];
  if (parts[1] !== undefined) {
    const whole = readDay(text);
    return whole.ok ? read({ kind: 'days', value: whole.value }) : whole;
  }
  // A leap year: 29 February is a date of some years.
  const fault = faultOfDate(2_000, month, day);
  return fault === null
    ? read({ kind: 'yearly', value: month * 100 + day })
    : refuse('DATE_INVALID', `${quote(text)}: ${fault}`);
}

function readDay(text: string): Read<number> {
  const [year, month, day] = text.split('-').map(Number) as [number, number, number];
  const fault = faultOfDate(year, month, day);
  return fault === null ? read(dayNumber(year, month, day)) : refuse('DATE_INVALID', `${quote(text)}: ${fault}`);
}

function faultOfDate(year: number, month: number, day: number): string | null {
  if (year < yearMin || year > yearMax) return `accepted are the years ${yearMin} to ${yearMax}`;
  if (month < 1 || month > 12) return `there is no month ${month}`;
  const days = daysInMonth(year, month);
  return day >= 1 && day <= days ? null : `there is no day ${day}, the month has ${days}`;
}

/** `2026-01-05`, `2026-01-05T22:00`, with seconds and milliseconds if need be; in milliseconds of the clock. */
export function readMoment(text: string): Read<number> {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](.+))?$/.exec(text);
  if (parts === null)
    return refuse('DATE_INVALID', `found ${quote(text)}, accepted is a moment as "2026-01-05" or "2026-01-05T22:00"`);
  const day = readDay(parts[1]!);
  if (!day.ok || parts[2] === undefined) return day.ok ? read(day.value * dayMs) : day;
  const clock = readClock(parts[2]);
  if (clock === null || clock >= dayMs)
    return refuse('DATE_INVALID', `found the time ${quote(parts[2])}, accepted is 00:00 to 23:59:59.999`);
  return read(day.value * dayMs + clock);
}

/** `08:30-16:15`; `22:00-06:00+1` ends on the next day. */
export function readHours(text: string): Read<HourSpan> {
  const parts = /^([\d:.]+)-([\d:.]+)(\+1)?$/.exec(text);
  const startMs = readClock(parts?.[1] ?? '');
  const clock = readClock(parts?.[2] ?? '');
  if (parts === null || startMs === null || clock === null || startMs === dayMs)
    return refuse('SPAN_INVALID', `found ${quote(text)}, accepted is a span as "08:30-16:15" or "22:00-06:00+1"`);
  const isOvernight = parts[3] !== undefined;
  const endMs = clock + (isOvernight ? dayMs : 0);
  if (endMs === startMs) return refuse('SPAN_INVERTED', `${quote(text)} has no length; a whole day is "00:00-24:00"`);
  if (endMs < startMs) {
    const advice = `write ${quote(`${text}+1`)} if it ends on the next day`;
    return refuse('SPAN_INVERTED', `${quote(text)} ends before it begins; ${advice}`);
  }
  if (endMs - startMs > dayMs)
    return refuse('SPAN_OVERLAP', `${quote(text)} is longer than a day and would overlap the next one`);
  return read({ startMs, endMs });
}

/** `08:30`, `08:30:15`, `08:30:15.250`, `24:00`; null for anything else. */
function readClock(text: string): number | null {
  const parts = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{3}))?)?$/.exec(text);
  if (parts === null) return null;
  const [hours, minutes, seconds, millis] = parts.slice(1).map(part => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  const clock = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis;
  return minutes < 60 && seconds < 60 && clock <= dayMs ? clock : null;
}

const unitsMs: { readonly [unit: string]: number } = {
  minute: 60_000,
  hour: 3_600_000,
  day: dayMs,
  week: 7 * dayMs,
};

/** `90 minutes`, `36 hours`, `10 days`, `2 weeks`, `1 month`, `1 year`; at most a hundred years. */
export function readDuration(text: string): Read<Duration> {
  const parts = /^(\d{1,9}) +([a-z]+?)s?$/.exec(text);
  const accepted = 'accepted is a number of minutes, hours, days, weeks, months or years, such as "36 hours"';
  if (parts === null) return refuse('RANGE_INVALID', `found ${quote(text)}, ${accepted}`);
  const [count, unit] = [Number(parts[1]), parts[2]!];
  const months = unit === 'month' ? 1 : unit === 'year' ? 12 : 0;
  const ms = Object.hasOwn(unitsMs, unit) ? unitsMs[unit]! : 0;
  if (months === 0 && ms === 0) return refuse('RANGE_INVALID', `found the unit ${quote(unit)}, ${accepted}`);
  if (count === 0 || count * months > 1_200 || count * ms > 36_525 * dayMs)
    return refuse('RANGE_INVALID', `found ${quote(text)}, accepted are lengths up to 100 years`);
  return read(months > 0 ? { unit: 'months', count: count * months } : { unit: 'ms', count: count * ms });
}
