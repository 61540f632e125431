// Heads: what is first of several entries, and in which order such firsts are claimed.
//
// Among heads of one fairness window the order never changes while time passes, but for those that reach priority 1: they
// get the rank 0 then, once, and are ordered by time alone. Ranks of different windows do not compare, so heads are kept by
// window.

import type { FairnessWindow } from './contract.js';
import { type Entry, entryBefore } from './embedded-entry.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';

export interface Head extends HeapItem {
  /** Priority when it became eligible plus the steps of its window until then; 0: its effective priority is 1. */
  readonly rank: number;
  /** Among those of one rank: how far its key is in its share, before time (K3 in `embedded-key.ts`); 0 without shares. */
  readonly tag: number;
  /** Asked only while there is one. */
  readonly first: Entry;
}

/** Steps of a window until a time. */
export function stepsUntil(atMs: number, window: number): number {
  return Math.floor(atMs / window);
}

export function headBefore(a: Head, b: Head): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.tag !== b.tag ? a.tag < b.tag : entryBefore(a.first, b.first);
}

/** The one that comes first of those there are. */
export function firstOf(a: Head | undefined, b: Head | undefined): Head | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return headBefore(b, a) ? b : a;
}

function effective({ rank }: Head, window: FairnessWindow, nowMs: number): number {
  if (window === 'off') return rank;
  return rank === 0 ? 1 : rank - stepsUntil(nowMs, window);
}

/** Something for each window; most queues have but one, which is none. */
export class ByWindow<T> {
  #off: T | undefined;
  #others: Map<number, T> | null = null;

  get(window: FairnessWindow): T | undefined {
    return window === 'off' ? this.#off : this.#others?.get(window);
  }

  set(window: FairnessWindow, value: T): void {
    if (window === 'off') this.#off = value;
    else {
      this.#others ??= new Map();
      this.#others.set(window, value);
    }
  }

  delete(window: FairnessWindow): void {
    if (window === 'off') this.#off = undefined;
    else {
      this.#others?.delete(window);
      if (this.#others?.size === 0) this.#others = null;
    }
  }

  *windows(): Iterable<FairnessWindow> {
    if (this.#off !== undefined) yield 'off';
    if (this.#others !== null) yield* this.#others.keys();
  }

  /** What there is where nothing ages, if there is nothing else. */
  get only(): T | undefined {
    return this.#others === null ? this.#off : undefined;
  }
}

export class Heads {
  readonly #byWindow = new ByWindow<IndexedHeap<Head>>();

  first(window: FairnessWindow): Head | undefined {
    return this.#byWindow.get(window)?.first;
  }

  put(head: Head, window: FairnessWindow): void {
    let heap = this.#byWindow.get(window);
    if (heap === undefined) {
      heap = new IndexedHeap(headBefore);
      this.#byWindow.set(window, heap);
    }
    heap.push(head);
  }

  moved(head: Head, window: FairnessWindow): void {
    this.#byWindow.get(window)!.moved(head);
  }

  remove(head: Head, window: FairnessWindow): void {
    const heap = this.#byWindow.get(window)!;
    heap.remove(head);
    if (heap.size === 0 && window !== 'off') this.#byWindow.delete(window);
  }

  /**
   * Heads that come before an entry of an effective priority at a time, with their windows; `most` at most, in no order.
   *
   * @param isShared whether shares decide among those of one priority in a window: only those of a higher one are told
   */
  before(
    entry: Entry,
    priority: number,
    isShared: (window: FairnessWindow) => boolean,
    nowMs: number,
    most: number,
  ): (readonly [FairnessWindow, Head])[] {
    const found: (readonly [FairnessWindow, Head])[] = [];
    for (const window of this.#byWindow.windows()) {
      const isBefore = (head: Head): boolean => {
        const its = effective(head, window, nowMs);
        if (its !== priority || isShared(window)) return its < priority;
        return head.tag === 0 && entryBefore(head.first, entry);
      };
      const heap = this.#byWindow.get(window)!;
      for (const head of heap.where(isBefore, most - found.length)) found.push([window, head]);
    }
    return found;
  }

  /** The first of all windows, of these heads and of others beside them. */
  firstNow(others: Heads | undefined, nowMs: number): Head | undefined {
    const only = others === undefined ? this.#byWindow.only : undefined;
    if (only !== undefined) return only.first;
    let first: Head | undefined;
    let priority = Number.POSITIVE_INFINITY;
    const theirs = others === undefined ? [] : others.#byWindow.windows();
    for (const window of new Set([...this.#byWindow.windows(), ...theirs])) {
      const head = firstOf(this.first(window), others?.first(window));
      if (head === undefined) continue;
      const its = effective(head, window, nowMs);
      if (first !== undefined && (its > priority || (its === priority && !entryBefore(head.first, first.first)))) {
        continue;
      }
      first = head;
      priority = its;
    }
    return first;
  }
}
