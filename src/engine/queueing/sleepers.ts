// What waits at triggers for a far time is in the store alone, and brought to the queue when its time is near: a million
// sleepers cost disk and an index entry (D1). Filling a queue, a commit and an operation leave them out alike.
//
// Invariants:
//   W1. Whatever becomes eligible within `queueHorizonMs` is in the queue, or brought there by the next round; a round comes
//       several times in a horizon.
//   W2. Offering what is known does nothing, so it does not matter whether two engines do it.

import type { Clock } from '../../observe/clock.js';
import type { Offer, Queue } from '../../queue/contract.js';
import type { Segment, Sleeper, Store } from '../../store/contract.js';
import { Rounds } from '../rounds.js';
import { offersOf } from './offers.js';

/** What waits for longer is not in the queue. */
export const queueHorizonMs = 300_000;
const everyMs = 60_000;
/** A page takes some 10 ms of the store. */
const pageSegments = 1_000;

/** Offers without what sleeps: its time is beyond the horizon. */
export function awake(offers: readonly Offer[], nowMs: number): readonly Offer[] {
  const isAsleep = ({ sleeps, eligibleAtMs }: Offer): boolean =>
    sleeps === true && eligibleAtMs > nowMs + queueHorizonMs;
  return offers.some(isAsleep) ? offers.filter(offer => !isAsleep(offer)) : offers;
}

export interface SleepersWorld {
  readonly store: Pick<Store, 'sleeping'>;
  readonly queue: Pick<Queue, 'offer'>;
  readonly clock: Clock;
  /** Of several engines one does it. */
  leads(): boolean;
  failed(error: unknown): void;
}

export class Sleepers {
  readonly #world: SleepersWorld;
  readonly #rounds: Rounds;
  /** When the last round was that has brought all: what became due while the machine slept is later than that. */
  #lastMs = Number.POSITIVE_INFINITY;

  constructor(world: SleepersWorld) {
    this.#world = world;
    this.#rounds = new Rounds(() => this.#round(), everyMs, world.clock);
  }

  start(): void {
    this.#rounds.start();
  }

  /** A page under way is not waited for: a store out of reach would hold up whoever stops. */
  stop(): void {
    void this.#rounds.stop();
  }

  async #round(): Promise<void> {
    const { store, queue, clock, leads, failed } = this.#world;
    if (!leads()) return;
    const nowMs = clock.nowMs();
    try {
      // Whatever comes due within a horizon was offered by the last round; twice a horizon covers what another engine failed to.
      const fromMs = Math.min(nowMs, this.#lastMs) - 2 * queueHorizonMs;
      let after: Sleeper | null = null;
      for (;;) {
        const page: Segment[] = await store.sleeping(fromMs, nowMs + queueHorizonMs, after, pageSegments);
        // Others may have committed some of it since it was read.
        await queue.offer(page.flatMap(offersOf).map(offer => ({ ...offer, redelivered: true })));
        if (page.length < pageSegments) break;
        after = page[page.length - 1]!;
      }
      this.#lastMs = nowMs;
    } catch (error) {
      failed(error);
    }
  }
}
