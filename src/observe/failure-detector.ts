// Tells a store that fails from one that failed once: five closely spaced commands, all failed. Pure: time comes in.
//
// A success begins the count anew; of a longer row only the latest five count, and only if they fall within `windowMs`.
// While the failures go on, the event is due again every `repeatMs`.

export interface FailureDetectorOptions {
  /** Failures in a row. Default 5. */
  readonly failures?: number;
  /** They are closely spaced when they fall within so long, milliseconds. Default 60,000. */
  readonly windowMs?: number;
  /** How often it is told while it lasts, milliseconds. Default 60,000. */
  readonly repeatMs?: number;
}

export class FailureDetector {
  readonly #failures: number;
  readonly #windowMs: number;
  readonly #repeatMs: number;
  /** Times of the latest failures in a row, at most `failures`. */
  #recentMs: number[] = [];
  #toldMs: number | null = null;

  constructor({ failures = 5, windowMs = 60_000, repeatMs = 60_000 }: FailureDetectorOptions = {}) {
    this.#failures = failures;
    this.#windowMs = windowMs;
    this.#repeatMs = repeatMs;
  }

  /** From the fifth closely spaced failure until the next success. */
  get isFailing(): boolean {
    return this.#toldMs !== null;
  }

  /** A command failed. True when `EngineDatabaseCommandsFailing` is to be raised now. */
  failed(nowMs: number): boolean {
    if (this.#toldMs !== null) {
      if (nowMs - this.#toldMs < this.#repeatMs) return false;
      this.#toldMs = nowMs;
      return true;
    }
    this.#recentMs.push(nowMs);
    if (this.#recentMs.length > this.#failures) this.#recentMs.shift();
    if (this.#recentMs.length < this.#failures || nowMs - this.#recentMs[0]! > this.#windowMs) return false;
    this.#recentMs = [];
    this.#toldMs = nowMs;
    return true;
  }

  /** A command succeeded. True when that ended a time of failing. */
  succeeded(): boolean {
    const wasFailing = this.isFailing;
    if (this.#recentMs.length > 0) this.#recentMs = [];
    this.#toldMs = null;
    return wasFailing;
  }
}
