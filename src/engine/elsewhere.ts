// Waiting for instances that other engines of the cluster end. What ends here is told at once (`results.ts`); for the rest
// the store is asked, all roots that are waited for together, several times a second and only while somebody waits.

import type { Clock, Timer } from '../observe/clock.js';
import type { Results } from './results.js';

const everyMs = 100;
/** Roots in one question to the store; with more they take turns. */
const rootsMax = 500;

export class Elsewhere {
  readonly #results: Results;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  #timer: Timer | null = null;
  #from = 0;

  constructor(results: Results, clock: Clock, onFailure: (error: unknown) => void) {
    this.#results = results;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  start(): void {
    const timer = this.#clock
      .setTimer(everyMs, () => {
        void this.#look().then(() => {
          // Stopped meanwhile, or started again: then another chain goes on.
          if (this.#timer === timer) this.start();
        });
      })
      .unref();
    this.#timer = timer;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #look(): Promise<void> {
    const all = this.#results.awaited();
    if (all.length === 0) return;
    if (this.#from >= all.length) this.#from = 0;
    const roots = all.slice(this.#from, this.#from + rootsMax);
    this.#from += roots.length;
    await this.#results.lookUp(roots).catch(this.#onFailure);
  }
}
