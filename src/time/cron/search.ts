// The search for a local time that all columns admit: from the coarsest level to the finest, each leaping to its next
// match. A leap that leaves the coarser unit begins again at the top.
//
// Everything is local: milliseconds since 1970-01-01T00:00 on the clocks of the zone, never negative.

/** One question to a schedule. Levels count down `stepsLeft`, so that no expression searches for ever. */
export interface Search {
  readonly firstDay: number;
  readonly lastDay: number;
  /** What `+n` counts from, and on which side of it: 1 after, -1 before. */
  readonly referenceMs: number;
  readonly side: 1 | -1;
  stepsLeft: number;
  /** How far the search came, where it gave up early. */
  gaveUpMs: number | null;
}

/** A constraint on the index of a unit: `Math.floor(localMs / unitMs)`. */
export interface Level {
  readonly unitMs: number;
  /** The first index at or after this one that is admitted; Infinity when the search has none. */
  next(index: number, search: Search): number;
  /** The last index at or before this one that is admitted; -Infinity when the search has none. */
  previous(index: number, search: Search): number;
}

/** The first time at or after `fromMs` that all levels admit; Infinity when there is none. */
export function searchForward(levels: readonly Level[], fromMs: number, search: Search): number {
  let timeMs = fromMs;
  for (let at = 0; at < levels.length; ) {
    const { unitMs } = levels[at]!;
    const index = Math.floor(timeMs / unitMs);
    const next = levels[at]!.next(index, search);
    if (next !== index) {
      if (next === Number.POSITIVE_INFINITY || spend(search, timeMs)) return Number.POSITIVE_INFINITY;
      timeMs = next * unitMs;
      if (at > 0 && !isSameUnit(levels[at - 1]!.unitMs, index * unitMs, timeMs)) {
        at = 0;
        continue;
      }
    }
    at += 1;
  }
  return timeMs;
}

/** The last time at or before `fromMs` that all levels admit; -Infinity when there is none. */
export function searchBackward(levels: readonly Level[], fromMs: number, search: Search): number {
  let timeMs = fromMs;
  for (let at = 0; at < levels.length; ) {
    const { unitMs } = levels[at]!;
    const index = Math.floor(timeMs / unitMs);
    const previous = levels[at]!.previous(index, search);
    if (previous !== index) {
      if (previous === Number.NEGATIVE_INFINITY || spend(search, timeMs)) return Number.NEGATIVE_INFINITY;
      timeMs = (previous + 1) * unitMs - 1;
      if (at > 0 && !isSameUnit(levels[at - 1]!.unitMs, index * unitMs, timeMs)) {
        at = 0;
        continue;
      }
    }
    at += 1;
  }
  return timeMs;
}

/** Takes a step; true when there are none left, and then it is noted where that was. */
export function spend(search: Search, atMs: number): boolean {
  search.stepsLeft -= 1;
  if (search.stepsLeft >= 0) return false;
  search.gaveUpMs ??= atMs;
  return true;
}

function isSameUnit(unitMs: number, oneMs: number, otherMs: number): boolean {
  return Math.floor(oneMs / unitMs) === Math.floor(otherMs / unitMs);
}
