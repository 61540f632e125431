// The level of the day: years by the year column, days by the masks, and what is asked day by day: `+n`, `b` and `h`.

import type { BusinessInterval } from '../business-interval.js';
import { dayMs } from '../civil.js';
import type { Column, Mark } from './ast.js';
import { DAY_OF_MONTH, DAY_OF_WEEK, DAY_OF_YEAR, MONTH, WEEK_OF_MONTH, WEEK_OF_YEAR, YEAR } from './columns.js';
import { DayMasks, nextBit, previousBit } from './day-masks.js';
import { type Level, type Search, spend } from './search.js';
import { nextMultiple, previousMultiple } from './time-levels.js';
import {
  firstDayOf,
  firstDayOfMonth,
  firstDayOfWeek,
  monthIndexOf,
  weekIndexOf,
  yearMax,
  yearMin,
  yearOf,
} from './year-days.js';

export class DayLevel implements Level {
  readonly unitMs = dayMs;
  readonly #masks: DayMasks;
  /** By year from 1970; null admits all. */
  readonly #years: Uint8Array | null;
  readonly #plus: readonly PlusDays[];
  readonly #marks: readonly Mark[];
  readonly #businessInterval: BusinessInterval | null;
  /** Nothing is asked day by day. */
  readonly #isPlain: boolean;

  constructor(columns: readonly Column[], businessInterval: BusinessInterval | null) {
    this.#masks = new DayMasks(columns, businessInterval);
    this.#years = admittedYears(columns[YEAR]!);
    this.#businessInterval = businessInterval;
    const ofDays = [DAY_OF_MONTH, MONTH, DAY_OF_WEEK, DAY_OF_YEAR, WEEK_OF_MONTH, WEEK_OF_YEAR, YEAR];
    this.#plus = ofDays.flatMap(column => {
      const content = columns[column]!;
      return content.kind === 'plus' ? [{ ...units[column]!, count: content.count }] : [];
    });
    this.#marks = ofDays.flatMap(column => {
      const content = columns[column]!;
      return content.kind === 'mark' ? [content.mark] : [];
    });
    this.#isPlain = this.#plus.length === 0 && this.#marks.length === 0;
  }

  next(from: number, search: Search): number {
    let day = Math.max(from, search.firstDay);
    while (day <= search.lastDay) {
      const year = yearOf(day);
      const mask = this.hasYear(year) ? this.#masks.ofYear(year) : null;
      const bit = mask === null ? -1 : nextBit(mask, day - firstDayOf(year));
      if (bit < 0) {
        day = firstDayOf(year + 1);
        continue;
      }
      const found = firstDayOf(year) + bit;
      const asked = this.#nextAsked(found, search);
      if (asked === found) return found <= search.lastDay ? found : Number.POSITIVE_INFINITY;
      if (spend(search, found * dayMs)) break;
      day = asked;
    }
    return Number.POSITIVE_INFINITY;
  }

  previous(from: number, search: Search): number {
    let day = Math.min(from, search.lastDay);
    while (day >= search.firstDay) {
      const year = yearOf(day);
      const mask = this.hasYear(year) ? this.#masks.ofYear(year) : null;
      const bit = mask === null ? -1 : previousBit(mask, day - firstDayOf(year));
      if (bit < 0) {
        day = firstDayOf(year) - 1;
        continue;
      }
      const found = firstDayOf(year) + bit;
      const asked = this.#previousAsked(found, search);
      if (asked === found) return found >= search.firstDay ? found : Number.NEGATIVE_INFINITY;
      if (spend(search, found * dayMs)) break;
      day = asked;
    }
    return Number.NEGATIVE_INFINITY;
  }

  /** Does the year column admit this year? */
  hasYear(year: number): boolean {
    return this.#years === null || this.#years[year - yearMin] === 1;
  }

  /** The day itself when all that is asked day by day is so; else a later one before which nothing is. */
  #nextAsked(day: number, search: Search): number {
    if (this.#isPlain) return day;
    if (!this.#areMarks(day)) return day + 1;
    let found = day;
    for (const { indexOf, firstOf, count } of this.#plus) {
      const index = indexOf(found);
      const next = nextMultiple(index, indexOf(referenceDay(search)), count, search.side);
      if (next !== index) found = firstOf(next);
    }
    return found;
  }

  #previousAsked(day: number, search: Search): number {
    if (this.#isPlain) return day;
    if (!this.#areMarks(day)) return day - 1;
    let found = day;
    for (const { indexOf, firstOf, count } of this.#plus) {
      const index = indexOf(found);
      const previous = previousMultiple(index, indexOf(referenceDay(search)), count, search.side);
      if (previous !== index) found = previous < 0 ? Number.NEGATIVE_INFINITY : firstOf(previous + 1) - 1;
    }
    return found;
  }

  #areMarks(day: number): boolean {
    return this.#marks.every(mark => this.#businessInterval!.isBusinessDay(day) === (mark === 'b'));
  }
}

function admittedYears(column: Column): Uint8Array | null {
  if (column.kind !== 'values') return null;
  const years = new Uint8Array(yearMax - yearMin + 1);
  for (const item of column.items) {
    if (item.kind !== 'range') continue;
    for (let year = item.from; year <= item.to; year += item.step) years[year - yearMin] = 1;
  }
  return years;
}

/** `+n` in a column of days: which unit it counts. */
interface Unit {
  /** The index of the unit a day lies in. */
  readonly indexOf: (day: number) => number;
  /** The first day of the unit with an index, Infinity beyond the year 3000. */
  readonly firstOf: (index: number) => number;
}

interface PlusDays extends Unit {
  readonly count: number;
}

const days: Unit = { indexOf: day => day, firstOf: index => index };
const weeks: Unit = { indexOf: weekIndexOf, firstOf: firstDayOfWeek };
const months: Unit = { indexOf: monthIndexOf, firstOf: firstDayOfMonth };
const years: Unit = {
  indexOf: yearOf,
  firstOf: year => (year > yearMax + 1 ? Infinity : year < yearMin ? -Infinity : firstDayOf(year)),
};

const units: Readonly<Record<number, Unit>> = {
  [DAY_OF_MONTH]: days,
  [MONTH]: months,
  [DAY_OF_WEEK]: days,
  [DAY_OF_YEAR]: days,
  [WEEK_OF_MONTH]: weeks,
  [WEEK_OF_YEAR]: weeks,
  [YEAR]: years,
};

/** A reference before 1970 or after 3000 counts from there. */
function referenceDay({ referenceMs }: Search): number {
  return Math.min(Math.max(Math.floor(referenceMs / dayMs), firstDayOf(yearMin)), firstDayOf(yearMax + 1) - 1);
}
