// Days of a kind, looked for one by one. An expression has a budget of days, so that a calendar without business days, or
// a long expression, ends soon.

import type { BusinessInterval } from '../business-interval.js';
import { dayNumber, daysInMonth, weekdayOf } from '../civil.js';
import type { DayKind } from './ast.js';

/** Days looked at by one application of an expression, at most: some hundred years of one search. */
const daysMax = 100_000;

export class DaySearch {
  #left = daysMax;

  constructor(readonly businessInterval: BusinessInterval | undefined) {}

  matches(days: DayKind, day: number): boolean {
    switch (days) {
      case 'day':
        return true;
      case 'weekday':
        return weekdayOf(day) % 6 !== 0;
      case 'weekend day':
        return weekdayOf(day) % 6 === 0;
      case 'business day':
        return this.#businessDays().isBusinessDay(day);
      case 'holiday':
        return !this.#businessDays().isBusinessDay(day);
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        return weekdayOf(day) === days;
    }
  }

  /**
   * The `count`-th such day after `from` (before it when negative), `from` counted when `includingNow`; or, as `searched`,
   * where the search was given up.
   */
  nth(
    from: number,
    { days, count, includingNow }: { days: DayKind; count: number; includingNow: boolean },
  ): { readonly day: number } | { readonly searched: number } {
    const step = Math.sign(count);
    let left = Math.abs(count);
    let day = from;
    if (includingNow && left > 0 && this.matches(days, day)) left -= 1;
    while (left > 0) {
      if (this.#left === 0) return { searched: day };
      this.#left -= 1;
      day += step;
      if (this.matches(days, day)) left -= 1;
    }
    return { day };
  }

  /** The n-th such day of a month (from the end when negative), or undefined when it has fewer. */
  nthOfMonth(year: number, month: number, { days, n }: { days: DayKind; n: number }): number | undefined {
    const first = dayNumber(year, month, 1);
    const last = first + daysInMonth(year, month) - 1;
    let left = Math.abs(n);
    for (let day = n > 0 ? first : last; day >= first && day <= last; day += Math.sign(n)) {
      if (this.matches(days, day)) left -= 1;
      if (left === 0) return day;
    }
    return undefined;
  }

  #businessDays(): BusinessInterval {
    if (this.businessInterval === undefined) throw new Error('business days were not checked for when it was compiled');
    return this.businessInterval;
  }
}
