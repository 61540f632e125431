// Failures to which no error handler applies after all, which only the scopes of the instance can tell: what fails inside of a
// handler takes the built-in way, and an error action outside of one only fails.

import type { SharedState } from '../../flow/shared/state.js';
import type { Next } from '../../flow/transition.js';
import type { Segment } from '../../store/contract.js';
import type { CommitItem } from '../commit/commit-builder.js';
import type { GatheredInstance, Occurrence, PlainItem } from './gathered.js';
import { TakenOut } from './taken-out.js';

export class Unhandled {
  readonly #found = new TakenOut();

  /** Take out of an instance what no handler applies to. */
  takeFrom({ occurrences }: GatheredInstance, state: SharedState): void {
    if (!occurrences.some(isOfHandler)) return;
    const kept = occurrences.filter(occurrence => {
      const { what, scope } = occurrence.happening;
      if (!isOfHandler(occurrence)) return true;
      const isInside = isInHandler(state, scope);
      return what.kind === 'gaveUp' ? isInside : !isInside;
    });
    this.#found.take(occurrences, kept);
  }

  /** What was taken out, as items that are decided by themselves. */
  items(decide: (item: CommitItem) => Next): PlainItem[] {
    return this.#found.items(withoutHandler, decide);
  }
}

function isOfHandler({ happening: { what } }: Occurrence): boolean {
  return what.kind === 'handed' || what.kind === 'gaveUp';
}

/** Whether contexts wait for an error handler: of all that waits they alone have failed. */
export function waitsForHandler({ state, failures }: Pick<Segment, 'state' | 'failures'>): boolean {
  return state === 'waiting' && failures !== null;
}

/** Whether contexts of a scope belong to a handler: it is one, or is inside of one. */
export function isInHandler({ open }: SharedState, scope: number): boolean {
  for (let at = open[scope]; at !== undefined; at = at.parent === null ? undefined : open[at.parent]) {
    if (at.kind === 'handler') return true;
  }
  return false;
}

function withoutHandler(item: CommitItem): CommitItem {
  if (item.outcome.kind !== 'failed') return item;
  const { handler: _, ...outcome } = item.outcome;
  return { ...item, outcome };
}
