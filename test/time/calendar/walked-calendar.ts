// The oracle: a calendar read naively, one minute of a clock at a time. It shares no code with `src/time/`.

import { Temporal } from 'temporal-polyfill';
import type { CalendarDefinition, Range, TimeSet } from '../../../src/time/calendar/index.js';

/** What a clock shows: minutes since 1970-01-01T00:00 on it. */
export type ClockMinute = number;

const dayMinutes = 1_440;
const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** What the clocks of a zone show at an instant on a full minute, asked of Intl; each minute once. */
export const clockOf = once((zone: string) => once(askedClock(zone)));

function askedClock(zone: string): (atMs: number) => ClockMinute {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return atMs => {
    const [month, day, year, hour, minute] = format.format(atMs).match(/\d+/g)!.map(Number);
    return Date.UTC(year!, month! - 1, day!, hour!, minute!) / 60_000;
  };
}

/** Whether business is done when the clock shows `at`. */
export function isOpen(definition: CalendarDefinition, at: ClockMinute): boolean {
  const isIn = (set: TimeSet): boolean => {
    const named = (name: string): boolean => isIn(definition.sets!.find(each => each.name === name)!);
    if (set.union) return set.union.some(named);
    if (set.intersection) return set.intersection.every(named);
    if (set.complement) return !named(set.complement);
    if (set.set) return named(set.set);
    if (set.range) return isInRange(set.range, at);
    return isSelected(set, at);
  };
  let open = false;
  for (const { include, exclude, only } of definition.rules) {
    if (include) open ||= isIn(include);
    if (exclude) open &&= !isIn(exclude);
    if (only) open &&= isIn(only);
  }
  return open;
}

function isSelected({ days, dates, hours = ['00:00-24:00'] }: TimeSet, at: ClockMinute): boolean {
  const today = Math.floor(at / dayMinutes);
  return [today, today - 1].some(day => {
    const minute = at - day * dayMinutes;
    const isWithin = hours.some(span => {
      const [start, end] = minutesOf(span);
      return start <= minute && minute < end;
    });
    return (
      isWithin &&
      (!days || days.some(name => namedDays(name)(day))) &&
      (!dates || dates.some(date => datedDays(date)(day)))
    );
  });
}

/** Start and end of a text such as `22:00-06:00+1`, in minutes; each text is read once. */
const minutesOf = once((span: string): readonly [number, number] => {
  const [start, end] = span.replace('+1', '').split('-').map(minuteOf) as [number, number];
  return [start, end + (span.endsWith('+1') ? dayMinutes : 0)];
});

function minuteOf(clock: string): number {
  const [hour, minute] = clock.split(':').map(Number);
  return hour! * 60 + minute!;
}

/** A year of minutes asks the same of a day 1,440 times. */
const namedDays = once((name: string) => once((day: number) => isNamed(name, day)));
const datedDays = once((text: string) => once((day: number) => isDated(text, day)));

function once<Key, Value>(work: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return key => {
    if (!known.has(key)) known.set(key, work(key));
    return known.get(key)!;
  };
}

function isNamed(name: string, day: number): boolean {
  const date = new Date(day * 86_400_000);
  const weekday = names[date.getUTCDay()]!;
  const [, position, first, last] = /^(-?\d)?([a-z]+)-?([a-z]+)?$/.exec(name)!;
  if (last !== undefined) {
    for (let each = names.indexOf(first!); ; each = (each + 1) % 7) {
      if (names[each] === weekday) return true;
      if (names[each] === last) return false;
    }
  }
  if (weekday !== first) return false;
  if (position === undefined) return true;
  // Counted day by day from the start or the end of the month.
  const step = Number(position) > 0 ? -7 : 7;
  let count = 1;
  for (let each = day + step; new Date(each * 86_400_000).getUTCMonth() === date.getUTCMonth(); each += step)
    count += 1;
  return count === Math.abs(Number(position));
}

function isDated(text: string, day: number): boolean {
  const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
  const [first, last = first!] = text.split('..') as [string, string?];
  const shown = first.length === 5 ? date.slice(5) : date;
  return first <= last ? first <= shown && shown <= last : shown >= first || shown <= last;
}

function isInRange(range: Range, at: ClockMinute): boolean {
  return spansOf(range, at).some(([begins, ends]) => begins <= at && at < ends);
}

/** Repeats as [start, end) up to a month after what was asked for, kept: Temporal takes its time. */
const kept = new WeakMap<Range, { readonly until: ClockMinute; readonly spans: [number, number][] }>();

function spansOf(range: Range, at: ClockMinute): [number, number][] {
  const known = kept.get(range);
  if (known !== undefined && known.until >= at) return known.spans;
  const until = at + 30 * dayMinutes;
  const { start, end, for: length, every, count = 1e9 } = range;
  const first = Temporal.PlainDateTime.from(start);
  const last = range.until === undefined ? until : Math.min(until, minutes(Temporal.PlainDateTime.from(range.until)));
  const spans: [number, number][] = [];
  for (let index = 0; index < (every === undefined ? 1 : count); index += 1) {
    const begins = every === undefined ? first : after(first, every, index);
    if (minutes(begins) > last) break;
    const fixed = end === undefined ? 0 : minutes(Temporal.PlainDateTime.from(end)) - minutes(first);
    const ends = length === undefined ? minutes(begins) + fixed : minutes(after(begins, length, 1));
    spans.push([minutes(begins), ends]);
  }
  kept.set(range, { until, spans });
  return spans;
}

function after(moment: Temporal.PlainDateTime, duration: string, times: number): Temporal.PlainDateTime {
  const [count, unit] = duration.split(' ') as [string, string];
  return moment.add({ [unit.endsWith('s') ? unit : `${unit}s`]: Number(count) * times });
}

function minutes(moment: Temporal.PlainDateTime): number {
  return Date.parse(`${moment.toString({ smallestUnit: 'minute' })}Z`) / 60_000;
}
