// When a thread is started in place of a lost one: at once when somebody was blamed for the loss, for that cannot go on
// for ever. A loss that nobody explains may come again at once (a module that ends its thread from a timer, a heap too
// small to start in), so after it there is a pause, doubled each time until a member is answered.

import type { Verdict } from './culprit.js';

const pauseMsMin = 100;
const pauseMsMax = 5_000;

export class Relaunch {
  /** Losses nobody was blamed for since a member was last answered. */
  #unexplained = 0;

  /** @returns how long to wait before another thread is started */
  lost({ culprit, suspects }: Verdict): number {
    if (culprit !== null || suspects.length > 0) return 0;
    this.#unexplained += 1;
    return Math.min(pauseMsMax, pauseMsMin * 2 ** (this.#unexplained - 1));
  }

  /** A thread has answered: threads are of use. */
  answered(): void {
    this.#unexplained = 0;
  }
}
