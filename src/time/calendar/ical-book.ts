// The events of an iCalendar file as holidays, on the clocks of whoever asks.

import { dayMs } from '../civil.js';
import type { Zone } from '../zone.js';
import type { HolidayBook } from './holiday-book.js';
import type { IcalCalendar, IcalEvent } from './ical.js';
import { IcalRefusal } from './ical-refusal.js';
import { daysOfRule } from './ical-rule.js';
import type { IcalTime } from './ical-value.js';
import { countUpTo, type Spans, spansOf } from './spans.js';

/** Most events with all their repeats, and most steps of the walks that find them (0.2 s). */
const occurrencesMax = 50_000;
const stepsMax = 1_000_000;

interface Occurrence {
  readonly start: IcalTime;
  readonly lengthMs: number;
}

/** @throws IcalRefusal when the rules of the file have too many repeats */
export function bookOfIcal(calendar: IcalCalendar): HolidayBook {
  const occurrences = occurrencesOf(calendar.events);
  const zones = new Map<string, Spans>();
  return (firstDay, endDay, zone) => {
    let spans = zones.get(zone.name);
    if (spans === undefined) {
      spans = spansOf(occurrences.map(occurrence => spanOn(occurrence, zone)));
      zones.set(zone.name, spans);
    }
    const from = countUpTo(spans, firstDay * dayMs);
    return spans.slice(from - (from % 2), (countUpTo(spans, endDay * dayMs) + 1) & ~1);
  };
}

function occurrencesOf(events: readonly IcalEvent[]): Occurrence[] {
  const replaced = new Set(events.flatMap(({ uid, replaces }) => (replaces === null ? [] : [keyOf(uid, replaces)])));
  const found: Occurrence[] = [];
  let steps = 0;
  const spend = (): void => {
    steps += 1;
    if (steps > stepsMax) throw new IcalRefusal('ICAL_LIMIT', 'the rules of its events take too long to follow');
  };
  for (const event of events) {
    const excepted = new Set(event.excepted.map(({ clockMs }) => clockMs));
    for (const start of startsOf(event, spend)) {
      if (excepted.has(start.clockMs)) continue;
      if (event.replaces === null && event.uid !== null && replaced.has(keyOf(event.uid, start))) continue;
      if (found.length >= occurrencesMax)
        throw new IcalRefusal('ICAL_LIMIT', `its events and their repeats are more than ${occurrencesMax}`);
      found.push({ start, lengthMs: event.lengthMs });
    }
  }
  return found;
}

function keyOf(uid: string | null, { clockMs }: IcalTime): string {
  return `${clockMs} ${uid}`;
}

function* startsOf({ start, rule, added }: IcalEvent, spend: () => void): Generator<IcalTime> {
  yield* added;
  if (rule === null) {
    yield start;
    return;
  }
  const startDay = Math.floor(start.clockMs / dayMs);
  const timeMs = start.clockMs - startDay * dayMs;
  for (const day of daysOfRule(rule, startDay, spend)) yield { ...start, clockMs: day * dayMs + timeMs };
}

/** What the clocks of a zone show at the start and at the end. */
function spanOn({ start, lengthMs }: Occurrence, zone: Zone): [start: number, end: number] {
  const { clockMs } = start;
  if (start.kind === 'date' || start.kind === 'floating') return [clockMs, clockMs + lengthMs];
  // In the hour that clocks skip in spring nothing begins.
  const atMs = start.kind === 'zoned' ? start.zone.instantsOf(clockMs)[0] : clockMs;
  return atMs === undefined ? [clockMs, clockMs] : [zone.localOf(atMs), zone.localOf(atMs + lengthMs)];
}
