// Lines of a stream to batches: the instances of a key, or what has come, up to 500.

import type { SubmitRecord as EngineRecord } from '../engine/submit/submit-record.js';
import { quote } from '../workflow/fault.js';
import { BatchLine, SubmitRecord } from './schema/instances.js';
import { limits } from './schema/protocol.js';
import { ServiceFault } from './service-fault.js';

/** Instances that are stored together. */
export interface StreamBatch {
  /** `null`: the engine makes the ids. */
  readonly key: string | null;
  readonly records: EngineRecord[];
  /** Index in the stream of the first, from 0. */
  readonly index: number;
  /** Line of each, from 1. */
  readonly lines: number[];
}

const recordKeys: ReadonlySet<string> = new Set(Object.keys(SubmitRecord.properties));
const batchKeys: ReadonlySet<string> = new Set(Object.keys(BatchLine.properties));

interface OpenBatch extends StreamBatch {
  /** Instances it is to have: as many as fit, or as its line says. */
  readonly count: number;
  bytes: number;
}

export class StreamBatches {
  #line = 0;
  #index = 0;
  #open: OpenBatch | null = null;

  /** Instances so far. */
  get instances(): number {
    return this.#index;
  }

  /** The line read last, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Instances that wait for their batch to be cut. */
  get hasPending(): boolean {
    return this.#open !== null && this.#open.key === null;
  }

  /**
   * Take a line; the batches it completes: at a `BatchLine` what came before it, at an instance its own batch.
   *
   * @throws ServiceFault `REQUEST_INVALID`, `BODY_TOO_LARGE` with the line
   */
  take(text: string): StreamBatch | null {
    this.#line += 1;
    if (text.trim() === '') return null;
    const value = this.#parsed(text);
    if (Object.hasOwn(value, 'batch')) return this.#begin(value);
    for (const key in value) if (!recordKeys.has(key)) throw this.#fault(`unknown key ${quote(key)}`);
    this.#open ??= { key: null, count: limits.batchInstancesMax, bytes: 0, records: [], index: this.#index, lines: [] };
    const open = this.#open;
    open.records.push(value as unknown as EngineRecord);
    open.lines.push(this.#line);
    open.bytes += text.length;
    this.#index += 1;
    if (open.bytes > limits.batchBytesMax && open.key !== null) {
      const detail = `the lines of a batch have at most ${limits.batchBytesMax} bytes`;
      throw new ServiceFault('BODY_TOO_LARGE', detail, { line: this.#line, index: this.#index - 1 });
    }
    return open.records.length === open.count || open.bytes > limits.batchBytesMax ? this.cut() : null;
  }

  /** What waits, as a batch; one with a key only when it is whole. */
  cut(): StreamBatch | null {
    const open = this.#open;
    if (open === null || (open.key !== null && open.records.length < open.count)) return null;
    this.#open = null;
    return open;
  }

  /** @throws ServiceFault when a batch with a key was cut short */
  end(): void {
    if (this.#open === null) return;
    const { count, records } = this.#open;
    throw this.#fault(`the stream ends after ${records.length} of the ${count} instances of its batch`);
  }

  #begin(value: Record<string, unknown>): StreamBatch | null {
    for (const key in value) if (!batchKeys.has(key)) throw this.#fault(`unknown key ${quote(key)} beside "batch"`);
    const { batch: key, count } = value;
    const most = limits.batchInstancesMax;
    if (typeof key !== 'string') throw this.#fault('batch: must be a text, the key');
    if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > most) {
      throw this.#fault(`count: must be a whole number from 1 to ${most}`);
    }
    const before = this.cut();
    if (this.#open !== null) {
      throw this.#fault(
        `${this.#open.records.length} of the ${this.#open.count} instances of the batch before have come`,
      );
    }
    this.#open = { key, count: count as number, bytes: 0, records: [], index: this.#index, lines: [] };
    return before;
  }

  #parsed(text: string): Record<string, unknown> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.#fault(`is not JSON: ${quote((error as Error).message)}`);
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.#fault('is no JSON object');
  }

  #fault(detail: string): ServiceFault {
    return new ServiceFault('REQUEST_INVALID', `line ${this.#line}: ${detail}`, {
      line: this.#line,
      index: this.#index,
    });
  }
}
