// The leases of this engine's claims: renewed while the main loop makes progress, dropped when they are settled.

import type { Clock, Timer } from '../observe/clock.js';
import type { Claim, Queue } from '../queue/contract.js';

export class Leases {
  readonly #claims = new Map<string, number>();
  readonly #queue: Queue;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #timer: Timer | null = null;

  constructor(queue: Queue, clock: Clock, leaseMs: number) {
    this.#queue = queue;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  add(claim: Claim): void {
    this.#claims.set(claim.id, claim.leaseUntilMs);
  }

  start(onExpired: (members: number) => void, onError: (error: unknown) => void): void {
    const tick = (): void => {
      this.#timer = this.#clock.setTimer(this.#leaseMs / 3, tick).unref();
      this.#renew(onExpired).catch(onError);
    };
    this.#timer = this.#clock.setTimer(this.#leaseMs / 3, tick).unref();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #renew(onExpired: (members: number) => void): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const claims = [...this.#claims.keys()];
    if (claims.length > 0) {
      for (const gone of await this.#queue.extend(claims, nowMs + this.#leaseMs)) this.#claims.delete(gone);
    }
    const expired = await this.#queue.expire(nowMs);
    if (expired > 0) onExpired(expired);
  }
}
