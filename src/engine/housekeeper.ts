// Gives the store time to keep its house, every few seconds, never two rounds at once.

import type { Clock, Timer } from '../observe/clock.js';
import type { LogEvents } from '../observe/log-events.js';
import type { Store } from '../store/contract.js';
import type { EngineMetrics } from './engine-metrics.js';

const everyMs = 2_000;

export class Housekeeper {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: LogEvents;
  readonly #metrics: EngineMetrics;
  readonly #onFailure: (error: unknown) => void;
  #timer: Timer | null = null;

  constructor(store: Store, clock: Clock, log: LogEvents, metrics: EngineMetrics, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#onFailure = onFailure;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(everyMs, () => void this.#round()).unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #round(): Promise<void> {
    try {
      const report = await this.#store.keepHouse(this.#clock.nowMs());
      this.#metrics.houseMs.record(report.longestMs);
      if (report.rotated.length > 0 || report.checkpointed)
        this.#log.houseKept({ ...report, rotated: report.rotated.join(' ') });
    } catch (error) {
      this.#onFailure(error);
    }
    // Stopped meanwhile: no further round.
    if (this.#timer !== null) this.start();
  }
}
