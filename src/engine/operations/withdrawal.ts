// What an operation takes out of the queue before its commit, so that nobody begins it meanwhile, and puts back if the commit
// is refused or fails.

import type { Slice } from '../../queue/contract.js';
import { clearBitsOf } from '../../store/bitmap.js';
import type { Segment } from '../../store/contract.js';
import { slicesOf } from '../claims/running.js';
import type { EngineParts } from '../parts.js';
import { offerOf } from '../queueing/offers.js';
import type { Members } from '../shared/main-line.js';
import { fateAt } from './member-requests.js';

export interface Waiting {
  readonly segment: Segment;
  /** Positions that wait (or stand paused or failed), ascending. */
  readonly waiting: Uint16Array;
  /** Positions that are executing. */
  readonly executing: Uint16Array;
}

export class Withdrawal {
  readonly #world: Pick<EngineParts, 'queue' | 'isShared' | 'wake'>;

  constructor(world: Pick<EngineParts, 'queue' | 'isShared' | 'wake'>) {
    this.#world = world;
  }

  /** What was withdrawn for `work` goes back unless it has succeeded, also when it throws. */
  async orPutBack(sorted: readonly Waiting[], work: () => Promise<boolean>): Promise<boolean> {
    let isDone = false;
    try {
      isDone = await work();
    } finally {
      if (!isDone) await this.#putBack(sorted);
    }
    return isDone;
  }

  /** Take what waits out of the queue; what is claimed is executing. */
  async take(members: readonly Members[]): Promise<Waiting[]> {
    const parts = members.flatMap(({ segment, positions }) =>
      positions.length === segment.open
        ? [{ segment, from: 0, to: segment.ordinals.length }]
        : slicesOf(segment.id, positions).map(({ from, to }) => ({ segment, from, to })),
    );
    return sorted(members, await this.takeOut(parts));
  }

  /** As `take`, but what waits stays where it is, and may have been claimed by the time this is read. */
  async look(members: readonly Members[]): Promise<Waiting[]> {
    const ids = members.map(({ segment }) => segment.id);
    return sorted(members, ids.length === 0 ? [] : await this.#world.queue.claimed(ids));
  }

  /** A queue that does not answer may have taken them out all the same, or some: they are offered again at once. */
  async takeOut(parts: readonly { segment: Segment; from: number; to: number }[]): Promise<Slice[]> {
    const { queue } = this.#world;
    try {
      await queue.withdraw(parts.map(({ segment, from, to }) => ({ segment: segment.id, from, to })));
      return await queue.claimed(parts.map(({ segment }) => segment.id));
    } catch (error) {
      await this.#putBack(
        parts.map(({ segment, from, to }) => ({
          segment,
          waiting: openOf(segment).filter(at => at >= from && at < to),
          executing: new Uint16Array(),
        })),
      );
      throw error;
    }
  }

  async #putBack(sorted: readonly Waiting[]): Promise<void> {
    await this.offer(
      sorted.map(({ segment, waiting }) => ({
        segment,
        positions: waiting.filter(at => fateAt(segment, at) !== 'held'),
      })),
    );
  }

  async offer(parts: readonly { segment: Segment; positions: Uint16Array }[]): Promise<void> {
    const offers = parts.flatMap(({ segment, positions }) =>
      slicesOf(segment.id, positions).map(({ from, to }) => ({
        ...offerOf(segment, from, to),
        // Others may have committed some of it since it was read.
        redelivered: this.#world.isShared,
      })),
    );
    if (offers.length > 0) await this.#world.queue.offer(offers);
    this.#world.wake();
  }
}

function sorted(members: readonly Members[], claimed: readonly Slice[]): Waiting[] {
  const bySegment = new Map<string, Slice[]>();
  for (const slice of claimed) bySegment.set(slice.segment, [...(bySegment.get(slice.segment) ?? []), slice]);
  return members.map(({ segment, positions }) => {
    const own = bySegment.get(segment.id) ?? [];
    const isClaimed = (position: number): boolean => own.some(({ from, to }) => position >= from && position < to);
    return { segment, waiting: positions.filter(at => !isClaimed(at)), executing: positions.filter(isClaimed) };
  });
}

/** Positions of a segment's members that are there still, ascending. */
export function openOf({ gone, ordinals }: Segment): Uint16Array {
  return clearBitsOf(gone, ordinals.length);
}
