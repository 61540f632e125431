// Occurrences that turn out to concern nothing shared: taken out of their instances, they are items decided by themselves.

import type { Next } from '../../flow/transition.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { narrowed } from '../commit/narrowed.js';
import type { Occurrence, PlainItem } from './gathered.js';

export class TakenOut {
  /** Members by item. */
  readonly #found = new Map<CommitItem, number[]>();

  /** Leaves those of `kept` in `occurrences`. */
  take(occurrences: Occurrence[], kept: readonly Occurrence[]): void {
    for (const occurrence of occurrences) {
      if (kept.includes(occurrence)) continue;
      const members = this.#found.get(occurrence.item);
      if (members === undefined) this.#found.set(occurrence.item, [occurrence.member]);
      else members.push(occurrence.member);
    }
    occurrences.splice(0, occurrences.length, ...kept);
  }

  items(change: (item: CommitItem) => CommitItem, decide: (item: CommitItem) => Next): PlainItem[] {
    return [...this.#found].map(([item, members]) => {
      const own = narrowed(change(item), members);
      return { item: own, next: decide(own) };
    });
  }
}
