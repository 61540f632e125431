// Any number of instances from an iterable, in memory that does not grow with it.
//
// Invariants:
//   M1. Read ahead are at most the batches under way and one more: a slow server slows the reading down.
//   M2. Each batch has a key, or names: one whose answer was lost is sent again and stored once.
//   M3. The first refusal ends it: nothing more is read, what is under way is waited for.

import type { SubmitRecord } from '../api/schema/instances.js';
import { abortable } from './abort.js';
import { laterBatchKey, newBatchKey } from './batch-key.js';
import { MillraceError } from './errors.js';
import { type ReadBatch, RecordReader } from './record-reader.js';
import { sendBatch } from './submit-batch.js';
import type { Transport } from './transport.js';

export interface SubmitManyProgress {
  /** Durable. */
  readonly submitted: number;
  /** Taken from the iterable. */
  readonly read: number;
}

export interface SubmitManyOptions {
  /**
   * Key of the first batch (`newBatchKey`); the others are counted from it. The same records under the same key again, in
   * another process too, answer the same ids: a job that was cut off is begun again from its beginning.
   */
  readonly key?: string;
  /** Batches on their way at once. Default 4; with 1 instances are stored in the order of the iterable. */
  readonly batchesUnderWay?: number;
  /** After each batch. */
  readonly onProgress?: (progress: SubmitManyProgress) => void;
  /** The ids of records that are durable, and the index of the first of them; batches may overtake one another. */
  readonly onAccepted?: (ids: readonly string[], index: number) => void;
  readonly signal?: AbortSignal;
}

export interface SubmittedMany {
  readonly submitted: number;
}

export async function submitMany(
  transport: Transport,
  records: Iterable<SubmitRecord> | AsyncIterable<SubmitRecord>,
  options: SubmitManyOptions,
): Promise<SubmittedMany> {
  const { key, batchesUnderWay = 4, onProgress, onAccepted, signal } = options;
  if (!Number.isInteger(batchesUnderWay) || batchesUnderWay < 1 || batchesUnderWay > 64) {
    throw new MillraceError('OPTION_INVALID', `batchesUnderWay: must be a whole number from 1 to 64`);
  }
  signal?.throwIfAborted();
  const reader = new RecordReader(records, transport.clock, key === undefined);
  const underWay = new Set<Promise<void>>();
  let submitted = 0;
  let failure: { readonly error: unknown } | null = null;
  let number = 0;
  const send = async ({ index, records }: ReadBatch, batchKey: string | null): Promise<void> => {
    const { ids, failure: why, culprit } = await sendBatch(transport, { key: batchKey, records }, signal);
    const stored = ids.filter(id => id !== null);
    submitted += stored.length;
    // Of a batch with names the first of it may be stored and the rest not.
    if (stored.length > 0) onAccepted?.(stored, index);
    onProgress?.({ submitted, read: reader.count });
    if (why !== null)
      throw culprit === null ? why : why.at(index + culprit, inWordsOfStream(why.detail, index + culprit));
  };
  try {
    while (failure === null) {
      const batch = await abortable(reader.next(), signal);
      if (batch === null) break;
      const named = batch.records[0]!.named !== 'no';
      const own = key === undefined ? newBatchKey(transport.clock) : laterBatchKey(key, number);
      number += 1;
      const sending: Promise<void> = send(batch, named ? null : own)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
      if (underWay.size >= batchesUnderWay) await Promise.race(underWay);
    }
  } catch (error) {
    failure ??= { error };
  } finally {
    reader.stop();
    await Promise.all(underWay);
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  return { submitted };
}

function inWordsOfStream(detail: string, index: number): string {
  return `record ${index}: ${detail.replace(/^line \d+: /, '')}`;
}
