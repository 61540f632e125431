// The local times of a crontab expression, without a zone: the next and the previous one, month by month.

import { civilOf, dayMs, dayOf, daysInMonth, dayWithin, weekdayOf } from '../civil.js';
import type { Crontab, DaysOfMonth, DaysOfWeek } from './ast.js';

/** Months searched, counted from year 0: those of the years 1900 to 3000. */
const firstMonth = 1900 * 12;
const lastMonth = 3000 * 12 + 11;

/** All days of a month, as bits 1 to 31. */
const everyDay = 0xff_ff_ff_fe | 0;

export class LocalTimes {
  readonly #months: readonly boolean[];
  readonly #years: ReadonlySet<number> | null;
  readonly #dayBits: number;
  /** For each weekday on which a month may begin, the days on the weekdays asked for. */
  readonly #weekdayBits: readonly number[];
  /** Milliseconds since midnight are found column by column. */
  readonly #hours: readonly number[];
  readonly #minutes: readonly number[];
  readonly #seconds: readonly number[];
  readonly #daysOfMonth: DaysOfMonth | null;
  readonly #daysOfWeek: DaysOfWeek | null;
  readonly #firstTime: number;
  readonly #lastTime: number;
  /** Asked about again and again: the bits of the month that was looked at last. */
  #month = Number.NaN;
  #monthBits = 0;

  constructor(crontab: Crontab) {
    this.#months = Array.from({ length: 12 }, (_, index) => crontab.months?.includes(index + 1) ?? true);
    this.#years = crontab.years === null ? null : new Set(crontab.years);
    this.#daysOfMonth = crontab.daysOfMonth;
    this.#daysOfWeek = crontab.daysOfWeek;
    this.#dayBits = bitsOf(crontab.daysOfMonth?.days ?? []);
    this.#weekdayBits = Array.from({ length: 7 }, (_, first) =>
      bitsOf(daysWhere(day => crontab.daysOfWeek?.weekdays.includes((first + day - 1) % 7) ?? false)),
    );
    this.#hours = crontab.hours;
    this.#minutes = crontab.minutes;
    this.#seconds = crontab.seconds;
    this.#firstTime = timeOf(crontab.hours[0]!, crontab.minutes[0]!, crontab.seconds[0]!);
    this.#lastTime = timeOf(crontab.hours.at(-1)!, crontab.minutes.at(-1)!, crontab.seconds.at(-1)!);
  }

  /** The first local time after `localMs`, or undefined when there is none up to the year 3000. */
  next(localMs: number): number | undefined {
    const second = Math.floor(localMs / 1_000) + 1;
    const day = dayOf(second * 1_000);
    if (this.#matches(day)) {
      const time = this.#timeFrom(second - day * 86_400);
      if (time !== undefined) return day * dayMs + time * 1_000;
    }
    const found = this.#dayAfter(day);
    return found === undefined ? undefined : found * dayMs + this.#firstTime * 1_000;
  }

  /** The last local time before `localMs`, or undefined when there is none from the year 1900 on. */
  previous(localMs: number): number | undefined {
    const second = Math.ceil(localMs / 1_000) - 1;
    const day = dayOf(second * 1_000);
    if (this.#matches(day)) {
      const time = this.#timeUpTo(second - day * 86_400);
      if (time !== undefined) return day * dayMs + time * 1_000;
    }
    const found = this.#dayBefore(day);
    return found === undefined ? undefined : found * dayMs + this.#lastTime * 1_000;
  }

  /** The first time of day at or after a second of the day. */
  #timeFrom(secondOfDay: number): number | undefined {
    const hour = Math.floor(secondOfDay / 3_600);
    const minute = Math.floor(secondOfDay / 60) % 60;
    if (this.#hours.includes(hour)) {
      if (this.#minutes.includes(minute)) {
        const second = this.#seconds.find(each => each >= secondOfDay % 60);
        if (second !== undefined) return timeOf(hour, minute, second);
      }
      const later = this.#minutes.find(each => each > minute);
      if (later !== undefined) return timeOf(hour, later, this.#seconds[0]!);
    }
    const later = this.#hours.find(each => each > hour);
    return later === undefined ? undefined : timeOf(later, this.#minutes[0]!, this.#seconds[0]!);
  }

  /** The last time of day at or before a second of the day. */
  #timeUpTo(secondOfDay: number): number | undefined {
    const hour = Math.floor(secondOfDay / 3_600);
    const minute = Math.floor(secondOfDay / 60) % 60;
    if (this.#hours.includes(hour)) {
      if (this.#minutes.includes(minute)) {
        const second = this.#seconds.findLast(each => each <= secondOfDay % 60);
        if (second !== undefined) return timeOf(hour, minute, second);
      }
      const earlier = this.#minutes.findLast(each => each < minute);
      if (earlier !== undefined) return timeOf(hour, earlier, this.#seconds.at(-1)!);
    }
    const earlier = this.#hours.findLast(each => each < hour);
    return earlier === undefined ? undefined : timeOf(earlier, this.#minutes.at(-1)!, this.#seconds.at(-1)!);
  }

  #matches(day: number): boolean {
    const { year, month, dayOfMonth } = civilOf(day);
    return (this.#bitsOfMonth(year * 12 + month - 1) & (1 << dayOfMonth)) !== 0;
  }

  #dayAfter(day: number): number | undefined {
    const { year, month, dayOfMonth } = civilOf(day);
    const own = year * 12 + month - 1;
    // Shifting by 32 would shift by none.
    let bits = dayOfMonth === 31 ? 0 : this.#bitsOfMonth(own) & (-1 << (dayOfMonth + 1));
    for (let monthNumber = own; ; bits = this.#bitsOfMonth(monthNumber)) {
      if (bits !== 0) return dayWithin(monthNumber, 1) + 30 - Math.clz32(bits & -bits);
      monthNumber = Math.max(monthNumber + 1, firstMonth);
      if (monthNumber > lastMonth) return undefined;
    }
  }

  #dayBefore(day: number): number | undefined {
    const { year, month, dayOfMonth } = civilOf(day);
    const own = year * 12 + month - 1;
    let bits = this.#bitsOfMonth(own) & ~(-1 << dayOfMonth);
    for (let monthNumber = own; ; bits = this.#bitsOfMonth(monthNumber)) {
      if (bits !== 0) return dayWithin(monthNumber, 1) + 30 - Math.clz32(bits);
      monthNumber = Math.min(monthNumber - 1, lastMonth);
      if (monthNumber < firstMonth) return undefined;
    }
  }

  /** The days of a month, counted from year 0, that match. */
  #bitsOfMonth(monthNumber: number): number {
    if (monthNumber === this.#month) return this.#monthBits;
    const year = Math.floor(monthNumber / 12);
    const isAsked =
      monthNumber >= firstMonth &&
      monthNumber <= lastMonth &&
      this.#months[monthNumber - year * 12]! &&
      (this.#years === null || this.#years.has(year));
    this.#month = monthNumber;
    this.#monthBits = isAsked ? this.#daysOf(monthNumber) : 0;
    return this.#monthBits;
  }

  #daysOf(monthNumber: number): number {
    const year = Math.floor(monthNumber / 12);
    const length = daysInMonth(year, monthNumber - year * 12 + 1);
    const firstWeekday = weekdayOf(dayWithin(monthNumber, 1));
    const within = length === 31 ? everyDay : ~(-1 << (length + 1)) & everyDay;
    if (this.#daysOfMonth === null && this.#daysOfWeek === null) return within;
    let bits = 0;
    // Of two columns of days that both say something, one is enough: that is how crontab has it.
    if (this.#daysOfMonth !== null) bits |= this.#dayBits | bitsFromEnd(this.#daysOfMonth, length, firstWeekday);
    if (this.#daysOfWeek !== null)
      bits |= this.#weekdayBits[firstWeekday]! | bitsOfNth(this.#daysOfWeek, length, firstWeekday);
    return bits & within;
  }
}

function bitsFromEnd(
  { beforeLast, nearest, nearestBeforeLast }: DaysOfMonth,
  length: number,
  firstWeekday: number,
): number {
  const lastDays = beforeLast.map(before => length - before);
  const weekdays = [...nearest, ...nearestBeforeLast.map(before => length - before)]
    .filter(day => day >= 1 && day <= length)
    .map(day => nearestWeekday(day, length, (firstWeekday + day - 1) % 7));
  return bitsOf([...lastDays, ...weekdays].filter(day => day >= 1));
}

/** The nearest day from Monday to Friday that is in the same month. */
function nearestWeekday(day: number, length: number, weekday: number): number {
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === length ? day - 2 : day + 1;
  return day;
}

function bitsOfNth({ nth }: DaysOfWeek, length: number, firstWeekday: number): number {
  return bitsOf(
    nth.flatMap(({ weekday, n }) => {
      const first = 1 + ((weekday - firstWeekday + 7) % 7);
      const day = n > 0 ? first + 7 * (n - 1) : first + 7 * Math.floor((length - first) / 7);
      return day <= length ? [day] : [];
    }),
  );
}

function bitsOf(days: readonly number[]): number {
  return days.reduce((bits, day) => bits | (1 << day), 0);
}

function daysWhere(matches: (day: number) => boolean): readonly number[] {
  return Array.from({ length: 31 }, (_, index) => index + 1).filter(matches);
}

/** Seconds since midnight. */
function timeOf(hour: number, minute: number, second: number): number {
  return hour * 3_600 + minute * 60 + second;
}
