// How much is let in: requests a second, and things that are held open.

import type { Clock } from '../observe/clock.js';
import { ServiceFault } from './service-fault.js';

/** What may be open at once. Each holds a connection and some memory. */
export const openMax = {
  /** Streams of instances. */
  streams: 64,
  /** Followers of the audit. */
  followers: 64,
  /** Waits for results. */
  waits: 1_500,
} as const;

export type OpenKind = keyof typeof openMax;

export class Gate {
  readonly #clock: Clock;
  readonly #requestsPerSecondMax: number;
  readonly #open: Record<OpenKind, number> = { streams: 0, followers: 0, waits: 0 };
  #tokens: number;
  #filledMs: number;

  /** @param requestsPerSecondMax on average; a burst may have as many at once */
  constructor(clock: Clock, requestsPerSecondMax: number) {
    this.#clock = clock;
    this.#requestsPerSecondMax = requestsPerSecondMax;
    this.#tokens = requestsPerSecondMax;
    this.#filledMs = clock.monotonicMs();
  }

  /** One request more. @throws ServiceFault `RATE_LIMITED` */
  admit(): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#filledMs) / 1_000) * this.#requestsPerSecondMax;
    this.#tokens = Math.min(this.#requestsPerSecondMax, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) {
      throw new ServiceFault('RATE_LIMITED', `at most ${this.#requestsPerSecondMax} requests a second are taken`);
    }
    this.#tokens -= 1;
  }

  /** Hold something open; call what is returned when it ends. @throws ServiceFault `OVERLOADED` */
  enter(kind: OpenKind): () => void {
    if (this.#open[kind] >= openMax[kind]) {
      throw new ServiceFault('OVERLOADED', `${openMax[kind]} ${kind} are open, no more are taken`);
    }
    this.#open[kind] += 1;
    let isOpen = true;
    return () => {
      if (isOpen) this.#open[kind] -= 1;
      isOpen = false;
    };
  }
}
