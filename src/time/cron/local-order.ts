// The original's rule of daylight saving: a firing in the gap of spring does not come that day, one in the overlap of
// autumn comes once, the second time. So the instants of local times are in the order of the local times.

import { dayMs } from '../civil.js';
import type { Zone } from '../zone.js';

/** The instant at which a local time comes, the second where there are two; undefined in a gap. */
export function instantOf(zone: Zone, localMs: number): number | undefined {
  return zone.instantsOf(localMs).at(-1);
}

/** The first local time that comes after an instant. */
export function firstLocalAfter(zone: Zone, atMs: number): number {
  const localMs = zone.localOf(atMs);
  return isFirstPass(zone, atMs, localMs) ? zone.localOf(zone.nextChange(atMs)!) : localMs + 1;
}

/** The last local time that comes before an instant; it may lie in a gap, where nothing comes. */
export function lastLocalBefore(zone: Zone, atMs: number): number {
  const localMs = zone.localOf(atMs);
  return (isFirstPass(zone, atMs, localMs) ? zone.localOf(zone.nextChange(atMs)!) : localMs) - 1;
}

/** The first local time after the gap that `localMs` lies in. */
export function gapEnd(zone: Zone, localMs: number): number {
  return zone.localOf(changeOver(zone, localMs));
}

/** The last local time before the gap that `localMs` lies in. */
export function gapStart(zone: Zone, localMs: number): number {
  return zone.localOf(changeOver(zone, localMs) - 1);
}

/** Does the clock show this time again later? */
function isFirstPass(zone: Zone, atMs: number, localMs: number): boolean {
  return instantOf(zone, localMs)! > atMs;
}

/** The change that made the gap. */
function changeOver(zone: Zone, localMs: number): number {
  // Two days before, as if the clocks showed UTC, is before the change whatever the offset is.
  let changeMs = zone.nextChange(localMs - 2 * dayMs);
  while (changeMs !== undefined && zone.localOf(changeMs) <= localMs) changeMs = zone.nextChange(changeMs);
  if (changeMs === undefined) throw new Error(`no change of ${zone.name} leaves out ${localMs}`);
  return changeMs;
}
