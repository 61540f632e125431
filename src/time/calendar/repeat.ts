// A set that is a range from one moment to another on the zone's clocks, once or repeated.

import { civilOf, dayMs, dayOf, dayWithin, monthNumberOf } from '../civil.js';
import type { Range } from './model.js';
import { type Duration, readDuration, readMoment } from './notation.js';
import { type SpansOf, sound } from './selection.js';
import { append } from './spans.js';

/** @param range verified: a repeat has ended before the next one begins */
export function compileRange(range: Range): SpansOf {
  const startMs = sound(readMoment(range.start));
  const every = range.every === undefined ? null : sound(readDuration(range.every));
  const length = range.for === undefined ? null : sound(readDuration(range.for));
  const fixedMs = range.end === undefined ? null : sound(readMoment(range.end)) - startMs;
  const lastMs = range.until === undefined ? Number.POSITIVE_INFINITY : sound(readMoment(range.until));
  const count = every === null ? 1 : (range.count ?? Number.POSITIVE_INFINITY);
  const endOf = (start: number): number => (fixedMs === null ? move(start, length!, 1) : start + fixedMs);
  const startOf = (index: number): number => (every === null ? startMs : move(startMs, every, index));
  return (firstDay, endDay) => {
    const spans: number[] = [];
    // The one before may last into the first day; two before cannot, since repeats do not overlap.
    const from = every === null ? 0 : Math.max(0, indexBefore(startMs, every, firstDay * dayMs) - 1);
    for (let index = from; index < count; index += 1) {
      const start = startOf(index);
      if (start >= endDay * dayMs || start > lastMs) break;
      const end = endOf(start);
      if (end > firstDay * dayMs) append(spans, start, end);
    }
    return spans;
  };
}

/** `times` durations after a moment. In a month without the day it is the last day: 31 January, 28 February, 31 March. */
function move(moment: number, { unit, count }: Duration, times: number): number {
  if (unit === 'ms') return moment + count * times;
  const day = dayOf(moment);
  return moment + (dayWithin(monthNumberOf(day) + count * times, civilOf(day).dayOfMonth) - day) * dayMs;
}

/** The index of a repeat that begins at or before a moment, at most one too low; below 0 when none does. */
function indexBefore(startMs: number, { unit, count }: Duration, moment: number): number {
  if (unit === 'ms') return Math.floor((moment - startMs) / count);
  return Math.floor((monthNumberOf(dayOf(moment)) - monthNumberOf(dayOf(startMs))) / count) - 1;
}
