// A slow walk through the store, for ever: whatever is open there is offered again, and what the queue knows stays as it
// is. So an engine that died between a commit and its offer leaves nothing behind (D1). The master walks.

import type { Clock, Timer } from '../observe/clock.js';
import type { PageOffered } from './recovery.js';

/** A page of 1,000 segments a second: a million instances in segments of 500 take two seconds. */
const everyMs = 1_000;

export class Walk {
  readonly #offerPage: (after: string | null) => Promise<PageOffered>;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  #timer: Timer | null = null;
  #after: string | null = null;
  /** Walks that were begun anew. */
  #begins = 0;

  constructor(
    offerPage: (after: string | null) => Promise<PageOffered>,
    clock: Clock,
    onFailure: (error: unknown) => void,
  ) {
    this.#offerPage = offerPage;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  start(): void {
    this.stop();
    this.#next(everyMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** From the beginning, now: somebody has died. */
  hurry(): void {
    this.#after = null;
    this.#begins += 1;
    this.stop();
    this.#next(0);
  }

  #next(inMs: number): void {
    const timer = this.#clock
      .setTimer(inMs, () => {
        void this.#step().then(() => {
          // Stopped meanwhile, or started again: then another chain goes on.
          if (this.#timer === timer) this.#next(everyMs);
        });
      })
      .unref();
    this.#timer = timer;
  }

  async #step(): Promise<void> {
    const begins = this.#begins;
    try {
      const { after } = await this.#offerPage(this.#after);
      if (begins === this.#begins) this.#after = after;
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
