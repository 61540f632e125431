// Contexts that another of their instance withdraws in the very commit in which they move on or fail: they have left, and
// what they came to is not applied. Their claims are settled all the same.

import type { CommitItem } from '../commit-builder.js';
import { narrowed } from '../narrowed.js';
import type { SharedWork } from './decide.js';
import { keyOf } from './gathered.js';

export function sortedOut({ plain, decided }: SharedWork): {
  readonly staying: CommitItem[];
  readonly withdrawn: CommitItem[];
} {
  const gone = new Map<string, ReadonlySet<number>>();
  for (const { step, members } of decided) {
    if (step.leaving.length === 0) continue;
    const contexts = new Set(step.leaving);
    for (const { gathered } of members) gone.set(keyOf(gathered.root, gathered.ordinal), contexts);
  }
  const staying: CommitItem[] = [];
  const withdrawn: CommitItem[] = [];
  for (const { item } of plain) {
    const { root, context, ordinals } = item.held.segment;
    const isGone = Array.from(
      item.positions,
      position => gone.get(keyOf(root, ordinals[position]!))?.has(context) === true,
    );
    const some = (what: boolean): number[] => isGone.flatMap((each, member) => (each === what ? [member] : []));
    if (some(false).length > 0) staying.push(narrowed(item, some(false)));
    if (some(true).length > 0) withdrawn.push(narrowed(item, some(true)));
  }
  return { staying, withdrawn };
}
