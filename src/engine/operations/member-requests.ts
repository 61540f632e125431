// What operations have asked of single members: a segment's bits hold for all of them, its `memberRequests` for those
// that were executing when an operation named them alone.

import { request, type Segment } from '../../store/contract.js';

/** Bits of `request` that hold for the member at `position`. */
export function requestsAt(segment: Segment, position: number): number {
  const { memberRequests } = segment;
  return memberRequests === null
    ? segment.requests
    : segment.requests | (memberRequests[segment.ordinals[position]!] ?? 0);
}

/** What becomes of a member that waits: it runs, is held back until it is resumed, or its removal is to be finished. */
export type Fate = 'runs' | 'held' | 'removed';

export function fateAt(segment: Segment, position: number): Fate {
  const bits = requestsAt(segment, position);
  if ((bits & request.remove) !== 0) return 'removed';
  return segment.state !== 'ready' || (bits & request.pause) !== 0 ? 'held' : 'runs';
}

/** Positions that an operator has interrupted while they were executing. What is claimed with that bit was executing before: that
 * execution was lost, and with it what was to be rolled back. */
export function interruptedIn(segment: Segment, positions: Uint16Array): Uint16Array {
  if (segment.memberRequests === null && (segment.requests & request.interrupt) === 0) return new Uint16Array();
  return positions.filter(at => (requestsAt(segment, at) & request.interrupt) !== 0);
}

/** Positions by what becomes of them, ascending each. */
export function byFate(segment: Segment, positions: Uint16Array): Record<Fate, Uint16Array> {
  const none = new Uint16Array();
  if (positions.length === 0) return { runs: none, held: none, removed: none };
  if (segment.memberRequests === null)
    return { runs: none, held: none, removed: none, [fateAt(segment, 0)]: positions };
  const where = (fate: Fate): Uint16Array => positions.filter(position => fateAt(segment, position) === fate);
  return { runs: where('runs'), held: where('held'), removed: where('removed') };
}
