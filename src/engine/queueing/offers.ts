// Segments on their way into the queue.

import type { Offer } from '../../queue/contract.js';
import { clearBitsOf } from '../../store/bitmap.js';
import type { CommitAnswer, Segment } from '../../store/contract.js';
import { slicesOf } from '../claims/running.js';
import { fateAt } from '../operations/member-requests.js';

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
    ...(segment.key === null ? {} : { key: segment.key }),
    ...(segment.waitsFor === null ? {} : { sleeps: true }),
  };
}

/** All of a segment that is open and not held back. */
export function offersOf(segment: Segment): Offer[] {
  // What is to be removed is offered too: whoever claims it finishes the removal.
  const open = clearBitsOf(segment.gone, segment.ordinals.length).filter(
    position => fateAt(segment, position) !== 'held',
  );
  return slicesOf(segment.id, open).map(({ from, to }) => offerOf(segment, from, to));
}
