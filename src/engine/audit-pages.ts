// Audit events from the store, in pages: a long read would hold up every commit, and a whole audit does not fit into
// memory. A read takes a few rows of `millrace_audit`; the view unfolds each to thousands of events.
//
// Invariants:
//   A1. Page after page, each event is told once, in one order, and what is committed later comes later.
//   A2. A call makes a bounded number of reads; a page may be short, or empty, before the end.

import type { Store, TextRow } from '../store/contract.js';
import { splitInstanceId } from '../workflow/instance-id.js';
import type { Json } from '../workflow/model.js';
import {
  type AuditPosition,
  auditBeginning,
  cursorOf,
  type EventPlace,
  isSamePlace,
  positionOf,
} from './audit-position.js';

/** Which events; all that is given must hold. */
export interface AuditFilter {
  /** An instance's id: its events, and the call that submitted it. */
  readonly instance?: string;
  /** A workflow, or a branch with trailing `/`. */
  readonly workflow?: string;
  /** Dotted or custom name. */
  readonly event?: string;
  readonly sinceMs?: number;
}

export interface AuditRecord {
  readonly at: string;
  readonly event: string;
  readonly shortName: string;
  readonly family: string;
  readonly workflow: string | null;
  readonly workflowVersion: number | null;
  readonly instance: string | null;
  readonly action: string | null;
  readonly attempt: number;
  readonly engine: string;
  readonly user: string | null;
  readonly message: string | null;
  readonly data: Json;
  readonly seq: number;
}

export type AuditOrder = 'oldest' | 'newest';

export interface AuditPage {
  readonly events: readonly { readonly record: AuditRecord; readonly cursor: string }[];
  /** Behind the last event, or behind what was looked at. */
  readonly next: string;
  /** Nothing further was there. */
  readonly isEnd: boolean;
}

/** Rows of one read, at most some 4,000 events each: few where all fit the filter, more where none does. */
const rowsOfRead = { least: 4, most: 32 } as const;
const readsMax = 32;
const columns = `at_ms, event, short_name, family, workflow, workflow_version, instance, action, attempt, engine, username,
  message, data, millrace_audit_event.seq, transaction_id::text, group_no, coalesce(ordinal, -1), step`;

interface Row {
  readonly transaction: string;
  readonly seq: string;
}

export class AuditPages {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Cursor of what is being committed from now on. */
  async end(): Promise<string> {
    const [row] = await this.#store.query('select pg_snapshot_xmin(pg_current_snapshot())::text', []);
    return cursorOf({ transaction: row![0]!, seq: '0', event: null });
  }

  /**
   * @param after cursor; `null`: from the first event in `order`
   * @throws EngineError `CURSOR_INVALID`
   */
  async page(filter: AuditFilter, after: string | null, order: AuditOrder, limit: number): Promise<AuditPage> {
    const events: AuditPage['events'][number][] = [];
    let at = after === null ? null : positionOf(after);
    let rowLimit: number = rowsOfRead.least;
    for (let reads = 0; reads < readsMax; reads++) {
      const rows = await this.#rows(filter, at, order, rowLimit);
      const wanted = limit - events.length;
      const found = rows.length === 0 ? [] : await this.#events(filter, rows, at, order, wanted);
      events.push(...found);
      if (found.length === wanted) return { events, next: events.at(-1)!.cursor, isEnd: false };
      const last = rows.at(-1);
      if (last !== undefined) at = { ...last, event: null };
      if (rows.length < rowLimit) return { events, next: cursorOf(at ?? auditBeginning), isEnd: true };
      rowLimit = found.length > 0 ? rowsOfRead.least : Math.min(rowLimit * 2, rowsOfRead.most);
    }
    return { events, next: cursorOf(at ?? auditBeginning), isEnd: false };
  }

  /** The next rows. COST the page, by the index on (transaction_id, seq); of an instance, the rows of its root. */
  async #rows(
    { instance, sinceMs = 0 }: AuditFilter,
    at: AuditPosition | null,
    order: AuditOrder,
    limit: number,
  ): Promise<Row[]> {
    const parameters = [String(limit), String(sinceMs)];
    const parameter = (value: string): string => `$${parameters.push(value)}`;
    const comparison = `${order === 'oldest' ? '>' : '<'}${at === null || at.event === null ? '' : '='}`;
    const terms = ['transaction_id < pg_snapshot_xmin(pg_current_snapshot())', 'at >= $2::bigint'];
    if (at !== null) {
      const place = `${parameter(at.transaction)}::text::xid8, ${parameter(at.seq)}::bigint`;
      terms.push(`(transaction_id, seq) ${comparison} (${place})`);
    }
    const way = order === 'oldest' ? '' : 'desc';
    // The planner must not walk the whole order for the few rows of one root.
    const source =
      instance === undefined
        ? 'millrace_audit'
        : `(select transaction_id, seq, at from millrace_audit
            where root = ${parameter(splitInstanceId(instance)!.root)}::uuid offset 0) own`;
    const rows = await this.#store.query(
      `select transaction_id::text, seq from ${source} where ${terms.join(' and ')}
       order by transaction_id ${way}, seq ${way} limit $1::int`,
      parameters,
    );
    return rows.map(([transaction, seq]) => ({ transaction: transaction!, seq: seq! }));
  }

  /** Matching events of some rows, from a place in the first one on. */
  async #events(
    filter: AuditFilter,
    rows: readonly Row[],
    at: AuditPosition | null,
    order: AuditOrder,
    limit: number,
  ): Promise<AuditPage['events'][number][]> {
    const parameters = [`{${rows.map(({ seq }) => seq).join(',')}}`];
    const parameter = (value: string): string => `$${parameters.push(value)}`;
    const terms = conditionOf(filter, parameter);
    const passed = at?.event != null && at.seq === rows[0]!.seq ? at.event : null;
    if (passed !== null) {
      const place = [passed.group, passed.ordinal, passed.step].map(value => `${parameter(String(value))}::bigint`);
      terms.push(
        `(millrace_audit_event.seq <> ${parameter(at!.seq)}::bigint or
          (group_no, coalesce(ordinal, -1), step) ${order === 'oldest' ? '>=' : '<='} (${place.join(', ')}))`,
      );
    }
    const skipped = passed === null ? 0 : passed.twin + 1;
    const way = order === 'oldest' ? '' : 'desc';
    const found = await this.#store.query(
      `select ${columns} from millrace_audit_event where ${terms.join(' and ')}
       order by transaction_id ${way}, millrace_audit_event.seq ${way}, group_no ${way}, coalesce(ordinal, -1) ${way},
         step ${way} limit ${parameter(String(limit + skipped))}::int`,
      parameters,
    );
    return placed(found, passed, at).slice(0, limit);
  }
}

/** Events with their cursors, without those that had been passed. */
function placed(
  found: readonly TextRow[],
  passed: EventPlace | null,
  at: AuditPosition | null,
): AuditPage['events'][number][] {
  const events: AuditPage['events'][number][] = [];
  let before: { readonly seq: string; readonly place: EventPlace } | null = null;
  for (const row of found) {
    const [seq, transaction, group, ordinal, step] = row.slice(13) as string[];
    const bare = { group: Number(group), ordinal: Number(ordinal), step: Number(step) };
    const isTwin = before !== null && before.seq === seq && isSamePlace(before.place, { ...bare, twin: 0 });
    const place: EventPlace = { ...bare, twin: isTwin ? before!.place.twin + 1 : 0 };
    before = { seq: seq!, place };
    if (passed !== null && seq === at!.seq && isSamePlace(place, passed) && place.twin <= passed.twin) continue;
    events.push({ record: recordOf(row), cursor: cursorOf({ transaction: transaction!, seq: seq!, event: place }) });
  }
  return events;
}

/** What the events must be; $1 are the rows. A row is written after its events, so its time bounds theirs. */
function conditionOf(
  { instance, workflow, event, sinceMs }: AuditFilter,
  parameter: (value: string) => string,
): string[] {
  const terms = ['millrace_audit_event.seq = any($1::bigint[])'];
  if (instance !== undefined) {
    const parts = splitInstanceId(instance)!;
    // With the call that submitted it, which speaks of all of its root.
    terms.push(
      `root = ${parameter(parts.root)}::uuid`,
      `(ordinal = ${parameter(String(parts.ordinal))}::int or ordinal is null)`,
    );
  }
  if (workflow !== undefined) {
    const named = parameter(workflow);
    terms.push(workflow.endsWith('/') ? `starts_with(workflow, ${named}::text)` : `workflow = ${named}::text`);
  }
  if (event !== undefined) terms.push(`event = ${parameter(event)}::text`);
  if (sinceMs !== undefined) terms.push(`at_ms >= ${parameter(String(sinceMs))}::bigint`);
  return terms;
}

function recordOf(row: TextRow): AuditRecord {
  const [
    atMs,
    event,
    shortName,
    family,
    workflow,
    version,
    instance,
    action,
    attempt,
    engine,
    user,
    message,
    data,
    seq,
  ] = row;
  return {
    at: new Date(Number(atMs)).toISOString(),
    event: event!,
    shortName: shortName!,
    family: family!,
    workflow: workflow ?? null,
    workflowVersion: version == null ? null : Number(version),
    instance: instance ?? null,
    action: action ?? null,
    attempt: Number(attempt),
    engine: engine!,
    user: user ?? null,
    message: message ?? null,
    data: data == null ? null : (JSON.parse(data) as Json),
    seq: Number(seq),
  };
}
