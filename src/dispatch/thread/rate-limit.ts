// So many a second, the rest is counted: user code that never stops must not fill the main thread.

export class RateLimit {
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;
  #dropped = 0;

  constructor(readonly perSecondMax: number) {}

  /** Whether one more may pass now; counted as dropped when not. @param nowMs `performance.now()` */
  allows(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= 1_000) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    if (this.#inWindow === this.perSecondMax) {
      this.#dropped += 1;
      return false;
    }
    this.#inWindow += 1;
    return true;
  }

  /** How many were dropped since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
