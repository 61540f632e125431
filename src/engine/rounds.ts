// Rounds of some work, one after the other: the next begins a while after the last is over.
//
// Invariants:
//   R1. A chain of timers belongs to one start and ends with its stop.
//   R2. When a stop is over no round is under way: what comes next may start again, or close what the rounds use.

import type { Clock, Timer } from '../observe/clock.js';

/** From a start to its stop. */
interface Life {
  timer: Timer | null;
  round: Promise<void>;
}

export class Rounds {
  readonly #round: () => Promise<void>;
  readonly #everyMs: number;
  readonly #clock: Clock;
  #life: Life | null = null;

  /** @param round tells of its failures by itself, and never rejects */
  constructor(round: () => Promise<void>, everyMs: number, clock: Clock) {
    this.#round = round;
    this.#everyMs = everyMs;
    this.#clock = clock;
  }

  /** Begin; a chain that was begun before ends. */
  start(firstInMs = this.#everyMs): void {
    this.#life?.timer?.cancel();
    const life: Life = { timer: null, round: Promise.resolve() };
    this.#life = life;
    this.#setTimer(life, firstInMs);
  }

  /** Resolves when the round under way, if any, is over (R2). */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    life.timer?.cancel();
    await life.round;
  }

  #setTimer(life: Life, inMs: number): void {
    const begin = (): void => {
      life.round = this.#round().then(() => {
        if (this.#life === life) this.#setTimer(life, this.#everyMs); // R1
      });
    };
    life.timer = this.#clock.setTimer(inMs, begin).unref();
  }
}
