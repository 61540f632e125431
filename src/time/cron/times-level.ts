// All columns of the time of day as one level, where they come to few times: a sorted list instead of four levels.

import { dayMs } from '../civil.js';
import type { Level } from './search.js';

/** Times of a day that are listed: every minute, and twice as many. */
export const timesMax = 2_880;

export class TimesLevel implements Level {
  readonly unitMs = 1;
  readonly #times: Int32Array;

  /** @param times milliseconds since midnight, sorted, at least one */
  constructor(times: readonly number[]) {
    this.#times = Int32Array.from(times);
  }

  next(index: number): number {
    const midnightMs = Math.floor(index / dayMs) * dayMs;
    const place = this.#countBefore(index - midnightMs);
    return place < this.#times.length ? midnightMs + this.#times[place]! : midnightMs + dayMs + this.#times[0]!;
  }

  previous(index: number): number {
    const midnightMs = Math.floor(index / dayMs) * dayMs;
    const place = this.#countBefore(index - midnightMs + 1);
    return place > 0 ? midnightMs + this.#times[place - 1]! : midnightMs - dayMs + this.#times.at(-1)!;
  }

  /** How many times are before a time of day. */
  #countBefore(timeMs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
