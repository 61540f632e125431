// Audit events from the store, in pages: a long read would hold up every commit, and a whole audit does not fit into
// memory. A read takes a few rows of `millrace_audit`, each of which unfolds to thousands of events.
//
// Invariants:
//   A1. Page after page, each event is told once, in one order, and what is committed later comes later.
//   A2. A call makes a bounded number of reads; a page may be short, or empty, before the end.

import { type UnfoldedEvent, unfold } from '../../audit/unfold.js';
import type { Store } from '../../store/contract.js';
import { instanceId, splitInstanceId } from '../../workflow/instance-id.js';
import type { Json } from '../../workflow/model.js';
import type { AuditTraits } from '../bringers/audit-patterns.js';
import { AuditData } from './audit-data.js';
import {
  type AuditPosition,
  auditBeginning,
  cursorOf,
  type EventPlace,
  isPassed,
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
  /** Whatever else is asked, but for the user. */
  readonly fits?: (event: AuditTraits) => boolean;
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

interface Row {
  readonly transaction: string;
  readonly seq: string;
  readonly root: string | null;
  readonly trace: string;
}

/** An event that fits the filter. */
type Found = UnfoldedEvent & { readonly row: Row; readonly root: string | null; readonly place: EventPlace };

/** Name and version by number. */
type Workflows = ReadonlyMap<number, { readonly name: string; readonly version: number }>;

export class AuditPages {
  readonly #store: Store;
  #workflows: Workflows = new Map();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Cursor of what is being committed from now on. */
  async end(): Promise<string> {
    const [row] = await this.#store.query('select pg_snapshot_xmin(pg_current_snapshot())::text', []);
    return cursorOf({ transaction: row![0]!, seq: '0', event: null });
  }

  /** Cursor behind the newest row from before a time. COST an index entry a row that is newer. */
  async before(atMs: number): Promise<string> {
    const [row] = await this.#store.query(
      `select transaction_id::text as transaction, seq from millrace_audit
       where transaction_id < pg_snapshot_xmin(pg_current_snapshot()) and at < $1::bigint
       order by transaction_id desc, seq desc limit 1`,
      [String(atMs)],
    );
    if (row === undefined) return cursorOf(auditBeginning);
    return cursorOf({ transaction: row[0]!, seq: row[1]!, event: null });
  }

  /**
   * @param after cursor; `null`: from the first event in `order`
   * @throws EngineError `CURSOR_INVALID`
   */
  async page(filter: AuditFilter, after: string | null, order: AuditOrder, limit: number): Promise<AuditPage> {
    const found: Found[] = [];
    let at = after === null ? null : positionOf(after);
    let rowLimit: number = rowsOfRead.least;
    let isEnd = false;
    for (let reads = 0; reads < readsMax && !isEnd && found.length < limit; reads++) {
      const rows = await this.#rows(filter, at, order, rowLimit);
      const before = found.length;
      for (const row of rows) {
        found.push(...(await this.#eventsOf(row, filter, at, order)));
        at = { transaction: row.transaction, seq: row.seq, event: null };
        if (found.length >= limit) break;
      }
      isEnd = rows.length < rowLimit && found.length < limit;
      rowLimit = found.length > before ? rowsOfRead.least : Math.min(rowLimit * 2, rowsOfRead.most);
    }
    const events = await this.#told(found.slice(0, limit));
    const next = found.length >= limit ? events.at(-1)!.cursor : cursorOf(at ?? auditBeginning);
    return { events, next, isEnd };
  }

  /** The next rows. The name of a column as text is not that of the column, by which they are ordered: `order by` means what
   * is selected where it can. COST the page, by the index on (transaction_id, seq); of an instance, the rows of its root. */
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
        : `(select transaction_id, seq, at, root, trace from millrace_audit
            where root = ${parameter(splitInstanceId(instance)!.root)}::uuid offset 0) own`;
    const rows = await this.#store.query(
      `select transaction_id::text as transaction, seq, root, trace from ${source} where ${terms.join(' and ')}
       order by transaction_id ${way}, seq ${way} limit $1::int`,
      parameters,
    );
    return rows.map(([transaction, seq, root, trace]) => ({
      transaction: transaction!,
      seq: seq!,
      root: root ?? null,
      trace: trace!,
    }));
  }

  /** Matching events of a row that have not been passed, in `order`. */
  async #eventsOf(row: Row, filter: AuditFilter, at: AuditPosition | null, order: AuditOrder): Promise<Found[]> {
    const passed = at?.event != null && at.seq === row.seq ? at.event : null;
    const { root } = row;
    const found: Found[] = [];
    let last: EventPlace | null = null;
    for (const event of unfold(row.trace)) {
      const bare = { group: event.group, ordinal: event.ordinal ?? -1, step: event.step };
      const twin: number = last !== null && isSamePlace(last, bare) ? last.twin + 1 : 0;
      const place = { ...bare, twin };
      last = place;
      if (passed !== null && isPassed(place, passed, order)) continue;
      if (event.workflow !== null && !this.#workflows.has(event.workflow)) await this.#learnWorkflows();
      if (this.#isWanted(event, filter)) found.push({ ...event, row, root, place });
    }
    return order === 'oldest' ? found : found.reverse();
  }

  #isWanted(event: UnfoldedEvent, filter: AuditFilter): boolean {
    const { workflow, ordinal, name, atMs } = event;
    if (filter.event !== undefined && filter.event !== name) return false;
    if (filter.sinceMs !== undefined && atMs < filter.sinceMs) return false;
    // Of a root, which the rows are of: with the call that submitted it, which speaks of all.
    if (filter.instance !== undefined && ordinal !== null && ordinal !== splitInstanceId(filter.instance)!.ordinal) {
      return false;
    }
    const own = workflow === null ? undefined : this.#workflows.get(workflow)?.name;
    if (filter.fits !== undefined && !filter.fits({ ...event, event: name, workflow: own ?? null })) return false;
    if (filter.workflow === undefined) return true;
    return filter.workflow.endsWith('/') ? own?.startsWith(filter.workflow) === true : own === filter.workflow;
  }

  async #learnWorkflows(): Promise<void> {
    const all = await this.#store.workflows();
    this.#workflows = new Map(all.map(({ number, name, version }) => [number, { name, version }]));
  }

  async #told(found: readonly Found[]): Promise<AuditPage['events']> {
    const data = await AuditData.of(this.#store, found);
    return found.map(event => {
      const { row, root, ordinal, place } = event;
      const workflow = event.workflow === null ? undefined : this.#workflows.get(event.workflow);
      const record: AuditRecord = {
        at: new Date(event.atMs).toISOString(),
        event: event.name,
        shortName: event.shortName,
        family: event.family,
        workflow: workflow?.name ?? null,
        workflowVersion: workflow?.version ?? null,
        instance: root === null || ordinal === null ? null : instanceId(root, ordinal),
        action: event.action,
        attempt: event.attempt,
        engine: event.engine,
        user: data.user(event),
        message: event.message,
        data: data.data(event),
        seq: Number(row.seq),
      };
      return { record, cursor: cursorOf({ transaction: row.transaction, seq: row.seq, event: place }) };
    });
  }
}
