// A compiled calendar: what the spans on a zone's clocks are as instants and as days, a year at a time and when asked for.
//
// Business is done whenever the clocks show a time within a span. So an hour that the clocks skip in spring has none, and
// one they show twice in autumn has it twice; spans are never moved or stretched.
//
// A year is one evaluation of the rules: its changes as sorted instants (found by halving) and its days as one word a month
// (a bit a day), 0.1 ms and 8 kB for working hours. Years asked for are kept, until they have more than a million changes
// together (8 MB): then all are forgotten, which only costs their evaluation again.

import type { BusinessInterval } from '../business-interval.js';
import { civilOf, dayMs, dayNumber, daysInMonth } from '../civil.js';
import type { Zone } from '../zone.js';
import { firstDayOf, yearMax, yearMin } from './calendar-years.js';
import { append, countUpTo, type Spans, subtract } from './spans.js';

/** Years without a change after which the next is not looked for. 29 February is a Sunday once in 40 years, at the least. */
const searchYears = 40;
const edgesKeptMax = 1_000_000;
/** Clocks are less than this from UTC. */
const offsetDaysMax = 2;

/** A year of UTC for the instants, a year of the zone for the days. */
interface Year {
  /** Whether business was done a millisecond before the year. */
  readonly wasOpen: boolean;
  /** When that changes, sorted. */
  readonly edges: Float64Array;
  /** A word a month, bit 0 for its first day: business is done that day. */
  readonly business: Uint32Array;
  /** The same for the days without. A day that the zone skipped (Samoa, 30 December 2011) is in neither. */
  readonly holidays: Uint32Array;
}

export class Timeline implements BusinessInterval {
  readonly name: string;
  readonly #zone: Zone;
  readonly #evaluate: (firstDay: number, endDay: number) => Spans;
  #years: (Year | undefined)[] = [];
  #edgesKept = 0;

  /** @param evaluate the spans from one day of the zone to another (the last is out), in milliseconds of its clocks */
  constructor(name: string, zone: Zone, evaluate: (firstDay: number, endDay: number) => Spans) {
    this.name = name;
    this.#zone = zone;
    this.#evaluate = evaluate;
  }

  includes(atMs: number): boolean {
    const { wasOpen, edges } = this.#year(yearAt(atMs));
    return wasOpen !== (countUpTo(edges, atMs) % 2 === 1);
  }

  nextEdge(atMs: number): number | undefined {
    const first = yearAt(atMs);
    for (let year = first; year <= Math.min(first + searchYears, yearMax); year += 1) {
      const { edges } = this.#year(year);
      const place = countUpTo(edges, atMs);
      if (place < edges.length) return edges[place];
    }
    return undefined;
  }

  previousEdge(atMs: number): number | undefined {
    const last = yearAt(atMs);
    for (let year = last; year >= Math.max(last - searchYears, yearMin); year -= 1) {
      const { edges } = this.#year(year);
      const place = countUpTo(edges, atMs);
      if (place > 0) return edges[place - 1];
    }
    return undefined;
  }

  isBusinessDay(day: number): boolean {
    const parts = civilOf(day);
    if (!isYear(parts.year)) return false;
    return ((this.#year(parts.year).business[parts.month - 1]! >>> (parts.dayOfMonth - 1)) & 1) === 1;
  }

  nthBusinessDay(year: number, month: number, n: number): number | undefined {
    return isYear(year) ? nthDay(this.#year(year).business, year, month, n) : undefined;
  }

  nthHoliday(year: number, month: number, n: number): number | undefined {
    return isYear(year) ? nthDay(this.#year(year).holidays, year, month, n) : undefined;
  }

  #year(year: number): Year {
    const known = this.#years[year - yearMin];
    if (known !== undefined) return known;
    const made = this.#makeYear(year);
    this.#edgesKept += made.edges.length;
    if (this.#edgesKept > edgesKeptMax) {
      this.#years = [];
      this.#edgesKept = made.edges.length;
    }
    this.#years[year - yearMin] = made;
    return made;
  }

  #makeYear(year: number): Year {
    const firstDay = firstDayOf(year);
    const endDay = firstDayOf(year + 1);
    const spans = this.#evaluate(firstDay - offsetDaysMax, endDay + offsetDaysMax);
    // A millisecond before the year, so that a change at its very start is seen as one.
    const fromMs = firstDay * dayMs - 1;
    const open = instantsOf(spans, this.#zone, fromMs, endDay * dayMs);
    const edges = open.filter(edge => edge > fromMs && edge < endDay * dayMs);
    const gaps = gapsOf(this.#zone, (firstDay - offsetDaysMax) * dayMs, (endDay + offsetDaysMax) * dayMs);
    const business = markDays(subtract(spans, gaps), firstDay, endDay, 'touched');
    const skipped = markDays(gaps, firstDay, endDay, 'covered');
    const holidays = business.map((word, month) => ~(word | skipped[month]!) & allDays(year, month + 1));
    return { wasOpen: open[0] === fromMs, edges: Float64Array.from(edges), business, holidays };
  }
}

function isYear(year: number): boolean {
  return Number.isInteger(year) && year >= yearMin && year <= yearMax;
}

/** The year of UTC an instant is in; the first or the last for those outside, where nothing changes any more. */
function yearAt(atMs: number): number {
  const { year } = civilOf(Math.floor(atMs / dayMs));
  return year >= yearMin ? Math.min(year, yearMax) : yearMin;
}

/** The instants from one to another at which the clocks show a time within the spans, as spans. */
function instantsOf(spans: Spans, zone: Zone, fromMs: number, toMs: number): Spans {
  const open: number[] = [];
  for (let at = fromMs; at < toMs; ) {
    const until = Math.min(zone.nextChange(at) ?? toMs, toMs);
    const offset = zone.localOf(at) - at;
    // From the span that the clocks are in, or the next one.
    let place = countUpTo(spans, at + offset);
    place -= place % 2;
    for (; place < spans.length && spans[place]! < until + offset; place += 2)
      append(open, Math.max(spans[place]! - offset, at), Math.min(spans[place + 1]! - offset, until));
    at = until;
  }
  return open;
}

/** What the clocks skip when they are put forward, from one instant to another. */
function gapsOf(zone: Zone, fromMs: number, toMs: number): Spans {
  const gaps: number[] = [];
  for (let at = zone.nextChange(fromMs); at !== undefined && at < toMs; at = zone.nextChange(at))
    append(gaps, zone.localOf(at - 1) + 1, zone.localOf(at));
  return gaps;
}

/** A word a month of one year: the days that spans touch, or cover from midnight to midnight. */
function markDays(spans: Spans, firstDay: number, endDay: number, mark: 'touched' | 'covered'): Uint32Array {
  const words = new Uint32Array(12);
  for (let place = 0; place < spans.length; place += 2) {
    const [start, end] = [spans[place]! / dayMs, spans[place + 1]! / dayMs];
    const first = Math.max(mark === 'touched' ? Math.floor(start) : Math.ceil(start), firstDay);
    const last = Math.min(mark === 'touched' ? Math.ceil(end) : Math.floor(end), endDay);
    for (let day = first; day < last; day += 1) {
      const parts = civilOf(day);
      words[parts.month - 1]! |= 1 << (parts.dayOfMonth - 1);
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
