// A binary heap whose items know where they stand, so that any of them can be moved or taken out in O(log n).
//
// Invariants:
//   H1. An item in the heap stands at `heapIndex`; outside every heap it is -1. An item is in one heap at a time.
//   H2. No item comes before its parent; the first is at 0.
//   H3. Whoever changes what `before` compares calls `moved` (one item) or `reorder` (all of them) before anything else.

export interface HeapItem {
  heapIndex: number;
}

export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const index = item.heapIndex;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#sink(last, index);
      if (last.heapIndex === index) this.#rise(last, index);
    }
    item.heapIndex = -1;
  }

  /** Everything for which `holds` is true, in no order, `most` at most; it must be true of all that comes before what it is
   * true of. O(found). */
  where(holds: (item: T) => boolean, most = Number.POSITIVE_INFINITY): T[] {
    const found: T[] = [];
    const open = [0];
    for (let index = open.pop(); index !== undefined && found.length < most; index = open.pop()) {
      const item = this.#items[index];
      if (item === undefined || !holds(item)) continue; // H2: nothing below it either
      found.push(item);
      open.push(2 * index + 1, 2 * index + 2);
    }
    return found;
  }

  /**
   * Take out, in no order, everything for which `holds` is true, as of `where`. Taking a million is O(size), not a million removals: after a night's standstill that is one second, not five.
   */
  takeWhere(holds: (item: T) => boolean): T[] {
    const taken = this.where(holds);
    if (taken.length * Math.log2(this.#items.length) < this.#items.length) {
      for (const item of taken) this.remove(item);
      return taken;
    }
    for (const item of taken) item.heapIndex = -1;
    const left = this.#items.filter(item => item.heapIndex !== -1);
    this.#items.length = 0;
    for (const item of left) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.reorder();
    return taken;
  }

  /** The item compares differently now: put it where it belongs. */
  moved(item: T): void {
    const index = item.heapIndex;
    this.#sink(item, index);
    if (item.heapIndex === index) this.#rise(item, index);
  }

  /** All items may compare differently now. */
  reorder(): void {
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index--) this.#sink(this.#items[index]!, index);
  }

  #rise(item: T, from: number): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex]!;
      if (!this.#before(item, parent)) break;
      items[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    const size = items.length;
    let index = from;
    for (let childIndex = 2 * index + 1; childIndex < size; childIndex = 2 * index + 1) {
      let child = items[childIndex]!;
      if (childIndex + 1 < size && this.#before(items[childIndex + 1]!, child)) child = items[++childIndex]!;
      if (!this.#before(child, item)) break;
      items[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}
