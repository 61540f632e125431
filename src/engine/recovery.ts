// The queue is an index of the store (D1): at start it is filled from the segments, a page at a time. Bodies are not
// read; a million ready instances are some 2,000 rows.

import type { Offer } from '../queue/contract.js';
import { clearBitsOf } from '../store/bitmap.js';
import type { Segment } from '../store/contract.js';
import { offerOf } from './committer.js';
import { fateAt } from './member-requests.js';
import type { EngineParts } from './parts.js';
import { slicesOf } from './running.js';

const pageSegments = 1_000;

/** Fill the queue if that falls to us, and open it. One that is open, or that another engine fills, is left alone. */
export async function rebuildQueue(parts: EngineParts): Promise<void> {
  const { queue, options } = parts;
  const isOurs = async (): Promise<boolean> => (await queue.attach(options.name, options.leaseMs)) === 'mine';
  if ((await isOurs()) && (await fillQueue(parts, isOurs))) await queue.open();
}

/**
 * Offer everything that is open and not held back. Offering what is known does nothing.
 *
 * @param isOurs asked after each page; when it no longer is, somebody else has taken over, and this answers false
 */
async function fillQueue(
  { store, queue, holdings, log, clock }: EngineParts,
  isOurs: () => Promise<boolean>,
): Promise<boolean> {
  const startedMs = clock.monotonicMs();
  let after: string | null = null;
  let segments = 0;
  let members = 0;
  for (;;) {
    const page: Segment[] = await store.scan(after, pageSegments);
    const offers = page.flatMap(offersOf);
    // Read once, kept as far as the bound goes: a first claim then reads bodies alone.
    for (const segment of page) if (holdings.segment(segment.id) === undefined) holdings.holdSegment(segment);
    await queue.offer(offers);
    segments += page.length;
    members += offers.reduce((sum, { from, to }) => sum + to - from, 0);
    if (page.length < pageSegments) break;
    if (!(await isOurs())) return false;
    after = page[page.length - 1]!.id;
  }
  log.queueRebuilt({ segments, members, tookMs: Math.round(clock.monotonicMs() - startedMs) });
  return true;
}

function offersOf(segment: Segment): Offer[] {
  // What is to be removed is offered too: whoever claims it finishes the removal.
  const open = clearBitsOf(segment.gone, segment.ordinals.length).filter(
    position => fateAt(segment, position) !== 'held',
  );
  return slicesOf(segment.id, open).map(({ from, to }) => offerOf(segment, from, to));
}
