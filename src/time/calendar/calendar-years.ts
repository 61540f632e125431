// The years that calendars have.

import { dayNumber } from '../civil.js';

/** The first and the last year of every calendar: nothing changes outside, and there are no business days. */
export const yearMin = 1_900;
export const yearMax = 3_000;

export function firstDayOf(year: number): number {
  return dayNumber(year, 1, 1);
}
