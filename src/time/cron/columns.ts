// The eleven columns of a cron-style expression, left to right: what their numbers mean and what they are called.

import { monthNames, weekdayNames } from '../names.js';

/** Index of each column. */
export const MILLISECOND = 0;
export const SECOND = 1;
export const MINUTE = 2;
export const HOUR = 3;
export const DAY_OF_MONTH = 4;
export const MONTH = 5;
export const DAY_OF_WEEK = 6;
export const DAY_OF_YEAR = 7;
export const WEEK_OF_MONTH = 8;
export const WEEK_OF_YEAR = 9;
export const YEAR = 10;

export const columnCount = 11;

export interface ColumnDefinition {
  /** As errors call it. */
  readonly name: string;
  /** One of its values, with an article. */
  readonly value: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on, in lower case. */
  readonly names: readonly string[];
  /** Highest position of a weekday, or 0 where `2fri` cannot stand. */
  readonly positionMax: number;
  /** Whether ranges may go on over the end: `sat-sun`, `nov-feb`. Their order is a circle to everybody. */
  readonly isCircle: boolean;
  /** What `b` and `h` alone ask for: of the instant, of its day, or nothing. */
  readonly mark: 'instant' | 'day' | null;
}

const plain = { names: [], positionMax: 0, isCircle: false } as const;

export const columns: readonly ColumnDefinition[] = [
  { ...plain, name: 'milliseconds', value: 'a millisecond', min: 0, max: 999, mark: 'instant' },
  { ...plain, name: 'seconds', value: 'a second', min: 0, max: 59, mark: 'instant' },
  { ...plain, name: 'minutes', value: 'a minute', min: 0, max: 59, mark: 'instant' },
  { ...plain, name: 'hours', value: 'an hour', min: 0, max: 23, mark: 'instant' },
  { ...plain, name: 'day of month', value: 'a day', min: 1, max: 31, positionMax: 6, mark: 'day' },
  { ...plain, name: 'month', value: 'a month', min: 0, max: 11, names: monthNames, isCircle: true, mark: null },
  {
    ...plain,
    name: 'day of week',
    value: 'a weekday',
    min: 1,
    max: 7,
    names: weekdayNames,
    isCircle: true,
    mark: 'day',
  },
  { ...plain, name: 'day of year', value: 'a day', min: 1, max: 366, positionMax: 53, mark: 'day' },
  { ...plain, name: 'week of month', value: 'a week', min: 1, max: 6, mark: null },
  { ...plain, name: 'week of year', value: 'a week', min: 1, max: 53, mark: null },
  { ...plain, name: 'year', value: 'a year', min: 1970, max: 3000, mark: null },
];
