// The queue is an index of the store (D1): at start it is filled from the segments, a page at a time. Bodies are not
// read; a million ready instances are some 2,000 rows.

import type { Queue } from '../../queue/contract.js';
import { madeAtMs } from '../../workflow/instance-id.js';
import { workflowsOf } from '../definitions/definitions.js';
import type { EngineParts } from '../parts.js';
import { offersOf } from './offers.js';
import { awake, queueHorizonMs } from './sleepers.js';
import type { IsOurs } from './steady-queue.js';

const pageSegments = 1_000;

/** So long whoever has just committed a segment is left to offer it. */
const freshMs = 1_000;

type FillWorld = Pick<EngineParts, 'store' | 'holdings' | 'definitions' | 'log' | 'clock'>;

export interface PageOffered {
  readonly segments: number;
  readonly members: number;
  /** Id of the last segment, or `null` when there are no more. */
  readonly after: string | null;
}

/**
 * Offer everything that is open and not held back. Offering what is known does nothing.
 *
 * @param isOurs asked after each page; when it no longer is, somebody else has taken over, and this answers false
 * @param isShared others commit meanwhile: what is offered may have left since it was read
 */
export async function fillQueue(queue: Queue, world: FillWorld, isOurs: IsOurs, isShared: boolean): Promise<boolean> {
  const { clock, log } = world;
  const startedMs = clock.monotonicMs();
  let segments = 0;
  let members = 0;
  let after: string | null = null;
  do {
    const page = await offerPage(queue, world, after, isShared);
    segments += page.segments;
    members += page.members;
    after = page.after;
    if (after !== null && !(await isOurs())) return false;
  } while (after !== null);
  log.queueRebuilt({ segments, members, tookMs: Math.round(clock.monotonicMs() - startedMs) });
  return true;
}

/**
 * One page of a walk beside engines that are at work. What was made a moment ago is passed over: who made it is about to
 * offer it, without saying that it may be stale; had we offered it before, somebody might have run it by then, and it would
 * run twice. Going by ids, whose clocks need not be ours: one that is ahead or behind by more than that moment costs this
 * protection, nothing else.
 */
export function walkPage(queue: Pick<Queue, 'offer'>, world: FillWorld, after: string | null): Promise<PageOffered> {
  const nowMs = world.clock.nowMs();
  return offerPage(queue, world, after, true, id => Math.abs(nowMs - madeAtMs(id)) >= freshMs);
}

/** Offer the segments of one page, those behind `after` in order of ids. */
export async function offerPage(
  queue: Pick<Queue, 'offer'>,
  { store, holdings, definitions, clock }: FillWorld,
  after: string | null,
  isShared: boolean,
  isMeant: (segment: string) => boolean = () => true,
): Promise<PageOffered> {
  const page = await store.scan(after, pageSegments, clock.nowMs() + queueHorizonMs);
  await definitions.ensure(workflowsOf(page));
  const found = page.filter(({ id }) => isMeant(id)).flatMap(offersOf);
  const offers = isShared ? found.map(offer => ({ ...offer, redelivered: true })) : found;
  // Read once, kept as far as the bound goes: a first claim then reads bodies alone.
  if (!isShared)
    for (const segment of page) if (holdings.segment(segment.id) === undefined) holdings.holdSegment(segment);
  await queue.offer(awake(offers, clock.nowMs()));
  return {
    segments: page.length,
    members: offers.reduce((sum, { from, to }) => sum + to - from, 0),
    after: page.at(-1)?.id ?? null,
  };
}
