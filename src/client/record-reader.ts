// Records of an iterable, cut to batches as they come: by number, by length, where names begin or end, and, when the next
// is long in coming, at what is there.

import type { SubmitRecord } from '../api/schema/instances.js';
import type { ClientClock } from './client-clock.js';
import { recordText } from './record-text.js';
import type { BatchRecord } from './submit-batch.js';
import { batchInstancesMax, batchLengthGood } from './wire.js';

export interface ReadBatch {
  /** From 0, in the iterable. */
  readonly index: number;
  readonly records: readonly BatchRecord[];
}

/** What is there is sent when nothing has come for so long, ms. */
const lingerMs = 20;

export class RecordReader {
  readonly #iterator: Iterator<SubmitRecord> | AsyncIterator<SubmitRecord>;
  readonly #isAsync: boolean;
  readonly #clock: ClientClock;
  readonly #isCutByTime: boolean;
  /** Asked for, and not there when its batch was cut. */
  #asked: Promise<IteratorResult<SubmitRecord>> | null = null;
  /** Read, and no longer fit for the batch before. */
  #held: BatchRecord | null = null;
  #index = 0;
  #isOver = false;

  /** @param isCutByTime not when the same records must make the same batches again */
  constructor(records: Iterable<SubmitRecord> | AsyncIterable<SubmitRecord>, clock: ClientClock, isCutByTime: boolean) {
    this.#isAsync = Symbol.asyncIterator in records;
    this.#iterator = this.#isAsync
      ? (records as AsyncIterable<SubmitRecord>)[Symbol.asyncIterator]()
      : (records as Iterable<SubmitRecord>)[Symbol.iterator]();
    this.#clock = clock;
    this.#isCutByTime = isCutByTime;
  }

  /** Records read so far. */
  get count(): number {
    return this.#index;
  }

  /** `null` at the end. @throws what the iterable throws; MillraceError `INPUT_INVALID` with the record's index */
  async next(): Promise<ReadBatch | null> {
    const records: BatchRecord[] = [];
    let length = 0;
    const cut = (): ReadBatch | null =>
      records.length === 0 ? null : { index: this.#index - records.length - (this.#held === null ? 0 : 1), records };
    for (;;) {
      const record = this.#held ?? (await this.#read(records.length > 0));
      this.#held = null;
      if (record === 'end' || record === 'late') return cut();
      const isFull =
        records.length > 0 &&
        (records.length === batchInstancesMax ||
          length + record.text.length > batchLengthGood ||
          records[0]!.named !== record.named);
      if (isFull) {
        this.#held = record;
        return cut();
      }
      records.push(record);
      length += record.text.length;
      if (records.length === batchInstancesMax) return cut();
    }
  }

  /** Nothing more is wanted. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What it says to that is its own affair, and it may never say it.
    void Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
  }

  async #read(hasSome: boolean): Promise<BatchRecord | 'end' | 'late'> {
    if (this.#isOver) return 'end';
    let next: IteratorResult<SubmitRecord>;
    if (this.#isAsync) {
      const asked = this.#asked ?? (this.#iterator as AsyncIterator<SubmitRecord>).next();
      this.#asked = asked;
      const came = hasSome && this.#isCutByTime ? await this.#within(asked) : await asked;
      if (came === 'late') return 'late';
      this.#asked = null;
      next = came;
    } else next = (this.#iterator as Iterator<SubmitRecord>).next();
    if (next.done === true) {
      this.#isOver = true;
      return 'end';
    }
    const record = recordText(next.value, this.#index);
    this.#index += 1;
    return record;
  }

  #within(asked: Promise<IteratorResult<SubmitRecord>>): Promise<IteratorResult<SubmitRecord> | 'late'> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(lingerMs, () => resolve('late'));
      asked.then(resolve, reject).finally(cancel);
    });
  }
}
