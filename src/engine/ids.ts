// Ids made by this engine: UUIDv7, in order within a millisecond.

import { randomFillSync } from 'node:crypto';
import type { Clock } from '../observe/clock.js';
import { uuidV7 } from '../workflow/instance-id.js';

const poolBytes = 4_096;
const bytesPerId = 8;

export class IdSource {
  readonly #clock: Clock;
  readonly #pool = new Uint8Array(poolBytes);
  #poolAt = poolBytes;
  #lastMs = 0;
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Id of a segment, body or commit. */
  next(): string {
    return this.#make(false);
  }

  /** Id of a root: its low 16 bits are zero. */
  nextRoot(): string {
    return this.#make(true);
  }

  #make(isRoot: boolean): string {
    const nowMs = this.#clock.nowMs();
    // 4,096 ids a millisecond; past that, or when the clock steps back, ids run ahead of it rather than out of order.
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs;
      this.#sequence = 0;
    } else if (++this.#sequence > 0xfff) {
      this.#lastMs += 1;
      this.#sequence = 0;
    }
    if (this.#poolAt + bytesPerId > poolBytes) {
      randomFillSync(this.#pool);
      this.#poolAt = 0;
    }
    const random = this.#pool.subarray(this.#poolAt, this.#poolAt + bytesPerId);
    this.#poolAt += bytesPerId;
    return uuidV7(this.#lastMs, this.#sequence, random, isRoot);
  }
}
