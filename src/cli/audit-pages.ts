// Audit events of a place, all of them or the last so many, page by page.

import type { AuditRecord } from '../engine/reads/audit-pages.js';
import type { Place, PlaceAuditFilter } from './place.js';

const pageEvents = 5_000;

/**
 * @param filter `limit`: the last so many. Absent: all
 * @returns the cursor behind the last, from which to follow; `null` when nothing was looked at
 */
export async function* auditEvents(
  place: Pick<Place, 'auditPage'>,
  { limit, ...filter }: PlaceAuditFilter & { readonly limit?: number },
): AsyncGenerator<AuditRecord, string | null> {
  if (limit === 0) return null;
  const first = limit === undefined ? null : await firstOfLast(place, filter, limit);
  if (first !== null) yield first.record;
  let after = first?.cursor ?? null;
  for (;;) {
    const page = await place.auditPage(filter, after, 'oldest', pageEvents);
    yield* page.events;
    after = page.next;
    if (page.isEnd) return after;
  }
}

/** Walks back from the end: the first of the last `limit` events; `null` when there are not so many. */
async function firstOfLast(
  place: Pick<Place, 'auditPage'>,
  filter: PlaceAuditFilter,
  limit: number,
): Promise<{ readonly record: AuditRecord; readonly cursor: string } | null> {
  let after: string | null = null;
  let found = 0;
  for (;;) {
    const page = await place.auditPage(filter, after, 'newest', Math.min(pageEvents, limit - found));
    found += page.events.length;
    // Full pages end with their last event: its cursor is the page's.
    if (found === limit) return { record: page.events.at(-1)!, cursor: page.next };
    if (page.isEnd) return null;
    after = page.next;
  }
}
