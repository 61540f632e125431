// The lanes of the embedded queue and the heap of their heads: what is first in order, in O(log lanes).
//
// A lane is a branch with either one own priority or the inherited one, so all its entries have the same effective
// priority. Changing an inherited priority moves lanes among the heads and touches no entry.
//
// Invariants:
//   L1. A lane is among the heads exactly when something is ready in it.
//   L2. A lane lives as long as an entry names it, in whatever place: a claim that is released finds its own lane again.

import { type Entry, entryBefore } from './embedded-entry.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';

/** Where neither the instance nor any branch above it says otherwise. */
const defaultPriority = 10;

export interface Lane extends HeapItem {
  readonly branch: string;
  /** Its members' own priority, or `null`: they inherit. */
  readonly ownPriority: number | null;
  /** Effective priority. */
  priority: number;
  /** Ordered by creation time, not by eligible time. */
  fifo: boolean;
  readonly ready: IndexedHeap<Entry>;
  /** Entries that name this lane. */
  entryCount: number;
}

export class Lanes {
  /** By branch, then by own priority (`null`: inherited). */
  readonly #byBranch = new Map<string, Map<number | null, Lane>>();
  readonly #heads = new IndexedHeap<Lane>(laneBefore);
  readonly #priorities = new Inherited<number>(defaultPriority);
  readonly #fifo = new Inherited<boolean>(false);

  /** The lane for members of a workflow, made if need be; the caller counts its entries with `entryCount`. */
  laneOf(workflowName: string, ownPriority: number | null): Lane {
    const branch = workflowName.slice(0, workflowName.lastIndexOf('/') + 1);
    let lanes = this.#byBranch.get(branch);
    if (lanes === undefined) {
      lanes = new Map();
      this.#byBranch.set(branch, lanes);
    }
    let lane = lanes.get(ownPriority);
    if (lane === undefined) {
      lane = {
        branch,
        ownPriority,
        priority: ownPriority ?? this.#priorities.at(branch),
        fifo: this.#fifo.at(branch),
        ready: new IndexedHeap(entryBefore),
        entryCount: 0,
        heapIndex: -1,
      };
      lanes.set(ownPriority, lane);
    }
    return lane;
  }

  /** An entry that named the lane is gone. */
  entryGone(lane: Lane): void {
    if (--lane.entryCount > 0) return;
    const lanes = this.#byBranch.get(lane.branch)!;
    lanes.delete(lane.ownPriority);
    if (lanes.size === 0) this.#byBranch.delete(lane.branch);
  }

  /** What is claimed next. */
  get first(): Entry | undefined {
    return this.#heads.first?.ready.first;
  }

  add(entry: Entry): void {
    const lane = entry.lane;
    lane.ready.push(entry);
    if (lane.heapIndex === -1) this.#heads.push(lane);
    else if (entry.heapIndex === 0) this.#heads.moved(lane);
  }

  remove(entry: Entry): void {
    const lane = entry.lane;
    const wasHead = entry.heapIndex === 0;
    lane.ready.remove(entry);
    if (lane.ready.size === 0) this.#heads.remove(lane);
    else if (wasHead) this.#heads.moved(lane);
  }

  setPriority(branch: string, priority: number | null): void {
    this.#priorities.set(branch, priority);
    for (const lane of this.#lanesBelow(branch)) {
      if (lane.ownPriority !== null) continue;
      lane.priority = this.#priorities.at(lane.branch);
      if (lane.heapIndex !== -1) this.#heads.moved(lane);
    }
  }

  /** What is set, by branch. */
  priorities(): ReadonlyMap<string, number> {
    return this.#priorities.all();
  }

  setFifo(branch: string, fifo: boolean | null): void {
    this.#fifo.set(branch, fifo);
    for (const lane of this.#lanesBelow(branch)) {
      lane.fifo = this.#fifo.at(lane.branch);
      lane.ready.reorder();
      if (lane.heapIndex !== -1) this.#heads.moved(lane);
    }
  }

  *#lanesBelow(branch: string): Iterable<Lane> {
    for (const [name, lanes] of this.#byBranch) if (name.startsWith(branch)) yield* lanes.values();
  }
}

function laneBefore(a: Lane, b: Lane): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  return entryBefore(a.ready.first!, b.ready.first!);
}

/** A property of the tree of branches: the nearest value set at or above a branch holds, else the default. */
class Inherited<T> {
  readonly #set = new Map<string, T>();
  readonly #default: T;

  constructor(defaultValue: T) {
    this.#default = defaultValue;
  }

  set(branch: string, value: T | null): void {
    if (value === null) this.#set.delete(branch);
    else this.#set.set(branch, value);
  }

  all(): ReadonlyMap<string, T> {
    return new Map(this.#set);
  }

  at(branch: string): T {
    for (let end = branch.length; end > 0; end = branch.lastIndexOf('/', end - 2) + 1) {
      const value = this.#set.get(branch.slice(0, end));
      if (value !== undefined) return value;
      if (end === 1) break; // the root: `lastIndexOf` takes a negative start for 0 and would find it for ever
    }
    return this.#default;
  }
}
