// What waits of a key under strict rules (Q11): ready and delayed, by creation. It shows only the first, and only while that
// one is ready; where and how it competes is that one's own affair.

import type { FairnessWindow } from './contract.js';
import { type Entry, filedUnderMs } from './embedded-entry.js';
import { type Ageing, type LaneHead, reckoned } from './embedded-lane.js';
import type { ThrottleNode } from './embedded-throttle-node.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';

export class LinePlace implements HeapItem {
  heapIndex = -1;
  constructor(readonly entry: Entry) {}
}

export class Line implements LaneHead {
  heapIndex = -1;
  rank = 0;
  readonly tag = 0;
  filedAtMs = 0;
  ageing: Ageing | null = null;
  /** What it shows, and where; where is changed only while it shows nothing. */
  entry!: Entry;
  node!: ThrottleNode;
  window: FairnessWindow = 'off';
  isShown = false;
  readonly #waiting = new IndexedHeap<LinePlace>(placeBefore);

  /** Ready or delayed; it may be there already. */
  add(entry: Entry): void {
    if (entry.linePlace !== null) return;
    entry.linePlace = new LinePlace(entry);
    this.#waiting.push(entry.linePlace);
  }

  remove(entry: Entry): void {
    this.#waiting.remove(entry.linePlace!);
    entry.linePlace = null;
  }

  /** Those that go before an entry, `most` at most, in no order. */
  before(entry: Entry, most: number): readonly Entry[] {
    return this.#waiting.where(each => createdBefore(each.entry, entry), most).map(each => each.entry);
  }

  /** What is to be shown. */
  get next(): Entry | undefined {
    const entry = this.#waiting.first?.entry;
    return entry?.place === 'ready' ? entry : undefined;
  }

  /** It shows nothing now, or something else in the same place. */
  show(entry: Entry): void {
    this.entry = entry;
    this.node = entry.lane.node;
    this.window = entry.lane.window;
    this.isShown = true;
  }

  reckon(nowMs: number): number | null {
    this.rank = reckoned(this.entry, nowMs);
    this.filedAtMs = filedUnderMs(this.entry);
    return this.rank === 0 || this.window === 'off' ? null : (this.rank - 1) * this.window;
  }
}

function placeBefore(a: LinePlace, b: LinePlace): boolean {
  return createdBefore(a.entry, b.entry);
}

function createdBefore(a: Entry, b: Entry): boolean {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs < b.createdAtMs;
  return a.arrival !== b.arrival ? a.arrival < b.arrival : a.from < b.from;
}
