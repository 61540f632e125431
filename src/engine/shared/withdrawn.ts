// Contexts that another of their instance withdraws in the very commit in which they move on or fail: they have left, and
// what they came to is not applied. Their claims are settled all the same.

import type { CommitItem } from '../commit/commit-builder.js';
import { parted } from '../commit/narrowed.js';
import type { SharedWork } from './decide.js';
import { keyOf } from './gathered.js';

export function sortedOut({ plain, decided }: SharedWork): {
  readonly staying: CommitItem[];
  readonly withdrawn: CommitItem[];
} {
  const leaving = new Map<string, ReadonlySet<number>>();
  for (const { step, members } of decided) {
    if (step.leaving.length === 0) continue;
    const contexts = new Set(step.leaving);
    for (const { gathered } of members) leaving.set(keyOf(gathered.root, gathered.ordinal), contexts);
  }
  const { kept, gone } = parted(
    plain.map(({ item }) => item),
    ({ held: { segment } }, position) =>
      leaving.get(keyOf(segment.root, segment.ordinals[position]!))?.has(segment.context) === true,
  );
  return { staying: kept, withdrawn: gone };
}
