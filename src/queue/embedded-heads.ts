// Heads: what is first of several entries, and in which order such firsts are claimed.
//
// Among heads of one fairness window the order never changes while time passes, but for those that reach priority 1: they
// get the rank 0 then, once, and are ordered by time alone. Ranks of different windows do not compare, so heads are kept by
// window.

import type { FairnessWindow } from './contract.js';
import { type Entry, entryBefore } from './embedded-entry.js';
import type { ThrottleNode } from './embedded-throttle-node.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';

/** What it says is of when it was last shown or moved. */
export interface Head extends HeapItem {
  /** Priority when it became eligible plus the steps of its window until then; 0: its effective priority is 1. */
  readonly rank: number;
  /** Among those of one rank: how far its key is in its share, before time (K3 in `embedded-key.ts`); 0 without shares. */
  readonly tag: number;
  /** What its first is filed under: read from the entry and its lane, it would be most of what a comparison costs. */
  readonly filedAtMs: number;
  readonly entry: Entry;
}

/** Steps of a window until a time. */
export function stepsUntil(atMs: number, window: number): number {
  return Math.floor(atMs / window);
}

function headBefore(a: Head, b: Head): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  if (a.tag !== b.tag) return a.tag < b.tag;
  return a.filedAtMs !== b.filedAtMs ? a.filedAtMs < b.filedAtMs : entryBefore(a.entry, b.entry);
}

/** The heads of one window at a node. In those of its parent they stand as one head, its face: the first, as last shown. */
export class Heads extends IndexedHeap<Head> implements Head {
  heapIndex = -1;
  rank = 0;
  tag = 0;
  filedAtMs = 0;
  entry!: Entry;
  /** Those of another window at the node. */
  next: Heads | null = null;

  constructor(
    readonly node: ThrottleNode,
    readonly window: FairnessWindow,
  ) {
    super(headBefore);
  }

  /**
   * Bring the face up to date. Returns the parent's heads if they have changed by that.
   *
   * @param viewer the engine whose room counts
   */
  show(viewer: string): Heads | null {
    const { parent } = this.node;
    if (parent === null) return null;
    const head = this.first;
    if (head === undefined || this.node.gate.room(viewer) <= 0) return this.hide();
    const tag = this.node.tagOf(head);
    const { rank, filedAtMs, entry } = head;
    const isShown = this.heapIndex !== -1;
    if (isShown && this.rank === rank && this.tag === tag && this.entry === entry) return null;
    this.rank = rank;
    this.tag = tag;
    this.filedAtMs = filedAtMs;
    this.entry = entry;
    const theirs = parent.headsOf(this.window);
    if (isShown) theirs.moved(this);
    else theirs.push(this);
    return theirs;
  }

  /** Returns the parent's heads if it was there. */
  hide(): Heads | null {
    if (this.heapIndex === -1) return null;
    const theirs = this.node.parent!.headsOf(this.window);
    theirs.remove(this);
    return theirs;
  }

  /** Effective priority of one of them. */
  effective({ rank }: Head, nowMs: number): number {
    if (this.window === 'off') return rank;
    return rank === 0 ? 1 : rank - stepsUntil(nowMs, this.window);
  }

  /**
   * Heads that come before an entry of an effective priority at a time; `most` at most, in no order.
   *
   * @param isShared shares decide among those of one priority: only those of a higher one are told
   */
  before(entry: Entry, priority: number, isShared: boolean, nowMs: number, most: number): readonly Head[] {
    return this.where(head => {
      const its = this.effective(head, nowMs);
      return its < priority || (its === priority && !isShared && head.tag === 0 && entryBefore(head.entry, entry));
    }, most);
  }
}
