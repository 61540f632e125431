// A stream of records as durable batches: `submitMany`.

import type { SubmitRecord } from './submit-record.js';

/** What `submitMany` reports while it goes. */
export interface SubmitProgress {
  readonly submitted: number;
}

export interface SubmitManyOptions {
  /** Who submits, for the audit. Default: the operating-system user. */
  readonly submitter?: string;
  /** Called after each durable batch. */
  readonly onProgress?: (progress: SubmitProgress) => void;
  /** Called with the ids of each durable batch, in order. Absent: ids are not kept. */
  readonly onAccepted?: (ids: readonly string[]) => void;
  readonly signal?: AbortSignal;
}

const submitBatchRecords = 500;
/** Batches of `submitMany` on their way to the store at once: enough to keep it busy, few enough to bound memory. */
const submitBatchesUnderWay = 4;

/** Resolves with how many were stored; rejects after all that was taken from the stream has been answered. */
export async function submitStream(
  records: Iterable<SubmitRecord> | AsyncIterable<SubmitRecord>,
  { signal, onAccepted, onProgress }: SubmitManyOptions,
  submit: (batch: readonly SubmitRecord[]) => Promise<string[]>,
): Promise<number> {
  const underWay: Promise<void>[] = [];
  let submitted = 0;
  let batch: SubmitRecord[] = [];
  let told: Promise<unknown> = Promise.resolve();
  const send = (): void => {
    const own = batch;
    batch = [];
    const before = told;
    const answered = submit(own).then(async ids => {
      // A store may answer the later one first; it is told in its turn.
      await before;
      submitted += ids.length;
      onAccepted?.(ids);
      onProgress?.({ submitted });
    });
    underWay.push(answered);
    // A failing batch is reported where it is awaited.
    told = answered.catch(() => undefined);
  };
  try {
    for await (const record of records) {
      signal?.throwIfAborted();
      batch.push(record);
      if (batch.length < submitBatchRecords) continue;
      send();
      if (underWay.length >= submitBatchesUnderWay) await underWay.shift();
    }
  } finally {
    // However it ends, what was taken from the stream is stored, and every batch has been answered.
    if (batch.length > 0) send();
    await Promise.allSettled(underWay);
  }
  await Promise.all(underWay);
  return submitted;
}
