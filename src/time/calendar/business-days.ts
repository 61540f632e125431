// The days of a compiled calendar, a year at a time and when asked for: one word a month, a bit a day.
//
// Holidays of countries cost up to 0.2 s a year (the Chinese lunar calendar), rules cost 0.1 ms. So questions are first put
// to the calendar without its excluded holidays, which has as many business days or more: when it has too few (a 24th
// business day in a five-day week, searched for a hundred years), holidays are not looked up at all.

import { civilOf, dayMs, dayNumber, daysInMonth } from '../civil.js';
import type { Zone } from '../zone.js';
import { firstDayOf, yearMax, yearMin } from './calendar-years.js';
import { append, type Spans, subtract } from './spans.js';

/** The spans from one day of a zone to another (the last is out), in milliseconds of its clocks. */
export type Evaluate = (firstDay: number, endDay: number) => Spans;

/** Words by month, bit 0 for its first day. */
interface Year {
  readonly business: Uint32Array;
  /** A day that the zone skipped (Samoa, 30 December 2011) is in neither. */
  readonly holidays: Uint32Array;
}

/** At most 400 bytes a year, 1,101 years. */
export class BusinessDays {
  readonly #zone: Zone;
  readonly #evaluate: Evaluate;
  readonly #atMost: BusinessDays | null;
  readonly #years: (Year | undefined)[] = [];

  /** @param atMost a calendar that has every business day of this one and costs less; null when there is none */
  constructor(zone: Zone, evaluate: Evaluate, atMost: BusinessDays | null) {
    this.#zone = zone;
    this.#evaluate = evaluate;
    this.#atMost = atMost;
  }

  includes(day: number): boolean {
    const { year, month, dayOfMonth } = civilOf(day);
    if (!isYear(year)) return false;
    const isKnown = this.#years[year - yearMin] !== undefined;
    if (!isKnown && this.#atMost !== null && !this.#atMost.includes(day)) return false;
    return ((this.#year(year).business[month - 1]! >>> (dayOfMonth - 1)) & 1) === 1;
  }

  nthBusiness(year: number, month: number, n: number): number | undefined {
    if (!isYear(year)) return undefined;
    const isKnown = this.#years[year - yearMin] !== undefined;
    if (!isKnown && this.#atMost !== null && this.#atMost.nthBusiness(year, month, n) === undefined) return undefined;
    return nthDay(this.#year(year).business, year, month, n);
  }

  nthHoliday(year: number, month: number, n: number): number | undefined {
    return isYear(year) ? nthDay(this.#year(year).holidays, year, month, n) : undefined;
  }

  #year(year: number): Year {
    const known = this.#years[year - yearMin];
    if (known !== undefined) return known;
    const firstDay = firstDayOf(year);
    const endDay = firstDayOf(year + 1);
    const gaps = gapsOf(this.#zone, firstDay, endDay);
    const business = markDays(subtract(this.#evaluate(firstDay, endDay), gaps), firstDay, endDay, 'touched');
    const skipped = markDays(gaps, firstDay, endDay, 'covered');
    const holidays = business.map((word, month) => ~(word | skipped[month]!) & allDays(year, month + 1));
    const made = { business, holidays };
    this.#years[year - yearMin] = made;
    return made;
  }
}

function isYear(year: number): boolean {
  return Number.isInteger(year) && year >= yearMin && year <= yearMax;
}

/** What the clocks skip when they are put forward, near some days. They are less than two days from UTC. */
function gapsOf(zone: Zone, firstDay: number, endDay: number): Spans {
  const gaps: number[] = [];
  const untilMs = (endDay + 2) * dayMs;
  for (let at = zone.nextChange((firstDay - 2) * dayMs); at !== undefined && at < untilMs; at = zone.nextChange(at))
    append(gaps, zone.localOf(at - 1) + 1, zone.localOf(at));
  return gaps;
}

/** A word a month of one year: the days that spans touch, or cover from midnight to midnight. */
function markDays(spans: Spans, firstDay: number, endDay: number, mark: 'touched' | 'covered'): Uint32Array {
  const words = new Uint32Array(12);
  let marked = firstDay - 1;
  for (let place = 0; place < spans.length; place += 2) {
    const [start, end] = [spans[place]! / dayMs, spans[place + 1]! / dayMs];
    const first = Math.max(mark === 'touched' ? Math.floor(start) : Math.ceil(start), marked + 1);
    const last = Math.min(mark === 'touched' ? Math.ceil(end) : Math.floor(end), endDay);
    for (let day = first; day < last; day += 1) {
      const { month, dayOfMonth } = civilOf(day);
      words[month - 1]! |= 1 << (dayOfMonth - 1);
      marked = day;
    }
  }
  return words;
}

function allDays(year: number, month: number): number {
  return 2 ** daysInMonth(year, month) - 1;
}

/** The n-th day of a month whose bit is set, from the end when `n` is negative. */
function nthDay(words: Uint32Array, year: number, month: number, n: number): number | undefined {
  let word = words[month - 1];
  if (word === undefined || n === 0) return undefined;
  for (let left = Math.abs(n); word !== 0; left -= 1) {
    // The lowest or the highest bit that is set.
    const bit: number = n > 0 ? 31 - Math.clz32(word & -word) : 31 - Math.clz32(word);
    if (left === 1) return dayNumber(year, month, bit + 1);
    word = (word & ~(1 << bit)) >>> 0;
  }
  return undefined;
}
