// Failures to which no error handler applies after all, which only the scopes of the instance can tell: what fails inside of a
// handler takes the built-in way, and an error action outside of one only fails.

import type { SharedState } from '../../flow/shared/state.js';
import type { Next } from '../../flow/transition.js';
import type { Segment } from '../../store/contract.js';
import type { CommitItem } from '../commit-builder.js';
import { narrowed } from '../narrowed.js';
import type { GatheredInstance, Occurrence, PlainItem } from './gathered.js';

export class Unhandled {
  /** Members by item. */
  readonly #found = new Map<CommitItem, number[]>();

  /** Take out of an instance what no handler applies to. */
  takeFrom({ occurrences }: GatheredInstance, state: SharedState): void {
    if (!occurrences.some(isOfHandler)) return;
    const kept = occurrences.filter(occurrence => {
      const { what, scope } = occurrence.happening;
      if (!isOfHandler(occurrence)) return true;
      const isInside = isInHandler(state, scope);
      return what.kind === 'gaveUp' ? isInside : !isInside;
    });
    for (const occurrence of occurrences) {
      if (kept.includes(occurrence)) continue;
      const members = this.#found.get(occurrence.item);
      if (members === undefined) this.#found.set(occurrence.item, [occurrence.member]);
      else members.push(occurrence.member);
    }
    occurrences.splice(0, occurrences.length, ...kept);
  }

  /** What was taken out, as items that are decided by themselves. */
  items(decide: (item: CommitItem) => Next): PlainItem[] {
    return [...this.#found].map(([item, members]) => {
      const own = narrowed(withoutHandler(item), members);
      return { item: own, next: decide(own) };
    });
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
