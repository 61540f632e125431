// Waiting for instances that other engines of the cluster end. What ends here is told at once (`results.ts`); for the rest
// the store is asked, all roots that are waited for together, several times a second and only while somebody waits.

import type { Clock } from '../../observe/clock.js';
import type { Results } from '../commit/results.js';
import { Rounds } from '../rounds.js';

const everyMs = 100;
/** Roots in one question to the store; with more they take turns. */
const rootsMax = 500;

export class Elsewhere {
  readonly #results: Results;
  readonly #onFailure: (error: unknown) => void;
  readonly #rounds: Rounds;
  #from = 0;

  constructor(results: Results, clock: Clock, onFailure: (error: unknown) => void) {
    this.#results = results;
    this.#onFailure = onFailure;
    this.#rounds = new Rounds(() => this.#look(), everyMs, clock);
  }

  start(): void {
    this.#rounds.start();
  }

  /** A look under way is not waited for: a store out of reach would hold up whoever stops. */
  stop(): void {
    void this.#rounds.stop();
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
