// Counts the ends of a round: how many, how late, what they add up to. Every contestant reports into one.

import type { Outcome } from './contestant.js';
import { LatencyHistogram } from './latency-histogram.js';

export class Tally {
  readonly #size: number;
  readonly #onProgress: (completed: number) => void;
  readonly #latencies = new LatencyHistogram();
  readonly #finished: Promise<void>;
  #finish: () => void = () => {};
  #fail: (reason: Error) => void = () => {};
  #startedAtMs = 0;
  #endedAtMs = 0;
  #completed = 0;
  #checksum = 0;
  #actions = 0;

  constructor(size: number, onProgress: (completed: number) => void) {
    this.#size = size;
    this.#onProgress = onProgress;
    this.#finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#finished.catch(() => {}); // `fail` may come before anybody waits
  }

  /** The clock starts: call it right before the first submit. */
  start(): void {
    this.#startedAtMs = performance.now();
  }

  get completed(): number {
    return this.#completed;
  }

  /** An attempt of an action was executed. */
  action(): void {
    this.#actions++;
  }

  /** The end of an instance is stored. */
  end(submittedAtMs: number, score: number): void {
    const nowMs = performance.now();
    this.#latencies.add(nowMs - submittedAtMs);
    this.#checksum += score;
    this.#completed++;
    if (this.#completed % 500 === 0) this.#onProgress(this.#completed);
    if (this.#completed !== this.#size) return;
    this.#endedAtMs = nowMs;
    this.#finish();
  }

  /** The round cannot go on. */
  fail(reason: Error): void {
    this.#fail(reason);
  }

  /** Resolves when all have ended; rejects when nothing has ended for a minute. */
  async finished(stallMs = 60_000): Promise<void> {
    let seen = -1;
    const watch = setInterval(() => {
      if (seen === this.#completed) {
        this.#fail(new Error(`nothing ended for ${stallMs} ms: ${this.#completed} of ${this.#size} instances have`));
      }
      seen = this.#completed;
    }, stallMs);
    try {
      await this.#finished;
    } finally {
      clearInterval(watch);
    }
  }

  outcome(more: Partial<Pick<Outcome, 'actions' | 'storeBytes' | 'ratio' | 'remarks'>> = {}): Outcome {
    const seconds = (this.#endedAtMs - this.#startedAtMs) / 1_000;
    return {
      completed: this.#completed,
      seconds,
      perSecond: this.#completed / seconds,
      p50Ms: this.#latencies.percentileMs(0.5),
      p99Ms: this.#latencies.percentileMs(0.99),
      checksum: this.#checksum,
      actions: this.#actions,
      storeBytes: null,
      ratio: null,
      remarks: {},
      ...more,
    };
  }
}
