// Dates of the Gregorian calendar as integers: days counted from 1970-01-01 as 0, months from 1. What clocks show is a
// number of milliseconds since 1970-01-01T00:00 on these clocks ("local milliseconds"); no zone here.

export const dayMs = 86_400_000;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly dayOfMonth: number;
}

/** The day of local milliseconds. */
export function dayOf(localMs: number): number {
  return Math.floor(localMs / dayMs);
}

/** Milliseconds since midnight of local milliseconds. */
export function timeOfDayOf(localMs: number): number {
  return localMs - dayOf(localMs) * dayMs;
}

/** 0 is Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** The day of a date; a month before 1 or after 12 is one of another year, a day outside the month one of another month. */
export function dayNumber(year: number, month: number, dayOfMonth: number): number {
  const months = year * 12 + month - 1;
  // Years that begin in March, in cycles of 400: the leap day is the last of a year.
  const shifted = months - 2;
  const marchYear = Math.floor(shifted / 12);
  const marchMonth = shifted - marchYear * 12;
  const cycle = Math.floor(marchYear / 400);
  const yearOfCycle = marchYear - cycle * 400;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + dayOfMonth - 1;
  const leapDays = Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100);
  return cycle * 146_097 + yearOfCycle * 365 + leapDays + dayOfYear - 719_468;
}

export function civilOf(day: number): CivilDate {
  const shifted = day + 719_468;
  const cycle = Math.floor(shifted / 146_097);
  const dayOfCycle = shifted - cycle * 146_097;
  const yearOfCycle = Math.floor(
    (dayOfCycle - Math.floor(dayOfCycle / 1_460) + Math.floor(dayOfCycle / 36_524) - Math.floor(dayOfCycle / 146_096)) /
      365,
  );
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** A day of a month counted from year 0, twelve a year; the last of the month when it has fewer. */
export function dayWithin(monthNumber: number, dayOfMonth: number): number {
  const year = Math.floor(monthNumber / 12);
  const month = monthNumber - year * 12 + 1;
  return dayNumber(year, month, Math.min(dayOfMonth, daysInMonth(year, month)));
}

/** The month a day is in, counted from year 0, twelve a year. */
export function monthNumberOf(day: number): number {
  const { year, month } = civilOf(day);
  return year * 12 + month - 1;
}

/** `2020-04-30T08:00:00`, with milliseconds where there are any: local milliseconds as people and messages read them. */
export function localText(localMs: number): string {
  return new Date(localMs).toISOString().replace(/(\.000)?Z$/, '');
}
