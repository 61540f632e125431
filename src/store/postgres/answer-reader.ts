// What a server sends, cut into answers: everything up to and with a ReadyForQuery.
//
// Invariants:
//   A1. An answer is whole and is its receiver's own: rows may be views of it for as long as they like.
//   A2. No more is held than one unfinished answer; a buffer that grew large for one is given back.

import { readyForQuery } from '../wire.js';

const startBytes = 64 * 1024;
/** A buffer that grew beyond this is given back when it is empty. */
const keptBytes = 4 * 1024 * 1024;
/** PostgreSQL's own limit; a longer message is not one of the protocol. */
const messageBytesMax = 2 ** 30;
const headerBytes = 5;

export class AnswerReader {
  readonly #onAnswer: (answer: Buffer) => void;
  #buffer: Buffer = Buffer.allocUnsafeSlow(startBytes);
  #used = 0;
  /** Offset of the first message that has not been looked at. */
  #next = 0;

  constructor(onAnswer: (answer: Buffer) => void) {
    this.#onAnswer = onAnswer;
  }

  /** What has come of an answer that is not finished. */
  get unfinished(): Buffer {
    return this.#buffer.subarray(0, this.#used);
  }

  /** @throws {RangeError} when what comes is not the protocol */
  push(chunk: Uint8Array): void {
    this.#reserve(this.#used + chunk.length);
    this.#buffer.set(chunk, this.#used);
    this.#used += chunk.length;
    let start = 0;
    let needed = 0;
    while (this.#next + headerBytes <= this.#used) {
      const length = this.#buffer.readInt32BE(this.#next + 1);
      if (length < 4 || length > messageBytesMax) throw new RangeError(`a message of ${length} bytes`);
      const end = this.#next + 1 + length;
      if (end > this.#used) {
        needed = end;
        break;
      }
      const kind = this.#buffer[this.#next];
      this.#next = end;
      if (kind !== readyForQuery) continue;
      const answer = Buffer.allocUnsafeSlow(end - start); // A1; not from the pool, of which a row would keep 8 kB
      this.#buffer.copy(answer, 0, start, end);
      start = end;
      this.#onAnswer(answer);
    }
    this.#drop(start);
    this.#reserve(needed - start);
  }

  #drop(bytes: number): void {
    this.#buffer.copyWithin(0, bytes, this.#used);
    this.#used -= bytes;
    this.#next -= bytes;
    if (this.#used === 0 && this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafeSlow(startBytes);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
    this.#buffer.copy(bigger, 0, 0, this.#used);
    this.#buffer = bigger;
  }
}
