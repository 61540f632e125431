// Days, months and weeks of the years 1970 to 3000, in numbers: days count from 1970-01-01 as 0.

import { dayNumber, weekdayOf } from '../civil.js';

export const yearMin = 1970;
export const yearMax = 3000;

/** Days before each month of a common year and of a leap year; the thirteenth is the length of the year. */
const daysBefore: readonly (readonly number[])[] = [
  [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
  [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
];

/** The first day of each year from 1970 to 3001. */
const firstDays = Int32Array.from({ length: yearMax + 2 - yearMin }, (_, index) => {
  return dayNumber(yearMin + index, 1, 1);
});

export function firstDayOf(year: number): number {
  return firstDays[year - yearMin]!;
}

/** The year a day from 1970-01-01 to 3000-12-31 lies in. */
export function yearOf(day: number): number {
  const guess = Math.min(Math.floor(day / 365.2425), yearMax - yearMin);
  if (firstDays[guess]! > day) return yearMin + guess - 1;
  return yearMin + (firstDays[guess + 1]! <= day ? guess + 1 : guess);
}

function isLeap(year: number): boolean {
  return firstDays[year + 1 - yearMin]! - firstDays[year - yearMin]! === 366;
}

/** Weeks begin with Sunday; the one of 1970-01-01 is 0. */
export function weekIndexOf(day: number): number {
  return Math.floor((day + 4) / 7);
}

export function firstDayOfWeek(week: number): number {
  return week * 7 - 4;
}

/** The months since January 1970. */
export function monthIndexOf(day: number): number {
  const year = yearOf(day);
  const before = daysBefore[isLeap(year) ? 1 : 0]!;
  const dayOfYear = day - firstDayOf(year);
  let month = 0;
  while (before[month + 1]! <= dayOfYear) month += 1;
  return (year - yearMin) * 12 + month;
}

/** The first day of a month counted from January 1970, up to the one after December 3000; Infinity beyond. */
export function firstDayOfMonth(index: number): number {
  const year = yearMin + Math.floor(index / 12);
  if (year > yearMax) return year === yearMax + 1 && index % 12 === 0 ? firstDayOf(year) : Number.POSITIVE_INFINITY;
  return firstDayOf(year) + daysBefore[isLeap(year) ? 1 : 0]![index % 12]!;
}

/** The fourteen kinds of years: leap or not, by the weekday they begin with. Years of a kind have the same days. */
export const yearKinds = 14;

export function yearKindOf(year: number): number {
  return (isLeap(year) ? 7 : 0) + weekdayOf(firstDayOf(year));
}

/** What the columns ask of a day, in a year of a kind. */
export interface DayOfYear {
  /** 0 is the first of January. */
  readonly index: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly monthLength: number;
  readonly yearLength: number;
  /** 1 is Sunday. */
  readonly weekday: number;
  readonly weekOfMonth: number;
  readonly weekOfYear: number;
}

/** The days of a year of a kind, in order. */
export function* daysOfKind(kind: number): Generator<DayOfYear> {
  const before = daysBefore[kind >= 7 ? 1 : 0]!;
  const first = kind % 7;
  const yearLength = before[12]!;
  for (let month = 0; month < 12; month += 1) {
    const monthLength = before[month + 1]! - before[month]!;
    const firstOfMonth = (first + before[month]!) % 7;
    for (let dayOfMonth = 1; dayOfMonth <= monthLength; dayOfMonth += 1) {
      const index = before[month]! + dayOfMonth - 1;
      const weekday = ((first + index) % 7) + 1;
      // The week that holds the first of January is the first of its year, from its Sunday in December on.
      const isOfNextYear = yearLength - index + weekday - 1 <= 6;
      yield {
        index,
        month,
        dayOfMonth,
        monthLength,
        yearLength,
        weekday,
        weekOfMonth: Math.floor((dayOfMonth - 1 + firstOfMonth) / 7) + 1,
        weekOfYear: isOfNextYear ? 1 : Math.floor((index + first) / 7) + 1,
      };
    }
  }
}
