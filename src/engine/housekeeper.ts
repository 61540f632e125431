// Gives the store time to keep its house, every few seconds, never two rounds at once.
//
// Invariants:
//   H1. A chain of timers belongs to one start and ends with its stop.
//   H2. When a stop is over no round is under way: what comes next may start again, or close the store.

import type { Clock, Timer } from '../observe/clock.js';
import type { LogEvents } from '../observe/log-events.js';
import type { Store } from '../store/contract.js';
import type { EngineMetrics } from './engine-metrics.js';

const everyMs = 2_000;

/** From a start to its stop. */
interface Life {
  timer: Timer | null;
  round: Promise<void>;
}

export class Housekeeper {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: LogEvents;
  readonly #metrics: EngineMetrics;
  readonly #onFailure: (error: unknown) => void;
  #life: Life | null = null;

  constructor(store: Store, clock: Clock, log: LogEvents, metrics: EngineMetrics, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#onFailure = onFailure;
  }

  start(): void {
    const life: Life = { timer: null, round: Promise.resolve() };
    this.#life = life;
    this.#setTimer(life);
  }

  /** Resolves when the round under way, if any, is over (H2). */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    life.timer?.cancel();
    await life.round;
  }

  #setTimer(life: Life): void {
    const begin = (): void => {
      life.round = this.#round(life);
    };
    life.timer = this.#clock.setTimer(everyMs, begin).unref();
  }

  async #round(life: Life): Promise<void> {
    try {
      const report = await this.#store.keepHouse(this.#clock.nowMs());
      this.#metrics.houseMs.record(report.longestMs);
      if (report.rotated.length > 0 || report.checkpointed)
        this.#log.houseKept({ ...report, rotated: report.rotated.join(' ') });
    } catch (error) {
      this.#onFailure(error);
    }
    if (this.#life === life) this.#setTimer(life); // H1
  }
}
