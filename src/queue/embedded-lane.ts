// A lane of the embedded queue: a branch with either one own priority or the inherited one, so all its entries have the same
// base priority, and with one key or none where there are rules for keys. What is ready in it stands in rungs: entries that will always have the same effective priority, or of which
// the one that comes first has the higher one, so that a rung needs no more than a heap and its head.
//
// Ordered by eligible time all of a lane is one rung: what became eligible earlier has aged more. Ordered by creation time it
// is one where nothing ages, else one for each step of the window in which entries became eligible.

import type { FairnessWindow } from './contract.js';
import { type Entry, entryBefore, filedUnderMs } from './embedded-entry.js';
import { type Head, stepsUntil } from './embedded-heads.js';
import type { Line } from './embedded-line.js';
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
  rungs: Map<number, Rung> | null = null;
  /** Entries that name this lane. */
  entryCount = 0;
  /** Where all stand that wait, ready or not, if its key is in strict order; then its rungs are empty. */
  line: Line | null = null;

  constructor(
    readonly branch: string,
    /** Its members' own priority, or `null`: they inherit. */
    readonly ownPriority: number | null,
    /** Of its members; `null`: they have none, or it did not matter when they came. */
    readonly key: string | null,
    /** Where its heads are. */
    public node: ThrottleNode,
  ) {}
}

/** What is to get the rank of what has reached priority 1, and when. */
export class Ageing implements HeapItem {
  heapIndex = -1;
  dueMs = 0;
  constructor(readonly head: LaneHead) {}
}

/** A head of lanes, not of a node below. */
export interface LaneHead extends Head {
  readonly node: ThrottleNode;
  readonly window: FairnessWindow;
  /** Waiting while its first ages. */
  ageing: Ageing | null;
  /** Reckon anew how it compares, at a time. Returns when it will be 0, or `null` when it changes no more. */
  reckon(nowMs: number): number | null;
}

/** The rank of an entry at a time. */
export function reckoned({ eligibleAtMs, lane: { priority, window } }: Entry, nowMs: number): number {
  if (window === 'off') return priority;
  const rank = priority + stepsUntil(eligibleAtMs, window);
  return (rank - 1) * window <= nowMs ? 0 : rank;
}

export class Rung extends IndexedHeap<Entry> implements LaneHead {
  heapIndex = -1;
  rank = 0;
  readonly tag = 0;
  filedAtMs = 0;
  entry!: Entry;
  ageing: Ageing | null = null;

  constructor(
    readonly lane: Lane,
    /** Its place in `lane.rungs`, if it is there. */
    readonly step: number,
  ) {
    super(entryBefore);
  }

  get node(): ThrottleNode {
    return this.lane.node;
  }

  get window(): FairnessWindow {
    return this.lane.window;
  }

  reckon(nowMs: number): number | null {
    const { window } = this.lane;
    this.entry = this.first!;
    this.rank = reckoned(this.entry, nowMs);
    this.filedAtMs = filedUnderMs(this.entry);
    return this.rank === 0 || window === 'off' ? null : (this.rank - 1) * window;
  }
}

/** The rung an entry belongs to, as long as its lane is ordered as it is; made if need be. */
export function rungOf(entry: Entry): Rung {
  const { lane } = entry;
  if (!lane.fifo || lane.window === 'off') return lane.onlyRung;
  const step = stepsUntil(entry.eligibleAtMs, lane.window);
  lane.rungs ??= new Map();
  let rung = lane.rungs.get(step);
  if (rung === undefined) {
    rung = new Rung(lane, step);
    lane.rungs.set(step, rung);
  }
  return rung;
}

/** Those with something ready. */
export function rungsOf(lane: Lane): Rung[] {
  const byStep = lane.rungs?.values() ?? [];
  return lane.onlyRung.size > 0 ? [lane.onlyRung, ...byStep] : [...byStep];
}
