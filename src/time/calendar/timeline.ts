// A compiled calendar: what the spans on a zone's clocks are as instants, a year of UTC at a time and when asked for. Its days
// are in `business-days.ts`.
//
// Business is done whenever the clocks show a time within a span. So an hour that the clocks skip in spring has none, and
// one they show twice in autumn has it twice; spans are never moved or stretched.
//
// A year is one evaluation of the rules, its changes are sorted instants (found by halving): 0.1 ms and 8 kB for working
// hours. Years asked for are kept, until they have more than a million changes together (8 MB): then all are forgotten, which
// only costs their evaluation again.

import type { BusinessInterval } from '../business-interval.js';
import { civilOf, dayMs } from '../civil.js';
import type { Zone } from '../zone.js';
import type { BusinessDays, Evaluate } from './business-days.js';
import { firstDayOf, yearMax, yearMin } from './calendar-years.js';
import { append, countUpTo, type Spans } from './spans.js';

/** Years without a change after which the next is not looked for. 29 February is a Sunday once in 40 years, at the least. */
const searchYears = 40;
const edgesKeptMax = 1_000_000;
/** Clocks are less than this from UTC. */
const offsetDaysMax = 2;

interface Year {
  /** Whether business was done a millisecond before the year. */
  readonly wasOpen: boolean;
  /** When that changes, sorted. */
  readonly edges: Float64Array;
}

export class Timeline implements BusinessInterval {
  readonly name: string;
  readonly #zone: Zone;
  readonly #evaluate: Evaluate;
  readonly #days: BusinessDays;
  #years: (Year | undefined)[] = [];
  #edgesKept = 0;

  constructor(name: string, zone: Zone, evaluate: Evaluate, days: BusinessDays) {
    this.name = name;
    this.#zone = zone;
    this.#evaluate = evaluate;
    this.#days = days;
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
    return this.#days.includes(day);
  }

  nthBusinessDay(year: number, month: number, n: number): number | undefined {
    return this.#days.nthBusiness(year, month, n);
  }

  nthHoliday(year: number, month: number, n: number): number | undefined {
    return this.#days.nthHoliday(year, month, n);
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
    return { wasOpen: open[0] === fromMs, edges: Float64Array.from(edges) };
  }
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
