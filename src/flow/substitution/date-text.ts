// Dates as text, in the patterns that the original had, in English.

import { civilOf, dayOf, timeOfDayOf, weekdayOf } from '../../time/civil.js';
import { monthWord, weekdayWord } from '../../time/words.js';
import type { DatePart, DatePattern } from './ast.js';

/** Newspapers' short forms, as the original's `Thurs`. */
const shortWeekdays = ['Sun', 'Mon', 'Tues', 'Wed', 'Thurs', 'Fri', 'Sat'];

/** What clocks show at `localMs` (milliseconds since 1970-01-01T00:00 on these clocks), in a format. */
export function dateText(format: readonly DatePart[], localMs: number): string {
  return format.map(part => (part.kind === 'text' ? part.text : partText(part.pattern, localMs))).join('');
}

function partText(pattern: DatePattern, localMs: number): string {
  const day = dayOf(localMs);
  const { year, month, dayOfMonth } = civilOf(day);
  const seconds = Math.floor(timeOfDayOf(localMs) / 1_000);
  switch (pattern) {
    case 'yyyy':
      return padded(year, 4);
    case 'yy':
      return padded(year % 100, 2);
    case 'MMMM':
      return monthWord(month);
    case 'MMM':
      return monthWord(month).slice(0, 3);
    case 'MM':
      return padded(month, 2);
    case 'M':
      return String(month);
    case 'dd':
      return padded(dayOfMonth, 2);
    case 'd':
      return String(dayOfMonth);
    case 'DD':
      return weekdayWord(weekdayOf(day));
    case 'D':
      return shortWeekdays[weekdayOf(day)]!;
    case 'HH':
      return padded(Math.floor(seconds / 3_600), 2);
    case 'H':
      return String(Math.floor(seconds / 3_600));
    case 'mm':
      return padded(Math.floor(seconds / 60) % 60, 2);
    case 'm':
      return String(Math.floor(seconds / 60) % 60);
    case 'ss':
      return padded(seconds % 60, 2);
    case 's':
      return String(seconds % 60);
  }
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
