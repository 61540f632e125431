// How long a stop waits for what depends on a store or a queue that may be in trouble. What has not come by then is left:
// it is in the store, and the next engine finds it.

import type { Clock } from '../observe/clock.js';

export class Deadline {
  readonly #clock: Clock;
  readonly #dueMs: number;
  readonly #missed: string[] = [];

  constructor(clock: Clock, inMs: number) {
    this.#clock = clock;
    this.#dueMs = clock.monotonicMs() + inMs;
  }

  /** What did not come in time, by name. */
  get missed(): readonly string[] {
    return this.#missed;
  }

  /**
   * Resolves when the work is done, or at the deadline; work that is done already is never missed. What the work does
   * afterwards, failing included, is its own to tell.
   *
   * @throws what the work says in time
   */
  async meet(name: string, work: Promise<unknown>): Promise<void> {
    let late = (): void => undefined;
    const isLate = new Promise<'late'>(resolve => {
      late = () => resolve('late');
    });
    const timer = this.#clock.setTimer(Math.max(0, this.#dueMs - this.#clock.monotonicMs()), late);
    try {
      if ((await Promise.race([work.then(() => 'done' as const), isLate])) === 'late') this.#missed.push(name);
    } finally {
      timer.cancel();
    }
  }
}
