// From what clocks show to the instant that is meant, where that is none or two; and instants as people read them.

import { dayMs, localText } from './civil.js';
import type { Zone } from './zone.js';

/** The instant of local milliseconds; the second of two; in a gap, as much later as the clocks are put forward. */
export function laterInstantOf(zone: Zone, localMs: number): number {
  return zone.instantsOf(localMs).at(-1) ?? afterGap(zone, localMs);
}

/** The instant of local milliseconds; of two the one before the change when `atMs` is before it, else the second. */
export function keepingOffset(zone: Zone, atMs: number, localMs: number): number {
  const instants = zone.instantsOf(localMs);
  const offset = zone.localOf(atMs) - atMs;
  return instants.find(instant => localMs - instant === offset) ?? instants.at(-1) ?? afterGap(zone, localMs);
}

/** The first instant at which clocks show `localMs` or, when they skip it, more. */
export function firstInstantFrom(zone: Zone, localMs: number): number {
  const [first] = zone.instantsOf(localMs);
  if (first !== undefined) return first;
  // The gap is a change of the offset; no gap is longer than a day, and no offset larger.
  const beforeMs = localMs - 2 * dayMs;
  for (let changeMs = zone.nextChange(beforeMs); changeMs !== undefined; changeMs = zone.nextChange(changeMs)) {
    if (zone.localOf(changeMs) > localMs) return changeMs;
  }
  return afterGap(zone, localMs);
}

/** `2020-04-30T08:00:00-04:00`, with milliseconds where there are any, and `Z` in UTC. */
export function instantText(zone: Zone, atMs: number): string {
  const localMs = zone.localOf(atMs);
  if (zone.name === 'UTC') return `${localText(localMs)}Z`;
  // Offsets before 1972 may have seconds; ISO 8601 has none.
  const minutes = Math.round((localMs - atMs) / 60_000);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const offset = `${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
  return `${localText(localMs)}${minutes < 0 ? '-' : '+'}${offset}`;
}

/** By the offset before the gap: 02:30 becomes 03:30. */
function afterGap(zone: Zone, localMs: number): number {
  // An offset is less than a day, so that this is before the gap, whatever it is.
  const beforeMs = localMs - dayMs;
  return localMs - (zone.localOf(beforeMs) - beforeMs);
}
