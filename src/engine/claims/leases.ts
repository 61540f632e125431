// The leases of this engine's claims: renewed while the main loop makes progress. Nobody is told when a claim has been
// settled: the next renewal asks the queue, and what that no longer knows is dropped. So a claim stays here for a third
// of a lease after its end, and at 5,000 claims a second with the default lease that is 50,000 ids.

import { setImmediate as turned } from 'node:timers/promises';
import type { Clock, Timer } from '../../observe/clock.js';
import type { Claim, ExpiredSlice } from '../../queue/contract.js';
import type { EngineQueue } from '../queueing/steady-queue.js';

/** Claims in one call to the queue. Between two calls others have their turn. */
const claimsPerCall = 1_000;

/** Told of claims of whatever engine that have been put back, page by page; `atMs` is a time before that. */
export type OnExpired = (expired: readonly ExpiredSlice[], atMs: number) => void;

export class Leases {
  /** Ids. */
  readonly #claims = new Set<string>();
  readonly #queue: EngineQueue;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #timer: Timer | null = null;

  constructor(queue: EngineQueue, clock: Clock, leaseMs: number) {
    this.#queue = queue;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  add(claim: Claim): void {
    this.#claims.add(claim.id);
  }

  start(onExpired: OnExpired, onError: (error: unknown) => void): void {
    const tick = (): void => {
      this.#timer = this.#clock.setTimer(this.#leaseMs / 3, tick).unref();
      this.#renew(onExpired).catch(onError);
    };
    this.#timer = this.#clock.setTimer(this.#leaseMs / 3, tick).unref();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #renew(onExpired: OnExpired): Promise<void> {
    const claims = [...this.#claims];
    // Once at least: it also says that this queue is in use.
    for (let from = 0; from === 0 || from < claims.length; from += claimsPerCall) {
      if (from > 0) await turned();
      const some = claims.slice(from, from + claimsPerCall);
      for (const gone of await this.#queue.extend(some, this.#leaseMs)) this.#claims.delete(gone);
    }
    for (;;) {
      const askedAtMs = this.#clock.nowMs();
      const expired = await this.#queue.expire();
      if (expired.length === 0) return;
      onExpired(expired, askedAtMs);
    }
  }
}
