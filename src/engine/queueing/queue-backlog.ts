// What a queue out of reach could not be told, in the order in which it is told later. Bounded: offers are counted, and
// beyond a bound forgotten for a walk through the store, which offers everything.

import type { Offer, Queue, Slice } from '../../queue/contract.js';

/** Offers that wait at most. */
const offersMax = 50_000;
const offersPerCall = 1_000;

/** Part of a claim that is given back. */
export interface GivenBack {
  readonly kind: 'settle' | 'release';
  readonly claim: string;
  readonly slices: readonly Slice[];
}

export function giveBack(queue: Queue, { kind, claim, slices }: GivenBack): Promise<void> {
  switch (kind) {
    case 'settle':
      return queue.settle(claim, slices);
    case 'release':
      return queue.release(claim, slices);
  }
}

export class QueueBacklog {
  #offers: Offer[] = [];
  #mustWalk = false;
  /** As many as claims are held. */
  readonly #givenBack: GivenBack[] = [];

  get isEmpty(): boolean {
    return this.#givenBack.length === 0 && this.#offers.length === 0 && !this.#mustWalk;
  }

  addGivenBack(given: GivenBack): void {
    this.#givenBack.push(given);
  }

  /** They may have been committed, or offered by a walk, by the time they are told. */
  addOffers(offers: readonly Offer[]): void {
    if (this.#offers.length + offers.length > offersMax) {
      this.#offers = [];
      this.#mustWalk = true;
    }
    if (!this.#mustWalk) for (const offer of offers) this.#offers.push({ ...offer, redelivered: true });
  }

  /** A walk through the store begins, which will meet all that was to be offered. */
  forgetOffers(): void {
    this.#offers = [];
    this.#mustWalk = false;
  }

  async tell(queue: Queue, walk: () => Promise<unknown>): Promise<void> {
    while (this.#givenBack.length > 0) {
      await giveBack(queue, this.#givenBack[0]!);
      this.#givenBack.shift();
    }
    if (this.#mustWalk) {
      // What comes meanwhile waits again, since the walk may have passed it.
      this.#mustWalk = false;
      await walk().catch(error => {
        this.#mustWalk = true;
        throw error;
      });
    }
    while (this.#offers.length > 0) {
      const some = this.#offers.slice(0, offersPerCall);
      await queue.offer(some);
      this.#offers.splice(0, some.length);
    }
  }
}
