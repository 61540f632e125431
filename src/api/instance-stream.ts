// A stream of instances: lines in, batches to the engine, answer lines out. See `schema/protocol.ts`.
//
// Invariants:
//   T1. Answers come in the order of the instances, each after its batch is durable.
//   T2. A refused line keeps everything behind it from being stored: a batch is checked before the next is read.
//   T3. Memory is bounded: a few batches under way, answers that wait to be read, one line. Beyond that the stream is
//       read no further, which the sender feels.
//   T4. What is there goes at once: a batch is not kept waiting for 500 while the store has nothing to do.

import type { Engine } from '../engine/engine.js';
import { EngineError, type ErrorCode } from '../observe/errors.js';
import { instanceId, splitInstanceId } from '../workflow/instance-id.js';
import { LineReader, type Lines } from './lines.js';
import type { AcceptedLine } from './schema/instances.js';
import { limits } from './schema/protocol.js';
import { LineFault, ServiceFault } from './service-fault.js';
import { type StreamBatch, StreamBatches } from './stream-batches.js';

/** Enough to keep the store busy. */
const batchesUnderWayMax = 4;

const faultsOfBatches: ReadonlySet<ErrorCode> = new Set(['INPUT_INVALID', 'KEY_REUSED', 'NAME_TAKEN']);

/** Where answers go. */
export interface AnswerWriter {
  /** Resolves at once unless too much waits to be read. */
  write(lines: string): Promise<void>;
}

export class InstanceStream {
  readonly #engine: Engine;
  readonly #user: string | undefined;
  readonly #answers: AnswerWriter;
  readonly #batches = new StreamBatches();
  /** Answers of the batches before and of the last one, told (T1). */
  #told: Promise<void> = Promise.resolve();
  #sending: Promise<void> = Promise.resolve();
  #underWay = 0;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(engine: Engine, user: string | undefined, answers: AnswerWriter) {
    this.#engine = engine;
    this.#user = user;
    this.#answers = answers;
  }

  /**
   * Read to the end; resolves with how many instances were stored.
   *
   * @throws what stopped the stream, after all that was accepted has been told
   */
  async run(chunks: AsyncIterable<Buffer>): Promise<number> {
    const reader = new LineReader();
    try {
      for await (const chunk of chunks) {
        await this.#takeAll(reader.push(chunk));
        this.#sendPending();
      }
      await this.#takeAll(reader.end());
      await this.#send(this.#batches.cut());
      this.#batches.end();
    } catch (error) {
      this.#failure ??= { error };
    }
    await this.#told;
    if (this.#failure !== null) throw (this.#failure as { readonly error: unknown }).error;
    return this.#batches.instances;
  }

  async #takeAll({ lines, fault }: Lines): Promise<void> {
    for (const line of lines) {
      const batch = this.#batches.take(line);
      if (batch !== null) await this.#send(batch);
    }
    if (fault === null) return;
    const line = this.#batches.line + 1;
    const place = { line, index: this.#batches.instances };
    if (fault === 'not-utf8') throw new ServiceFault('REQUEST_INVALID', `line ${line}: is not UTF-8`, place);
    throw new ServiceFault('BODY_TOO_LARGE', `line ${line}: has more than ${limits.bodyBytesMax} bytes`, place);
  }

  /** T4. */
  #sendPending(): void {
    if (this.#underWay > 0 || this.#failure !== null || !this.#batches.hasPending) return;
    const batch = this.#batches.cut();
    if (batch !== null)
      void this.#send(batch).catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }

  /** Resolves when the next batch may be read (T3). One after the other (T1). @throws what has stopped the stream */
  #send(batch: StreamBatch | null): Promise<void> {
    const sent = this.#sending.then(() => this.#sendNext(batch));
    // Whoever sent it is told; those behind it look at `#failure`.
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  async #sendNext(batch: StreamBatch | null): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
    if (batch === null) return;
    const checked = await this.#engine.checkAnew(batch.records, batch.key);
    this.#underWay += 1;
    const stored = this.#engine.submitChecked(checked, this.#user);
    const before = this.#told;
    this.#told = stored
      .then(
        ids => before.then(() => this.#answers.write(answersOf(ids, batch.index))),
        (error: unknown) => this.#failed(batch, error),
      )
      .catch((error: unknown) => this.#failed(batch, error))
      .then(() => before)
      .finally(() => {
        this.#underWay -= 1;
        this.#wake();
        this.#sendPending();
      });
    // T2. What the engine answers is the same, once it has recorded the call.
    if (checked.fault !== null) this.#failed(batch, checked.fault);
    while (this.#underWay >= batchesUnderWayMax && this.#failure === null) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== null) throw (this.#failure as { readonly error: unknown }).error;
  }

  #failed({ index, lines }: StreamBatch, error: unknown): void {
    // What is wrong with a batch as a whole is told at its first instance.
    const at = error instanceof EngineError ? (error.record ?? (faultsOfBatches.has(error.code) ? 0 : null)) : null;
    const place = at === null ? {} : { line: lines[at]!, index: index + at };
    this.#failure ??= { error: at === null ? error : new LineFault(error, place) };
  }
}

/** Runs of ids that count up. */
function answersOf(ids: readonly string[], index: number): string {
  let text = '';
  for (let from = 0; from < ids.length; ) {
    const first = ids[from]!;
    const { root, ordinal } = splitInstanceId(first)!;
    let count = 1;
    while (from + count < ids.length && ids[from + count] === instanceId(root, ordinal + count)) count += 1;
    text += `${JSON.stringify({ index: index + from, count, first } satisfies AcceptedLine)}\n`;
    from += count;
  }
  return text;
}
