// The lanes of the embedded queue, what is set of branches, and the heads of the lanes: what is first in order, in
// O(log lanes).
//
// Changing what is inherited moves lanes among the heads and touches no entry; but how entries are ordered among themselves
// is theirs: changing that puts those of a lane in order anew.
//
// Invariants:
//   L1. A rung is among the heads of its lane's node exactly when something is ready in it.
//   L2. A lane lives as long as an entry names it, in whatever place: a claim that is released finds its own lane again.
//   L3. The time goes on, never back: what has reached priority 1 stays there.

import type { BranchSettings, FairnessWindow, Throttle } from './contract.js';
import type { Entry } from './embedded-entry.js';
import { Ageing, Lane, type Rung, rungOf, rungsOf } from './embedded-lane.js';
import { Throttles } from './embedded-throttles.js';
import { IndexedHeap } from './indexed-heap.js';
import { Inherited } from './inherited.js';

/** Where neither the instance nor any branch above it says otherwise. */
const defaultPriority = 10;

export class Lanes {
  /** By branch, then by own priority (`null`: inherited). */
  readonly #byBranch = new Map<string, Map<number | null, Lane>>();
  readonly #throttles = new Throttles();
  readonly #ageing = new IndexedHeap<Ageing>((a, b) => a.dueMs < b.dueMs);
  readonly #priorities = new Inherited<number>(defaultPriority);
  readonly #fifo = new Inherited<boolean>(false);
  readonly #windows = new Inherited<FairnessWindow>('off');
  #nowMs = 0;

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
      lane = new Lane(branch, ownPriority, this.#throttles.nodeOf(branch));
      lane.priority = ownPriority ?? this.#priorities.at(branch);
      lane.fifo = this.#fifo.at(branch);
      lane.window = this.#windows.at(branch);
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

  /** What an engine claims next. */
  next(engine: string, nowMs: number): Entry | undefined {
    this.#age(nowMs);
    return this.#throttles.next(engine, this.#nowMs);
  }

  /** Rates have by now what has come by now. @param clockMs what the clock shows, though it be set back */
  refill(clockMs: number): void {
    this.#throttles.refill(clockMs);
  }

  /** Until a rate that is used up lets something be claimed again. */
  get nextTokenInMs(): number | null {
    return this.#throttles.nextTokenInMs;
  }

  /** How many members of it. */
  room({ lane }: Entry, engine: string): number {
    return this.#throttles.room(lane.node, engine);
  }

  add(entry: Entry): void {
    const rung = rungOf(entry);
    rung.ready.push(entry);
    if (rung.ready.size === 1) this.#show(rung);
    else if (entry.heapIndex === 0) this.#moved(rung);
  }

  remove(entry: Entry): void {
    const rung = rungOf(entry);
    const wasHead = entry.heapIndex === 0;
    rung.ready.remove(entry);
    if (rung.ready.size === 0) {
      this.#hide(rung);
      rung.lane.rungs.delete(rung.step);
    } else if (wasHead) this.#moved(rung);
  }

  /**
   * Members of a lane that a claim of an engine holds more. True when a throttle has room, or has none, that did not.
   *
   * @param tokens what that takes, or gives back (negative), of each rate
   */
  count(lane: Lane, engine: string, members: number, tokens: number): boolean {
    return this.#throttles.count(lane.node, engine, members, tokens);
  }

  setPriority(branch: string, priority: number | null): void {
    this.#priorities.set(branch, priority);
    for (const lane of this.#lanesBelow(branch)) {
      if (lane.ownPriority !== null) continue;
      lane.priority = this.#priorities.at(lane.branch);
      for (const rung of rungsOf(lane)) this.#moved(rung);
    }
  }

  setFifo(branch: string, fifo: boolean | null): void {
    this.#fifo.set(branch, fifo);
    for (const lane of this.#lanesBelow(branch)) {
      this.#refile(lane, () => {
        lane.fifo = this.#fifo.at(lane.branch);
      });
    }
  }

  setFairness(branch: string, window: FairnessWindow | null): void {
    const before = this.#throttles.windows;
    this.#windows.set(branch, window);
    const after: FairnessWindow[] = ['off', ...new Set(this.#windows.all().values())];
    this.#throttles.windows = [...new Set([...before, ...after])];
    for (const lane of this.#lanesBelow(branch)) {
      this.#refile(lane, () => {
        lane.window = this.#windows.at(lane.branch);
      });
    }
    this.#throttles.windows = [...new Set(after)];
  }

  /** After `refill`. @param held members that claims hold below the branch, by engine */
  setThrottle(branch: string, throttle: Throttle | null, held: ReadonlyMap<string, number>): void {
    this.#throttles.set(branch, throttle, held, () => {
      for (const lane of this.#lanesBelow(branch)) {
        const rungs = rungsOf(lane);
        for (const rung of rungs) this.#hide(rung);
        lane.node = this.#throttles.nodeOf(lane.branch);
        for (const rung of rungs) this.#show(rung);
      }
    });
  }

  /** What is set, by branch. */
  throttles(): ReadonlyMap<string, Throttle> {
    return this.#throttles.all();
  }

  /** What is set of branches, all of it. */
  settings(): ReadonlyMap<string, BranchSettings> {
    const priorities = this.#priorities.all();
    const fifo = this.#fifo.all();
    const windows = this.#windows.all();
    const throttles = this.#throttles.all();
    const branches = [priorities, fifo, windows, throttles].flatMap(set => [...set.keys()]);
    return new Map(
      branches.map(branch => [
        branch,
        {
          priority: priorities.get(branch) ?? null,
          fifo: fifo.get(branch) ?? null,
          fairness: windows.get(branch) ?? null,
          throttle: throttles.get(branch) ?? null,
          isWhole: true,
        },
      ]),
    );
  }

  /** What its time has come for has reached priority 1 (L3). */
  #age(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    for (;;) {
      const first = this.#ageing.first;
      if (first === undefined || first.dueMs > this.#nowMs) return;
      this.#moved(first.rung);
    }
  }

  #show(rung: Rung): void {
    this.#reckon(rung);
    this.#throttles.put(rung, rung.lane.node, rung.lane.window);
  }

  #moved(rung: Rung): void {
    this.#reckon(rung);
    this.#throttles.moved(rung, rung.lane.node, rung.lane.window);
  }

  #hide(rung: Rung): void {
    this.#throttles.remove(rung, rung.lane.node, rung.lane.window);
    if (rung.ageing !== null) this.#ageing.remove(rung.ageing);
    rung.ageing = null;
  }

  #reckon(rung: Rung): void {
    const dueMs = rung.reckon(this.#nowMs);
    if (dueMs === null) {
      if (rung.ageing !== null) this.#ageing.remove(rung.ageing);
      rung.ageing = null;
    } else if (rung.ageing === null) {
      rung.ageing = new Ageing(rung);
      rung.ageing.dueMs = dueMs;
      this.#ageing.push(rung.ageing);
    } else {
      rung.ageing.dueMs = dueMs;
      this.#ageing.moved(rung.ageing);
    }
  }

  /** Order what is ready in a lane in another way. */
  #refile(lane: Lane, change: () => void): void {
    const rungs = rungsOf(lane);
    for (const rung of rungs) this.#hide(rung);
    change();
    if (lane.rungs.size === 0 && !(lane.fifo && lane.window !== 'off')) {
      lane.onlyRung.ready.reorder();
      for (const rung of rungs) this.#show(rung);
      return;
    }
    lane.rungs.clear();
    for (const entry of rungs.flatMap(rung => rung.ready.takeWhere(() => true))) this.add(entry);
  }

  *#lanesBelow(branch: string): Iterable<Lane> {
    for (const [name, lanes] of this.#byBranch) if (name.startsWith(branch)) yield* lanes.values();
  }
}
