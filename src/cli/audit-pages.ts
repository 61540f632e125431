// Audit events of a folder, all of them or the last so many, page by page.

import type { AuditFilter, AuditRecord } from '../engine/audit-pages.js';
import type { Engine } from '../engine/engine.js';

const pageEvents = 5_000;

/** @param filter `limit`: the last so many. Absent: all */
export async function* auditEvents(
  engine: Engine,
  { limit, ...filter }: AuditFilter & { readonly limit?: number },
): AsyncGenerator<AuditRecord> {
  let after: string | null = null;
  if (limit !== undefined) {
    if (limit === 0) return;
    const first = await firstOfLast(engine, filter, limit);
    if (first === null) return;
    yield first.record;
    after = first.cursor;
  }
  for (;;) {
    const page = await engine.reads.auditPage(filter, after, 'oldest', pageEvents);
    for (const { record } of page.events) yield record;
    if (page.isEnd) return;
    after = page.next;
  }
}

/** Walks back from the end: the first of the last `limit` events. */
async function firstOfLast(engine: Engine, filter: AuditFilter, limit: number) {
  let after: string | null = null;
  let found = 0;
  let first = null;
  for (;;) {
    const page = await engine.reads.auditPage(filter, after, 'newest', Math.min(pageEvents, limit - found));
    found += page.events.length;
    first = page.events.at(-1) ?? first;
    if (page.isEnd || found === limit) return first;
    after = page.next;
  }
}
