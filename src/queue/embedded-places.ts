// What the embedded queue knows of each segment: the entries that hold its positions, whatever their place.
//
// Invariants:
//   P1. Entries of one segment do not overlap and stand in order of position. This is what makes Q2 hold.
//   P2. Nearly every segment is one entry, so one entry is kept without an array around it.

import type { Slice } from './contract.js';
import type { Entry } from './embedded-entry.js';

const none: readonly Entry[] = [];

export class Places {
  readonly #bySegment = new Map<string, Entry | Entry[]>();

  /** Entries holding some of the slice, in order; a copy, so that they can be split and removed on the way. */
  overlapping(slice: Slice): readonly Entry[] {
    const known = this.#bySegment.get(slice.segment);
    if (known === undefined) return none;
    if (!Array.isArray(known)) return known.from < slice.to && known.to > slice.from ? [known] : none;
    const first = firstEndingAfter(known, slice.from);
    let end = first;
    while (end < known.length && known[end]!.from < slice.to) end++;
    return known.slice(first, end);
  }

  /** The entry that holds a position. */
  at(segment: string, position: number): Entry | undefined {
    return this.overlapping({ segment, from: position, to: position + 1 })[0];
  }

  /** All entries there are. */
  *all(): Iterable<Entry> {
    for (const known of this.#bySegment.values()) {
      if (Array.isArray(known)) yield* known;
      else yield known;
    }
  }

  /** All entries of a segment, in order. */
  of(segment: string): readonly Entry[] {
    return this.overlapping({ segment, from: 0, to: Number.POSITIVE_INFINITY });
  }

  add(entry: Entry): void {
    const known = this.#bySegment.get(entry.segment);
    if (known === undefined) this.#bySegment.set(entry.segment, entry);
    else if (Array.isArray(known)) known.splice(firstEndingAfter(known, entry.from), 0, entry);
    else this.#bySegment.set(entry.segment, known.from < entry.from ? [known, entry] : [entry, known]);
  }

  remove(entry: Entry): void {
    const known = this.#bySegment.get(entry.segment);
    if (!Array.isArray(known)) {
      this.#bySegment.delete(entry.segment);
      return;
    }
    known.splice(firstEndingAfter(known, entry.from), 1);
    if (known.length === 1) this.#bySegment.set(entry.segment, known[0]!);
  }
}

/** Index of the first entry that ends after `position`, by halving. */
function firstEndingAfter(entries: readonly Entry[], position: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.to > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
