// Sets of slices: what of a claim is still held.

import type { Slice } from '../../queue/contract.js';

/** `slices` without the positions of `gone`. Both may name a segment several times. */
export function without(slices: readonly Slice[], gone: readonly Slice[]): Slice[] {
  const bySegment = new Map<string, Slice[]>();
  for (const slice of gone) {
    const list = bySegment.get(slice.segment);
    if (list === undefined) bySegment.set(slice.segment, [slice]);
    else list.push(slice);
  }
  return slices.flatMap(slice => {
    let left: Slice[] = [slice];
    for (const cut of bySegment.get(slice.segment) ?? []) left = left.flatMap(part => cutOut(part, cut));
    return left;
  });
}

function cutOut(slice: Slice, { from, to }: Slice): Slice[] {
  if (to <= slice.from || from >= slice.to) return [slice];
  const parts: Slice[] = [];
  if (from > slice.from) parts.push({ ...slice, to: from });
  if (to < slice.to) parts.push({ ...slice, from: to });
  return parts;
}
