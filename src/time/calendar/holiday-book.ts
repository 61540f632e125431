// Where holidays come from, once they are loaded: something that knows the holidays of a few days.

import type { Zone } from '../zone.js';
import type { TimeSet } from './model.js';
import type { Spans } from './spans.js';

/** The holidays from one day to another (the last is out), in milliseconds of the zone's clock. */
export type HolidayBook = (firstDay: number, endDay: number, zone: Zone) => Spans;

/** By `keyOfSource`. */
export type HolidayBooks = ReadonlyMap<string, HolidayBook>;

export const noBooks: HolidayBooks = new Map();

/** What a set reads its holidays from: the same text for the same source; null for sets that read none. */
export function keyOfSource(set: TimeSet): string | null {
  if (set.ical !== undefined) return `ical ${set.ical}`;
  if (set.icalText !== undefined) return `icalText ${set.icalText}`;
  if (set.holidays === undefined) return null;
  const { country, state, region, kinds = ['public'], substitutes = true } = set.holidays;
  return JSON.stringify([country, state ?? null, region ?? null, [...kinds].sort(), substitutes]);
}
