// Segments on their way into the queue.

import type { Offer } from '../queue/contract.js';
import type { CommitAnswer, Segment } from '../store/contract.js';

/** Whether the store had it from an earlier sending. */
export function isRepeated(answer: CommitAnswer): boolean {
  return answer.kind === 'committed' && answer.isRepeat === true;
}

/**
 * All of a segment that a commit has made.
 *
 * @param mayBeStale the commit was there for a while before we knew, or the queue has been filled meanwhile: others may have
 *   met the segment and carried it out
 */
export function offerOfNew(segment: Segment, mayBeStale: boolean): Offer {
  return { ...offerOf(segment, 0, segment.ordinals.length), redelivered: mayBeStale };
}

/** A slice of a segment on its way into the queue. */
export function offerOf(segment: Segment, from: number, to: number): Offer {
  return {
    segment: segment.id,
    from,
    to,
    name: segment.name,
    priority: segment.priority,
    eligibleAtMs: segment.eligibleAtMs,
    createdAtMs: segment.createdAtMs,
  };
}
