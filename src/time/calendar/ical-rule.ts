// The RRULE of an event: which days it comes back on. Days only: an event that repeats within a day is no holiday.
//
// The walk goes from day to day and over whole months, weeks and years that cannot match; its steps are counted, so that a
// rule that never matches (30 February) ends like any other.

import { quote } from '../../workflow/fault.js';
import { type CivilDate, civilOf, dayMs, dayNumber, daysInMonth, weekdayOf } from '../civil.js';
import { firstDayOf } from './calendar-years.js';
import { IcalRefusal } from './ical-refusal.js';
import { type IcalTime, readIcalTime } from './ical-value.js';

/** An event without an end is followed to here: the last day of 2100. */
const lastDay = firstDayOf(2_101) - 1;

export interface IcalRule {
  readonly frequency: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  readonly interval: number;
  readonly count: number;
  /** The last day on which it may come. */
  readonly untilDay: number;
  /** Weekday with which weeks begin, 0 for Sunday. */
  readonly weekStart: number;
  readonly months: ReadonlySet<number> | null;
  /** Of the month; from its end when negative. */
  readonly monthDays: ReadonlySet<number> | null;
  /** `position` 0 means each. */
  readonly weekdays: readonly { readonly weekday: number; readonly position: number }[] | null;
}

const weekdayNames = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const unsupported = [
  'BYSETPOS',
  'BYWEEKNO',
  'BYYEARDAY',
  'BYEASTER',
  'RSCALE',
  'SKIP',
  'BYHOUR',
  'BYMINUTE',
  'BYSECOND',
];
const frequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

/** @param start of the event, if it has one: it stands for what the rule leaves out. @throws IcalRefusal */
export function readIcalRule(text: string, start: IcalTime | undefined): IcalRule {
  const parts = new Map<string, string>();
  for (const part of text.trim().split(';')) {
    const [key, value] = part.split('=').map(each => each.toUpperCase());
    if (key === '' && value === undefined) continue;
    if (value === undefined || parts.has(key!)) invalid(part);
    if (unsupported.includes(key!)) refuse(`${key} is not read; list the dates instead`);
    parts.set(key!, value);
  }
  const frequency = frequencies.find(each => each === parts.get('FREQ'));
  if (frequency === undefined)
    refuse(`found FREQ=${quote(parts.get('FREQ') ?? '')}, accepted are ${frequencies.join(', ')}`);
  if (parts.has('COUNT') && parts.has('UNTIL')) invalid('COUNT beside UNTIL');
  const until = parts.get('UNTIL');
  const rule: IcalRule = {
    frequency,
    interval: whole(parts, 'INTERVAL', 1, 1_000),
    count: whole(parts, 'COUNT', Number.POSITIVE_INFINITY, 100_000),
    untilDay: until === undefined ? lastDay : Math.min(lastDay, Math.floor(readIcalTime(until).clockMs / dayMs)),
    weekStart: weekdayNames.indexOf(parts.get('WKST') ?? 'MO'),
    months: numbers(parts, 'BYMONTH', 1, 12),
    monthDays: numbers(parts, 'BYMONTHDAY', -31, 31),
    weekdays: weekdaysOf(parts.get('BYDAY'), frequency),
  };
  const known = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYMONTH', 'BYMONTHDAY', 'BYDAY'];
  const odd = [...parts.keys()].find(key => !known.includes(key));
  if (odd !== undefined) invalid(odd);
  if (rule.weekStart < 0) invalid(`WKST=${parts.get('WKST')}`);
  return start === undefined ? rule : complete(rule, civilOf(Math.floor(start.clockMs / dayMs)), start);
}

function invalid(part: string): never {
  throw new IcalRefusal('ICAL_INVALID', `${quote(part)} cannot be in a rule of repetition`);
}

function refuse(message: string): never {
  throw new IcalRefusal('ICAL_UNSUPPORTED', message);
}

function whole(parts: ReadonlyMap<string, string>, key: string, absent: number, max: number): number {
  const text = parts.get(key);
  if (text === undefined) return absent;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) invalid(`${key}=${text}`);
  return value;
}

function numbers(
  parts: ReadonlyMap<string, string>,
  key: string,
  min: number,
  max: number,
): ReadonlySet<number> | null {
  const text = parts.get(key);
  if (text === undefined) return null;
  const values = text.split(',', 400).map(each => (/^[+-]?\d{1,2}$/.test(each) ? Number(each) : 0));
  if (values.some(value => value === 0 || value < min || value > max)) invalid(`${key}=${text}`);
  return new Set(values);
}

function weekdaysOf(text: string | undefined, frequency: IcalRule['frequency']): IcalRule['weekdays'] {
  if (text === undefined) return null;
  return text.split(',', 400).map(each => {
    const [, position, name] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(each) ?? [];
    const weekday = weekdayNames.indexOf(name ?? '');
    if (weekday < 0) invalid(`BYDAY=${text}`);
    const hasPlace = frequency === 'MONTHLY' || frequency === 'YEARLY';
    if (position !== undefined && (!hasPlace || Number(position) === 0)) invalid(`BYDAY=${text}`);
    return { weekday, position: Number(position ?? 0) };
  });
}

/** What the rule leaves out is as in the first event: its weekday, its day of the month, its month. */
function complete(rule: IcalRule, first: CivilDate, start: IcalTime): IcalRule {
  const isOpen = rule.weekdays === null && rule.monthDays === null;
  switch (rule.frequency) {
    case 'DAILY':
      return rule;
    case 'WEEKLY':
      if (rule.weekdays !== null) return rule;
      return { ...rule, weekdays: [{ weekday: weekdayOf(Math.floor(start.clockMs / dayMs)), position: 0 }] };
    case 'MONTHLY':
      return isOpen ? { ...rule, monthDays: new Set([first.dayOfMonth]) } : rule;
    case 'YEARLY':
      return isOpen
        ? { ...rule, monthDays: new Set([first.dayOfMonth]), months: rule.months ?? new Set([first.month]) }
        : rule;
  }
}

/**
 * The days of an event that begins on `startDay`, which is the first of them whatever the rule says, in order.
 *
 * @param spend called once a step of the walk; it throws when there have been too many
 */
export function* daysOfRule(rule: IcalRule, startDay: number, spend: () => void): Generator<number> {
  if (rule.untilDay < startDay) return;
  yield startDay;
  const start = civilOf(startDay);
  let count = 1;
  let day = startDay + 1;
  while (day <= rule.untilDay && count < rule.count) {
    spend();
    const parts = civilOf(day);
    const later = nextPeriod(rule, day, parts, startDay, start);
    if (later !== null) day = later;
    else {
      if (isChosen(rule, day, parts)) {
        count += 1;
        yield day;
      }
      day += 1;
    }
  }
}

/** The first day after a month, week or year in which the rule has nothing; null when `day` is not in such a one. */
function nextPeriod(rule: IcalRule, day: number, parts: CivilDate, startDay: number, start: CivilDate): number | null {
  const { frequency, interval, months } = rule;
  const nextMonth = (): number => dayNumber(parts.year, parts.month, daysInMonth(parts.year, parts.month) + 1);
  if (frequency === 'YEARLY' && (parts.year - start.year) % interval !== 0) return firstDayOf(parts.year + 1);
  if (frequency === 'MONTHLY' && ((parts.year - start.year) * 12 + parts.month - start.month) % interval !== 0)
    return nextMonth();
  if (frequency === 'WEEKLY') {
    const weekOf = (each: number): number => each - ((weekdayOf(each) - rule.weekStart + 7) % 7);
    if (((weekOf(day) - weekOf(startDay)) / 7) % interval !== 0) return weekOf(day) + 7;
  }
  if (months !== null && !months.has(parts.month)) return nextMonth();
  const offset = (day - startDay) % interval;
  return frequency === 'DAILY' && offset !== 0 ? day + interval - offset : null;
}

function isChosen(rule: IcalRule, day: number, { year, month, dayOfMonth: ofMonth }: CivilDate): boolean {
  const days = daysInMonth(year, month);
  const { monthDays, weekdays } = rule;
  if (monthDays !== null && !monthDays.has(ofMonth) && !monthDays.has(ofMonth - days - 1)) return false;
  if (weekdays === null) return true;
  // Positions count in the month, or in the year when a yearly rule names no months.
  const isOfYear = rule.frequency === 'YEARLY' && rule.months === null;
  const place = isOfYear ? day - firstDayOf(year) : ofMonth - 1;
  const length = isOfYear ? firstDayOf(year + 1) - firstDayOf(year) : days;
  const fromStart = Math.floor(place / 7) + 1;
  const fromEnd = -Math.floor((length - 1 - place) / 7) - 1;
  return weekdays.some(
    ({ weekday, position }) =>
      weekday === weekdayOf(day) && (position === 0 || position === fromStart || position === fromEnd),
  );
}
