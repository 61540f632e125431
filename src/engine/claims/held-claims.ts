// What this engine holds of its claims, so that it can be announced to a new epoch of the queue.

import type { AnnouncedClaim, Claim, Offer, Slice } from '../../queue/contract.js';
import type { Segment } from '../../store/contract.js';
import { without } from './slices.js';

interface HeldClaim {
  readonly slices: readonly Slice[];
  readonly givenBack: Slice[];
  /** Members not given back, or fewer when some were twice. */
  left: number;
  /** What is executing; `null` while it is being read. */
  parts: readonly HandedOver[] | null;
}

/** Members of a segment that went to the threads. */
export interface HandedOver {
  readonly held: { readonly segment: Segment };
}

export class HeldClaims {
  readonly #claims = new Map<string, HeldClaim>();

  has(claim: string): boolean {
    return this.#claims.has(claim);
  }

  took({ id, slices, count }: Claim): void {
    this.#claims.set(id, { slices, givenBack: [], left: count, parts: null });
  }

  /** From now on it must be announced: it executes. */
  handedOver(claim: string, parts: readonly HandedOver[]): void {
    const held = this.#claims.get(claim);
    if (held !== undefined) held.parts = parts;
  }

  /** Counted only, since most claims are given back whole; cut out when the count says that nothing is left. */
  gaveBack(claim: string, slices: readonly Slice[]): void {
    const held = this.#claims.get(claim);
    if (held === undefined) return;
    for (const slice of slices) {
      held.givenBack.push(slice);
      held.left -= slice.to - slice.from;
    }
    if (held.left > 0) return;
    // The same may have been given back twice.
    const left = without(held.slices, held.givenBack);
    if (left.length === 0) this.#claims.delete(claim);
    else this.#claims.set(claim, { ...held, slices: left, givenBack: [], left: membersOf(left) });
  }

  forget(claim: string): void {
    this.#claims.delete(claim);
  }

  /** What is held, as it can be put back. Claims that are being read are given up: nothing of them executes. */
  announced(offerOf: (segment: Segment, from: number, to: number) => Offer): AnnouncedClaim[] {
    const announced: AnnouncedClaim[] = [];
    for (const [id, { slices, givenBack, parts }] of this.#claims) {
      if (parts === null) {
        this.#claims.delete(id);
        continue;
      }
      const segments = new Map(parts.map(({ held: { segment } }) => [segment.id, segment]));
      const offers = without(slices, givenBack).flatMap(({ segment: of, from, to }) => {
        const segment = segments.get(of);
        // A segment that was gone when it was read has nobody who executes.
        return segment === undefined ? [] : [offerOf(segment, from, to)];
      });
      announced.push({ id, slices: offers });
    }
    return announced;
  }
}

function membersOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { from, to }) => sum + to - from, 0);
}
