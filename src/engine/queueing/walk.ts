// A slow walk through the store, for ever: whatever is open there is offered again, and what the queue knows stays as it
// is. So an engine that died between a commit and its offer leaves nothing behind (D1). The master walks.

import type { Clock } from '../../observe/clock.js';
import { Rounds } from '../rounds.js';
import type { PageOffered } from './recovery.js';

/** A page of 1,000 segments a second: a million instances in segments of 500 take two seconds. */
const everyMs = 1_000;

export class Walk {
  readonly #offerPage: (after: string | null) => Promise<PageOffered>;
  readonly #onFailure: (error: unknown) => void;
  readonly #rounds: Rounds;
  #after: string | null = null;
  /** Walks that were begun anew. */
  #begins = 0;

  constructor(
    offerPage: (after: string | null) => Promise<PageOffered>,
    clock: Clock,
    onFailure: (error: unknown) => void,
  ) {
    this.#offerPage = offerPage;
    this.#onFailure = onFailure;
    this.#rounds = new Rounds(() => this.#step(), everyMs, clock);
  }

  start(): void {
    this.#rounds.start();
  }

  /** A page under way is not waited for: a store out of reach would hold up whoever stops. */
  stop(): void {
    void this.#rounds.stop();
  }

  /** From the beginning, now: somebody has died. */
  hurry(): void {
    this.#after = null;
    this.#begins += 1;
    this.#rounds.start(0);
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
