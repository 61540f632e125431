// Submits of single callers. Those made in one turn of the event loop, or while a request is under way, travel together.
//
// Invariants:
//   S1. A request has at most 500 instances; as many requests are under way as there are servers.
//   S2. Each caller hears of its own records only: one that is refused is taken out, and the others are sent again.
//   S3. The records of a call that have no names are in one batch: all of them are stored, or none.
//   S4. What waits is bounded; beyond it a call is refused at once.

import type { SubmitRecord } from '../api/schema/instances.js';
import { abortable } from './abort.js';
import { newBatchKey } from './batch-key.js';
import { nextTurn } from './client-clock.js';
import { MillraceError } from './errors.js';
import { recordText } from './record-text.js';
import { type BatchRecord, sendBatch } from './submit-batch.js';
import type { Transport } from './transport.js';
import { batchInstancesMax, batchLengthGood } from './wire.js';

export interface SubmitOptions {
  /** Key of the call's instances as a batch (`newBatchKey`): the same again answers the same ids. None may have a name. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

interface SubmitCall {
  readonly ids: string[];
  left: number;
  readonly resolve: (ids: string[]) => void;
  readonly reject: (error: unknown) => void;
}

interface PendingRecord extends BatchRecord {
  readonly call: SubmitCall;
  /** Position in its call. */
  readonly at: number;
}

/** Records of one call that go together. */
interface Part {
  readonly key: string | null;
  readonly records: readonly PendingRecord[];
  readonly length: number;
  readonly signal: AbortSignal | undefined;
}

type Kind = BatchRecord['named'];
const kinds: readonly Kind[] = ['no', 'repeatable', 'once'];

export class Submitter {
  readonly #transport: Transport;
  readonly #underWayMax: number;
  readonly #pendingMax: number;
  /** Those without names go under a key; one that may not be repeated must not keep others from it. */
  readonly #waiting: Record<Kind, Part[]> = { no: [], repeatable: [], once: [] };
  #pending = 0;
  #underWay = 0;
  #isScheduled = false;

  constructor(transport: Transport, underWayMax: number, pendingMax: number) {
    this.#transport = transport;
    this.#underWayMax = underWayMax;
    this.#pendingMax = pendingMax;
  }

  async submit(records: readonly SubmitRecord[], { key, signal }: SubmitOptions): Promise<string[]> {
    signal?.throwIfAborted();
    if (records.length === 0) return [];
    if (records.length > batchInstancesMax) {
      throw new MillraceError(
        'INPUT_INVALID',
        `a submit has at most ${batchInstancesMax} records, found ${records.length}; submitMany takes any number`,
      );
    }
    const texts = records.map(recordText);
    const named = texts.findIndex(text => text.named !== 'no');
    if (key !== undefined && named >= 0) {
      const detail = `record ${named}: name: cannot be given together with a key`;
      throw new MillraceError('INPUT_INVALID', detail, { index: named });
    }
    if (this.#pending + records.length > this.#pendingMax) {
      throw new MillraceError('PENDING_TOO_MANY', `${this.#pending} instances wait to be sent; use submitMany`);
    }
    const answer = new Promise<string[]>((resolve, reject) => {
      const call: SubmitCall = { ids: new Array<string>(records.length), left: records.length, resolve, reject };
      const pending = texts.map((text, at): PendingRecord => ({ ...text, call, at }));
      for (const kind of kinds) {
        const records = pending.filter(each => each.named === kind);
        if (records.length > 0) this.#add(kind, { key: key ?? null, records, length: lengthOf(records), signal });
      }
    });
    return abortable(answer, signal);
  }

  #add(kind: Kind, part: Part): void {
    this.#waiting[kind].push(part);
    this.#pending += part.records.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTurn(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#underWay < this.#underWayMax) {
      const parts = this.#take('no') ?? this.#take('repeatable') ?? this.#take('once');
      if (parts === null) return;
      this.#underWay += 1;
      this.#send(parts)
        .catch((error: unknown) => rejectAll(parts, error))
        .finally(() => {
          this.#underWay -= 1;
          this.#pump();
        });
    }
  }

  /** What goes in one request (S1); a part with a key of its caller's alone. */
  #take(kind: Kind): Part[] | null {
    const waiting = this.#waiting[kind];
    let count = 0;
    let length = 0;
    let taken = 0;
    for (const part of waiting) {
      const isFirst = taken === 0;
      if (!isFirst && (part.key !== null || count + part.records.length > batchInstancesMax)) break;
      if (!isFirst && length + part.length > batchLengthGood) break;
      taken += 1;
      count += part.records.length;
      length += part.length;
      if (part.key !== null) break;
    }
    if (taken === 0) return null;
    this.#pending -= count;
    // Whoever has left by now has heard so.
    return waiting.splice(0, taken).filter(({ signal }) => signal?.aborted !== true);
  }

  /** S2. */
  async #send(parts: readonly Part[]): Promise<void> {
    let left = parts;
    while (left.length > 0) {
      const records = left.flatMap(part => part.records);
      const isKeyed = records[0]!.named === 'no';
      const key = isKeyed ? (left[0]!.key ?? newBatchKey(this.#transport.clock)) : null;
      const { ids, failure, culprit } = await sendBatch(this.#transport, { key, records }, undefined);
      for (const [position, id] of ids.entries()) if (id !== null) answer(records[position]!, id);
      if (failure === null) return;
      left = unanswered(left, records, ids);
      const blamed = culprit === null ? null : records[culprit]!;
      if (blamed !== null) {
        blamed.call.reject(failure.at(blamed.at, inWordsOfCall(failure.detail, blamed)));
        left = left.filter(({ records }) => records[0]!.call !== blamed.call);
      } else if (isOfOne(failure) && left.length > 1) {
        // Somebody among them is to blame: each goes alone.
        for (const part of left) await this.#send([part]);
        return;
      } else {
        rejectAll(left, failure);
        return;
      }
    }
  }
}

function lengthOf(records: readonly PendingRecord[]): number {
  return records.reduce((sum, { text }) => sum + text.length, 0);
}

function answer({ call, at }: PendingRecord, id: string): void {
  call.ids[at] = id;
  call.left -= 1;
  if (call.left === 0) call.resolve(call.ids);
}

function rejectAll(parts: readonly Part[], error: unknown): void {
  for (const { records } of parts) for (const { call } of records) call.reject(error);
}

/** The parts without the records that have their ids. */
function unanswered(
  parts: readonly Part[],
  records: readonly PendingRecord[],
  ids: readonly (string | null)[],
): readonly Part[] {
  const stored = new Set(records.filter((_, position) => ids[position] !== null));
  if (stored.size === 0) return parts;
  return parts
    .map(part => ({ ...part, records: part.records.filter(record => !stored.has(record)) }))
    .filter(part => part.records.length > 0);
}

/** A fault of what was sent, not of the server. */
function isOfOne({ status }: MillraceError): boolean {
  return status !== null && status >= 400 && status < 500 && status !== 429;
}

/** The server counts the lines of the request, which the caller does not know. */
function inWordsOfCall(detail: string, { call, at }: PendingRecord): string {
  const words = detail.replace(/^line \d+: /, '');
  return call.ids.length > 1 ? `record ${at}: ${words}` : words;
}
