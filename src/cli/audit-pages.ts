// Audit events from the store, in order, in pages: a long read would hold up every commit of an engine, and a whole
// audit does not fit into memory. A page is a few rows of `millrace_audit`; the view unfolds each to thousands of events.

import type { Engine } from '../engine/engine.js';
import { EngineError } from '../observe/errors.js';
import { splitInstanceId } from '../workflow/instance-id.js';
import type { Json } from '../workflow/model.js';

export interface AuditFilter {
  /** An instance's id. */
  readonly instance?: string;
  /** A workflow, or a branch with trailing `/`. */
  readonly workflow?: string;
  /** Dotted, short or custom name. */
  readonly event?: string;
  readonly sinceMs?: number;
  /** The last so many. Absent: all. */
  readonly limit?: number;
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

/** Rows of `millrace_audit` in a page, at most some 4,000 events each: few where all fit the filter, more where none does. */
const pageRows = { least: 4, most: 32 } as const;
const columns = `at_ms, event, short_name, family, workflow, workflow_version, instance, action, attempt, engine, username,
  message, data, seq`;

interface Condition {
  readonly text: string;
  readonly parameters: readonly string[];
}

export async function* auditEvents(engine: Engine, filter: AuditFilter): AsyncGenerator<AuditRecord> {
  const root = filter.instance === undefined ? null : rootOf(filter.instance);
  const condition = conditionOf(filter);
  let skip = 0;
  let after = '0';
  if (filter.limit !== undefined) {
    ({ skip, after } = await startOfLast(engine, filter.limit, { condition, root, sinceMs: filter.sinceMs ?? 0 }));
  }
  for (let limit: number = pageRows.least; ; ) {
    const rows = await auditRows(engine, { way: 'forward', beyond: after, limit, root, sinceMs: filter.sinceMs ?? 0 });
    if (rows.length === 0) return;
    const events = await engine.query(
      `select ${columns} from millrace_audit_event where ${condition.text}
       order by millrace_audit_event.seq, group_no, ordinal nulls first, step`,
      [rows[0]!, rows.at(-1)!, ...condition.parameters],
    );
    for (const event of events) {
      if (skip > 0) skip -= 1;
      else yield recordOf(event);
    }
    after = rows.at(-1)!;
    limit = nextLimit(limit, events.length);
  }
}

/** Walks back from the end until `limit` events are found: behind which row they begin, and how many to leave out. */
async function startOfLast(
  engine: Engine,
  limit: number,
  { condition, root, sinceMs }: { condition: Condition; root: string | null; sinceMs: number },
): Promise<{ after: string; skip: number }> {
  let start = '9223372036854775807';
  let found = 0;
  for (let rowLimit: number = pageRows.least; found < limit; ) {
    const rows = await auditRows(engine, { way: 'back', beyond: start, limit: rowLimit, root, sinceMs });
    if (rows.length === 0) break;
    const [count] = await engine.query(`select count(*) from millrace_audit_event where ${condition.text}`, [
      rows.at(-1)!,
      rows[0]!,
      ...condition.parameters,
    ]);
    const matching = Number(count?.[0] ?? 0);
    found += matching;
    start = rows.at(-1)!;
    rowLimit = nextLimit(rowLimit, matching);
  }
  return { after: (BigInt(start) - 1n).toString(), skip: Math.max(0, found - limit) };
}

function nextLimit(limit: number, matching: number): number {
  return matching > 0 ? pageRows.least : Math.min(limit * 2, pageRows.most);
}

/** `seq` of the next rows of the audit, in the order they are walked. */
async function auditRows(
  engine: Engine,
  page: { way: 'forward' | 'back'; beyond: string; limit: number; root: string | null; sinceMs: number },
): Promise<string[]> {
  const { way, beyond, limit, root, sinceMs } = page;
  const rows = await engine.query(
    `select seq from millrace_audit where seq ${way === 'forward' ? '>' : '<'} $1::bigint and at >= $2::bigint
     ${root === null ? '' : 'and root = $4::uuid'} order by seq ${way === 'forward' ? '' : 'desc'} limit $3::int`,
    [beyond, String(sinceMs), String(limit), ...(root === null ? [] : [root])],
  );
  return rows.map(([seq]) => seq!);
}

/** What the events of a page must be; $1 and $2 are the page. A row is written after its events, so `at` may be used. */
function conditionOf({ instance, workflow, event, sinceMs }: AuditFilter): Condition {
  const parameters: string[] = [];
  const parameter = (value: string): string => `$${parameters.push(value) + 2}`;
  const terms = ['millrace_audit_event.seq between $1::bigint and $2::bigint'];
  if (instance !== undefined) {
    const parts = splitInstanceId(instance)!;
    // With the call that submitted it, which speaks of all of its root.
    terms.push(
      `root = ${parameter(parts.root)}::uuid`,
      `(ordinal = ${parameter(String(parts.ordinal))}::int or ordinal is null)`,
    );
  }
  if (workflow !== undefined) {
    terms.push(
      workflow.endsWith('/')
        ? `starts_with(workflow, ${parameter(workflow)}::text)`
        : `workflow = ${parameter(workflow)}::text`,
    );
  }
  if (event !== undefined) terms.push(`event = ${parameter(event)}::text`);
  if (sinceMs !== undefined) terms.push(`at_ms >= ${parameter(String(sinceMs))}::bigint`);
  return { text: terms.join(' and '), parameters };
}

function rootOf(instance: string): string {
  const parts = splitInstanceId(instance);
  if (parts === null) throw new EngineError('INSTANCE_UNKNOWN', `"${instance}" is no instance id`);
  return parts.root;
}

function recordOf(row: readonly (string | null)[]): AuditRecord {
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
