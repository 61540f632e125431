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
import type { Key } from './embedded-key.js';
import { Ageing, Lane, type LaneHead, rungOf, rungsOf } from './embedded-lane.js';
import type { Line } from './embedded-line.js';
import { Throttles } from './embedded-throttles.js';
import { readyMember } from './embedded-whereabouts.js';
import { IndexedHeap } from './indexed-heap.js';
import { above, Inherited } from './inherited.js';
import type { KeyRules } from './key-rules.js';
import type { Whereabouts } from './whereabouts.js';

/** Where neither the instance nor any branch above it says otherwise. */
const defaultPriority = 10;

export class Lanes {
  /** By branch, then by own priority (`null`: inherited), of those with a key with the key behind it. */
  readonly #byBranch = new Map<string, Map<number | string | null, Lane>>();
  readonly #throttles = new Throttles();
  readonly #ageing = new IndexedHeap<Ageing>((a, b) => a.dueMs < b.dueMs);
  readonly #priorities = new Inherited<number>(defaultPriority);
  readonly #fifo = new Inherited<boolean>(false);
  readonly #windows = new Inherited<FairnessWindow>('off');
  #nowMs = 0;

  /** The lane for members of a workflow, made if need be; the caller counts its entries with `entryCount`. */
  laneOf(workflowName: string, ownPriority: number | null, key: string | null): Lane {
    return this.#lane(workflowName.slice(0, workflowName.lastIndexOf('/') + 1), ownPriority, key);
  }

  /** A key is the lane's only where rules hold: elsewhere there may be as many as members. */
  #lane(branch: string, ownPriority: number | null, anyKey: string | null): Lane {
    let lanes = this.#byBranch.get(branch);
    if (lanes === undefined) {
      lanes = new Map();
      this.#byBranch.set(branch, lanes);
    }
    const key = anyKey === null || this.#throttles.rulesAt(branch) === undefined ? null : anyKey;
    const name = key === null ? ownPriority : `${ownPriority} ${key}`;
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(branch, ownPriority, key, this.#throttles.nodeOf(branch, key));
      lane.node.laneCount++;
      lane.line = lane.node.key?.line ?? null;
      lane.priority = ownPriority ?? this.#priorities.at(branch);
      lane.fifo = this.#fifo.at(branch);
      lane.window = this.#windows.at(branch);
      lanes.set(name, lane);
    }
    return lane;
  }

  /** An entry that named the lane is gone. */
  entryGone(lane: Lane): void {
    if (--lane.entryCount > 0) return;
    const lanes = this.#byBranch.get(lane.branch)!;
    lanes.delete(lane.key === null ? lane.ownPriority : `${lane.ownPriority} ${lane.key}`);
    if (lanes.size === 0) this.#byBranch.delete(lane.branch);
    lane.node.laneCount--;
    this.#throttles.left(lane.node);
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

  /** The time of rates, when it was last looked at. */
  get rateMs(): number {
    return this.#throttles.rateMs;
  }

  /** What a claim gives back from now on was taken then, by the time of rates. False: no tokens are given back. */
  giveBackOf(tookAtMs: number | null, clockMs: number): boolean {
    return this.#throttles.giveBackOf(tookAtMs, clockMs);
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
    if (entry.lane.line !== null) {
      this.delay(entry);
      return;
    }
    const rung = rungOf(entry);
    rung.push(entry);
    if (rung.size === 1) this.#show(rung);
    else if (entry.heapIndex === 0) this.#moved(rung);
  }

  /** An entry waits for its time elsewhere; in strict order it has its place in the line all the same. */
  delay(entry: Entry): void {
    const { line } = entry.lane;
    if (line === null) return;
    line.add(entry);
    this.#follow(line);
  }

  undelay(entry: Entry): void {
    const { line } = entry.lane;
    if (line === null) return;
    line.remove(entry);
    this.#follow(line);
  }

  remove(entry: Entry): void {
    if (entry.lane.line !== null) {
      this.undelay(entry);
      return;
    }
    const rung = rungOf(entry);
    const wasHead = entry.heapIndex === 0;
    rung.remove(entry);
    if (rung.size === 0) {
      this.#hide(rung);
      rung.lane.rungs?.delete(rung.step);
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

  /** An engine claims all of what comes first, and takes it away next. */
  take({ lane, count }: Entry, engine: string): void {
    this.#throttles.take(lane.node, engine, count);
  }

  setPriority(branch: string, priority: number | null): void {
    this.#priorities.set(branch, priority);
    for (const lane of this.#lanesBelow(branch)) {
      if (lane.ownPriority !== null) continue;
      lane.priority = this.#priorities.at(lane.branch);
      for (const rung of rungsOf(lane)) this.#moved(rung);
      if (lane.line?.isShown) this.#moved(lane.line);
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
    this.#windows.set(branch, window);
    for (const lane of this.#lanesBelow(branch)) {
      this.#refile(lane, () => {
        lane.window = this.#windows.at(lane.branch);
      });
    }
  }

  /** After `refill`. @param held members that claims hold below the branch, by engine */
  setThrottle(branch: string, throttle: Throttle | null, held: ReadonlyMap<string, number>): void {
    this.#throttles.set(branch, throttle, held, () => this.#hangBelow(branch));
  }

  /**
   * After `refill`. Lanes are hung anew; what waits is filed anew only where keys get rules that had none, or order is or was strict.
   *
   * @param entries all there are
   * @param held those that claims hold, and the engines
   */
  setKeys(
    branch: string,
    rules: KeyRules | null,
    { entries, held }: { entries: Iterable<Entry>; held: Iterable<readonly [Entry, string]> },
  ): void {
    const before = this.#throttles.rulesAt(branch);
    const next = rules ?? this.#throttles.rulesAt(above(branch))?.rules;
    const isStrict = (before?.rules.isStrict ?? false) || (next?.isStrict ?? false);
    const isFiled = before !== undefined && !isStrict;
    const refiled = isFiled
      ? []
      : [...entries].filter(entry => entry.key !== null && entry.lane.branch.startsWith(branch));
    for (const entry of refiled) {
      if (entry.place === 'ready') this.remove(entry);
      else if (entry.place === 'delayed') this.undelay(entry);
    }
    this.#throttles.setRules(branch, rules, () => this.#hangBelow(branch));
    for (const entry of refiled) {
      const lane = this.#lane(entry.lane.branch, entry.lane.ownPriority, entry.key);
      if (lane !== entry.lane) {
        lane.entryCount++;
        this.entryGone(entry.lane);
        entry.lane = lane;
      }
      if (entry.place === 'ready') this.add(entry);
      else if (entry.place === 'delayed') this.delay(entry);
    }
    const after = this.#throttles.rulesAt(branch);
    const members = heldByKey(held);
    for (const each of new Set([before, after])) if (each !== undefined) this.#throttles.limitKeys(each, members);
  }

  /** What is set, by branch. */
  throttles(): ReadonlyMap<string, Throttle> {
    return this.#throttles.all();
  }

  /** Where a member of an entry is, if there is one. @param nowMs what its time has come for is ready */
  whereIs(entry: Entry | undefined, position: number, nowMs: number): Whereabouts {
    if (entry === undefined) return { kind: 'absent' };
    const { place, redelivered, eligibleAtMs, lane } = entry;
    if (place === 'delayed') return { kind: 'delayed', eligibleInMs: eligibleAtMs - nowMs };
    if (place !== 'ready') {
      return { kind: 'claimed', engine: place.engine, leaseLeftMs: place.leaseUntilMs - nowMs, redelivered };
    }
    this.#age(nowMs);
    this.#throttles.refill(nowMs);
    return readyMember(entry, position, {
      inheritedFrom: lane.ownPriority === null ? this.#priorities.sourceOf(lane.branch) : null,
      rulesOf: this.#throttles.rulesBranchOf(lane.branch),
      nowMs: this.#nowMs,
      rateMs: this.#throttles.rateMs,
    });
  }

  /** What is set of branches, all of it. */
  settings(): ReadonlyMap<string, BranchSettings> {
    const priorities = this.#priorities.all();
    const fifo = this.#fifo.all();
    const windows = this.#windows.all();
    const throttles = this.#throttles.all();
    const rules = this.#throttles.rules();
    const branches = [priorities, fifo, windows, throttles, rules].flatMap(set => [...set.keys()]);
    return new Map(
      branches.map(branch => [
        branch,
        {
          priority: priorities.get(branch) ?? null,
          fifo: fifo.get(branch) ?? null,
          fairness: windows.get(branch) ?? null,
          throttle: throttles.get(branch) ?? null,
          keys: rules.get(branch)?.rules ?? null,
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
      this.#moved(first.head);
    }
  }

  #show(head: LaneHead): void {
    this.#reckon(head);
    this.#throttles.put(head, head.node, head.window);
  }

  #moved(head: LaneHead): void {
    this.#reckon(head);
    this.#throttles.moved(head, head.node, head.window);
  }

  #hide(head: LaneHead): void {
    this.#throttles.remove(head, head.node, head.window);
    if (head.ageing !== null) this.#ageing.remove(head.ageing);
    head.ageing = null;
  }

  #reckon(head: LaneHead): void {
    const dueMs = head.reckon(this.#nowMs);
    if (dueMs === null) {
      if (head.ageing !== null) this.#ageing.remove(head.ageing);
      head.ageing = null;
    } else if (head.ageing === null) {
      head.ageing = new Ageing(head);
      head.ageing.dueMs = dueMs;
      this.#ageing.push(head.ageing);
    } else if (head.ageing.dueMs !== dueMs) {
      head.ageing.dueMs = dueMs;
      this.#ageing.moved(head.ageing);
    }
  }

  /** Have a line show what is to be shown of it. */
  #follow(line: Line): void {
    const { next } = line;
    if (line.isShown) {
      if (next === line.entry) return;
      if (next?.lane.node === line.node && next.lane.window === line.window) {
        line.show(next);
        this.#moved(line);
        return;
      }
      this.#hideLine(line);
    }
    if (next === undefined) return;
    line.show(next);
    this.#show(line);
  }

  #hideLine(line: Line): void {
    if (!line.isShown) return;
    this.#hide(line);
    line.isShown = false;
  }

  /** Have lanes hang where they belong now. */
  #hangBelow(branch: string): void {
    for (const lane of this.#lanesBelow(branch)) {
      const rungs = rungsOf(lane);
      const { node: before, line } = lane;
      for (const rung of rungs) this.#hide(rung);
      if (line !== null) this.#hideLine(line);
      lane.node = this.#throttles.nodeOf(lane.branch, lane.key);
      lane.node.laneCount++;
      lane.line = lane.node.key?.line ?? null;
      for (const rung of rungs) this.#show(rung);
      if (line !== null) this.#follow(line);
      if (lane.line !== null) this.#follow(lane.line);
      before.laneCount--;
      this.#throttles.left(before);
    }
  }

  /** Order what is ready in a lane in another way. */
  #refile(lane: Lane, change: () => void): void {
    const rungs = rungsOf(lane);
    for (const rung of rungs) this.#hide(rung);
    if (lane.line !== null) this.#hideLine(lane.line);
    change();
    if (lane.line !== null) this.#follow(lane.line);
    if (lane.rungs === null && !(lane.fifo && lane.window !== 'off')) {
      lane.onlyRung.reorder();
      for (const rung of rungs) this.#show(rung);
      return;
    }
    lane.rungs = null;
    for (const entry of rungs.flatMap(rung => rung.takeWhere(() => true))) this.add(entry);
  }

  *#lanesBelow(branch: string): Iterable<Lane> {
    for (const [name, lanes] of this.#byBranch) if (name.startsWith(branch)) yield* lanes.values();
  }
}

function heldByKey(held: Iterable<readonly [Entry, string]>): ReadonlyMap<Key, ReadonlyMap<string, number>> {
  const members = new Map<Key, Map<string, number>>();
  for (const [{ lane, count }, engine] of held) {
    const { key } = lane.node;
    if (key === null) continue;
    const byEngine = members.get(key) ?? new Map<string, number>();
    members.set(key, byEngine.set(engine, (byEngine.get(engine) ?? 0) + count));
  }
  return members;
}
