// Gives the store time to keep its house, every few seconds, never two rounds at once.

import type { Clock } from '../observe/clock.js';
import type { LogEvents } from '../observe/log-events.js';
import type { Store } from '../store/contract.js';
import type { EngineMetrics } from './engine-metrics.js';
import { Rounds } from './rounds.js';

const everyMs = 2_000;

export class Housekeeper {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: LogEvents;
  readonly #metrics: EngineMetrics;
  readonly #onFailure: (error: unknown) => void;
  readonly #rounds: Rounds;

  constructor(store: Store, clock: Clock, log: LogEvents, metrics: EngineMetrics, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#onFailure = onFailure;
    this.#rounds = new Rounds(() => this.#round(), everyMs, clock);
  }

  start(): void {
    this.#rounds.start();
  }

  /** Resolves when the round under way, if any, is over. */
  stop(): Promise<void> {
    return this.#rounds.stop();
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
  }
}
