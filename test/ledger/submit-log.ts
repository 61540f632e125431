// The submit log: what a submitter sent, and what it was told.
//
// Append-only, one JSON line each: `sent` before the batch is sent, `acked` with the ids after the acknowledgement. The
// writer is test/fixtures/ledger/append.mjs. An acknowledged instance must exist for ever; one that was only sent may.

import { readRecords } from './ledger.js';

export { recordAcked, recordSent } from '../fixtures/ledger/append.mjs';

export interface SentRecord {
  readonly kind: 'sent';
  /** Unique over all processes. */
  readonly batch: string;
  /** Workflow of each member, in order. */
  readonly workflows: readonly string[];
  readonly atMs: number;
}

export interface AckedRecord {
  readonly kind: 'acked';
  readonly batch: string;
  /** Ids in the order of the batch. */
  readonly ids: readonly string[];
  readonly atMs: number;
}

export type SubmitRecord = SentRecord | AckedRecord;

/** What the checker needs of the log. */
export interface Submitted {
  readonly acked: readonly { readonly instance: string; readonly workflow: string }[];
  /** Instances by workflow that were sent and never acknowledged: each may exist or not. */
  readonly unanswered: ReadonlyMap<string, number>;
}

/** Join the `sent` and `acked` of each batch. Throws when the log contradicts itself: the harness is broken then. */
export function submittedOf(records: readonly SubmitRecord[]): Submitted {
  const sent = new Map<string, SentRecord>();
  const acked: { instance: string; workflow: string }[] = [];
  for (const record of records) {
    if (record.kind === 'sent') {
      sent.set(record.batch, record);
      continue;
    }
    const batch = sent.get(record.batch);
    if (batch === undefined) throw new Error(`batch ${record.batch} was acknowledged but not sent, or twice`);
    if (batch.workflows.length !== record.ids.length) {
      throw new Error(`batch ${record.batch}: ${batch.workflows.length} sent, ${record.ids.length} ids acknowledged`);
    }
    for (const [i, instance] of record.ids.entries()) acked.push({ instance, workflow: batch.workflows[i]! });
    sent.delete(record.batch);
  }
  const unanswered = new Map<string, number>();
  for (const { workflows } of sent.values()) {
    for (const workflow of workflows) unanswered.set(workflow, (unanswered.get(workflow) ?? 0) + 1);
  }
  return { acked, unanswered };
}

export function readSubmitLog(file: string): { submitted: Submitted; torn: number } {
  const { records, torn } = readRecords<SubmitRecord>(file);
  return { submitted: submittedOf(records), torn };
}
