// Claims that have adopted what is in hand: an engine whose lease had ended may be given what it is executing itself.
//
// Invariant C7 of the committer: such a claim holds what is in hand until that is durable and its batch has ended, and no
// longer.

import type { CommitItem } from '../commit/commit-builder.js';
import type { SteadyQueue } from '../queueing/steady-queue.js';
import { slicesOf } from './running.js';

/** Members in hand under an earlier claim, whose lease had ended. */
interface Adopted {
  readonly claim: string;
  readonly positions: readonly number[];
}

export class AdoptedClaims {
  readonly #queue: Pick<SteadyQueue, 'settle'>;
  /** Positions of a segment that are in hand. */
  readonly #inHand: (segment: string) => ReadonlySet<number>;
  /** By segment. */
  readonly #adopted = new Map<string, Adopted[]>();

  constructor(queue: Pick<SteadyQueue, 'settle'>, inHand: (segment: string) => ReadonlySet<number>) {
    this.#queue = queue;
    this.#inHand = inHand;
  }

  add(claim: string, segment: string, positions: readonly number[]): void {
    this.#adopted.set(segment, [...(this.#adopted.get(segment) ?? []), { claim, positions }]);
  }

  /** Whatever became of the items or parts: what is left of them is in hand. Never rejects. */
  async settle(items: readonly Pick<CommitItem, 'held'>[]): Promise<void> {
    if (this.#adopted.size === 0) return;
    for (const segment of new Set(items.map(({ held }) => held.segment.id))) {
      const adopted = this.#adopted.get(segment);
      if (adopted === undefined) continue;
      const inHand = this.#inHand(segment);
      const kept = adopted.map(({ claim, positions }) => ({
        claim,
        positions: positions.filter(at => inHand.has(at)),
      }));
      const left = kept.filter(({ positions }) => positions.length > 0);
      if (left.length > 0) this.#adopted.set(segment, left);
      else this.#adopted.delete(segment);
      for (const { claim, positions } of adopted) {
        const done = positions.filter(at => !inHand.has(at));
        if (done.length > 0) await this.#queue.settle(claim, slicesOf(segment, done));
      }
    }
  }

  /** All there are; they are forgotten, and the caller's to release. */
  takeAll(): { readonly claim: string; readonly segment: string; readonly positions: readonly number[] }[] {
    const all = [...this.#adopted].flatMap(([segment, claims]) => claims.map(claim => ({ ...claim, segment })));
    this.#adopted.clear();
    return all;
  }
}
