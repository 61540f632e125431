// A lane of the embedded queue: a branch with either one own priority or the inherited one, so all its entries have the same
// base priority. What is ready in it stands in rungs: entries that will always have the same effective priority, or of which
// the one that comes first has the higher one, so that a rung needs no more than a heap and its head.
//
// Ordered by eligible time all of a lane is one rung: what became eligible earlier has aged more. Ordered by creation time it
// is one where nothing ages, else one for each step of the window in which entries became eligible.

import type { FairnessWindow } from './contract.js';
import { type Entry, entryBefore } from './embedded-entry.js';
import { type Head, stepsUntil } from './embedded-heads.js';
import type { ThrottleNode } from './embedded-throttle-node.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';

export class Lane {
  /** Base of the effective priority. */
  priority = 0;
  /** Ordered by creation time, not by eligible time. */
  fifo = false;
  window: FairnessWindow = 'off';
  /** Where all stand that are ready, unless both are set; then it is empty. */
  readonly onlyRung: Rung = new Rung(this, 0);
  /** Else by step: those with something ready. */
  readonly rungs = new Map<number, Rung>();
  /** Entries that name this lane. */
  entryCount = 0;

  constructor(
    readonly branch: string,
    /** Its members' own priority, or `null`: they inherit. */
    readonly ownPriority: number | null,
    /** Where its heads are. */
    public node: ThrottleNode,
  ) {}
}

/** What is to get the rank of what has reached priority 1, and when. */
export class Ageing implements HeapItem {
  heapIndex = -1;
  dueMs = 0;
  constructor(readonly rung: Rung) {}
}

export class Rung implements Head {
  heapIndex = -1;
  rank = 0;
  readonly ready = new IndexedHeap<Entry>(entryBefore);
  /** Waiting while its head ages. */
  ageing: Ageing | null = null;

  constructor(
    readonly lane: Lane,
    /** Its place in `lane.rungs`, if it is there. */
    readonly step: number,
  ) {}

  get first(): Entry {
    return this.ready.first!;
  }

  /** Reckon the rank of its head anew, at a time. Returns when it will be 0, or `null` when it changes no more. */
  reckon(nowMs: number): number | null {
    const { priority, window } = this.lane;
    if (window === 'off') {
      this.rank = priority;
      return null;
    }
    const rank = priority + stepsUntil(this.first.eligibleAtMs, window);
    const dueMs = (rank - 1) * window;
    this.rank = dueMs <= nowMs ? 0 : rank;
    return this.rank === 0 ? null : dueMs;
  }
}

/** The rung an entry belongs to, as long as its lane is ordered as it is; made if need be. */
export function rungOf(entry: Entry): Rung {
  const { lane } = entry;
  if (!lane.fifo || lane.window === 'off') return lane.onlyRung;
  const step = stepsUntil(entry.eligibleAtMs, lane.window);
  let rung = lane.rungs.get(step);
  if (rung === undefined) {
    rung = new Rung(lane, step);
    lane.rungs.set(step, rung);
  }
  return rung;
}

/** Those with something ready. */
export function rungsOf(lane: Lane): Rung[] {
  return lane.onlyRung.ready.size > 0 ? [lane.onlyRung, ...lane.rungs.values()] : [...lane.rungs.values()];
}
