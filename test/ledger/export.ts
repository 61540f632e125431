// From flat exported rows, as SQL gives them, to the maps the checker reads. Rows may come in any order.

import type { AuditEvent } from './audit-grammar.js';
import type { HistoryEntry } from './checker.js';

/** One appearance of an instance in the history or among the open ones. */
export interface HistoryRow {
  readonly instance: string;
  readonly workflow: string;
  readonly state: HistoryEntry['state'];
  readonly trail?: readonly string[];
}

export interface AuditExportRow extends AuditEvent {
  readonly instance: string;
}

/** Counts appearances; a final state wins over `open`. */
export function historyOf(rows: Iterable<HistoryRow>): Map<string, HistoryEntry> {
  const history = new Map<string, HistoryEntry>();
  for (const { instance, ...row } of rows) {
    const known = history.get(instance);
    const shown = known === undefined || known.state === 'open' ? row : known;
    history.set(instance, { ...shown, times: (known?.times ?? 0) + 1 });
  }
  return history;
}

/** Groups by instance and sorts by `seq`; two rows of one `seq` stay, for the checker to refuse. */
export function auditOf(rows: Iterable<AuditExportRow>): Map<string, AuditEvent[]> {
  const audit = new Map<string, AuditEvent[]>();
  for (const row of rows) {
    const events = audit.get(row.instance);
    if (events === undefined) audit.set(row.instance, [row]);
    else events.push(row);
  }
  for (const events of audit.values()) events.sort((a, b) => a.seq - b.seq);
  return audit;
}
