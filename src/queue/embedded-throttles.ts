// The throttles of the embedded queue: a tree of the branches that have one, under the root.
//
// Invariants:
//   T1. A node holds the heads of the lanes hung at it, and the faces of the nodes below it. A lane hangs at the nearest node
//       at or above its branch.
//   T2. A node shows its first head in its parent, as its face, exactly while it has room. What has no room is so out of
//       the way of every claim.
//   T3. A node that has a limit per engine, or has one below it, shows a face to each engine that claims; any other shows
//       the same to all.
//   T4. A node counts the members that claims hold below it, as far as it has limits.
//   T5. A node with a rate takes a token for each member that is claimed below it, and has no room while it has none.

import type { FairnessWindow, Throttle } from './contract.js';
import type { Entry } from './embedded-entry.js';
import type { Head } from './embedded-heads.js';
import { Rates } from './embedded-rates.js';
import { everybody, ThrottleNode, unlimited } from './embedded-throttle-node.js';
import { nearest } from './inherited.js';

/** Engines that faces are kept for, at most: who has not claimed for longest has none until it does. */
const viewersMax = 64;

export class Throttles {
  readonly root = new ThrottleNode('/', null);
  readonly #byBranch = new Map([['/', this.root]]);
  readonly #set = new Map<string, Throttle>();
  readonly #rates = new Rates();
  /** Nodes that show by engine (T3). */
  #byEngine = 0;
  /** Who has claimed since there are any, the last one last. */
  readonly #engines = new Set<string>();
  /** Those that lanes have. */
  windows: readonly FairnessWindow[] = ['off'];

  /** Where a lane of this branch hangs. */
  nodeOf(branch: string): ThrottleNode {
    return nearest(this.#byBranch, branch)!;
  }

  put(head: Head, node: ThrottleNode, window: FairnessWindow): void {
    node.common.put(head, window);
    this.#changed(node, window);
  }

  moved(head: Head, node: ThrottleNode, window: FairnessWindow): void {
    node.common.moved(head, window);
    this.#changed(node, window);
  }

  remove(head: Head, node: ThrottleNode, window: FairnessWindow): void {
    node.common.remove(head, window);
    this.#changed(node, window);
  }

  /** What an engine claims next, after `refill`. */
  next(engine: string, nowMs: number): Entry | undefined {
    if (this.#byEngine > 0) this.#see(engine);
    if (this.root.room(engine) <= 0) return undefined;
    return this.root.firstNow(engine, nowMs)?.first;
  }

  /** What has a token again shows its face. @param clockMs what the clock shows, though it be set back */
  refill(clockMs: number): void {
    this.#rates.look(clockMs);
    for (const node of this.#rates.refilled()) this.#showAll(node);
  }

  /** Until a rate that is used up lets something be claimed again; `null`: none is. */
  get nextTokenInMs(): number | null {
    return this.#rates.nextInMs;
  }

  /** More members that an engine may claim of what hangs at a node, when it was found to come next. */
  room(node: ThrottleNode, engine: string): number {
    let room = Number.POSITIVE_INFINITY;
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      at.tokens?.look(this.#rates.nowMs);
      room = Math.min(room, at.room(engine));
    }
    return room;
  }

  /**
   * Members of what hangs at a node that an engine holds more (T4). True when some node has room, or has none, that did not.
   *
   * @param tokens what that takes, or gives back (negative), of each rate (T5)
   */
  count(node: ThrottleNode, engine: string, members: number, tokens: number): boolean {
    let isOther = false;
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      const isOtherHere = at.count(engine, members, tokens);
      if (tokens !== 0 && at.tokens !== null) this.#rates.changed(at.tokens);
      if (!isOtherHere) continue;
      this.#showAll(at);
      isOther = true;
    }
    return isOther;
  }

  /**
   * Set what is not null, else take away.
   *
   * @param held members that claims hold below the branch, by engine
   * @param hung the branch has become a node, or is none any more: lanes below it hang at another
   */
  set(branch: string, throttle: Throttle | null, held: ReadonlyMap<string, number>, hung: () => void): void {
    if (throttle === null) this.#set.delete(branch);
    else this.#set.set(branch, throttle);
    const known = this.#byBranch.get(branch);
    if (known === undefined) {
      if (throttle === null) return;
      const node = this.#add(branch);
      hung();
      this.#limit(node, throttle, held);
      this.#reconsider(node);
    } else if (throttle !== null || known === this.root) {
      this.#limit(known, throttle ?? unlimited, held);
      this.#reconsider(known);
    } else {
      this.#limit(known, unlimited, held);
      this.#byBranch.delete(branch);
      hung();
      this.#drop(known);
      this.#reconsider(known.parent!);
    }
  }

  /** What is set, by branch. */
  all(): ReadonlyMap<string, Throttle> {
    return this.#set;
  }

  #limit(node: ThrottleNode, throttle: Throttle, held: ReadonlyMap<string, number>): void {
    if (node.tokens !== null) this.#rates.removed(node.tokens);
    node.limit(throttle, held, this.#rates.nowMs);
    if (node.tokens !== null) this.#rates.changed(node.tokens);
  }

  #add(branch: string): ThrottleNode {
    const parent = this.nodeOf(branch);
    const node = new ThrottleNode(branch, parent);
    for (const child of parent.children) if (child.branch.startsWith(branch)) this.#hang(child, node);
    parent.children.add(node);
    this.#byBranch.set(branch, node);
    return node;
  }

  /** Its lanes hang elsewhere by now. */
  #drop(node: ThrottleNode): void {
    for (const child of node.children) this.#hang(child, node.parent!);
    node.hide();
    if (node.showsByEngine) this.#byEngine -= 1;
    node.parent!.children.delete(node);
  }

  #hang(node: ThrottleNode, parent: ThrottleNode): void {
    node.hide();
    node.parent!.children.delete(node);
    node.parent = parent;
    parent.children.add(node);
    this.#showAll(node);
  }

  /** To whom it and those above show their faces may be another (T3), and what. */
  #reconsider(node: ThrottleNode): void {
    for (let at = node; at.parent !== null; at = at.parent) {
      const showsByEngine = at.throttle.perEngine !== null || [...at.children].some(child => child.showsByEngine);
      if (showsByEngine !== at.showsByEngine) {
        at.hide();
        at.showsByEngine = showsByEngine;
        this.#byEngine += showsByEngine ? 1 : -1;
      }
      this.#showAll(at);
    }
  }

  #showAll(node: ThrottleNode): void {
    if (node.parent === null) return;
    for (const window of this.windows) this.#changed(node, window);
  }

  /** What is first below a node may be another: its face, and what comes of it above. */
  #changed(node: ThrottleNode, window: FairnessWindow): void {
    if (node.parent === null) return;
    if (!node.showsByEngine) {
      if (node.show(everybody, window)) this.#changed(node.parent, window);
    } else for (const engine of this.#engines) this.#changedFor(node, engine, window);
  }

  #changedFor(node: ThrottleNode, engine: string, window: FairnessWindow): void {
    for (let at = node; at.parent !== null; at = at.parent) if (!at.show(engine, window)) return;
  }

  /** Who claims is shown faces. */
  #see(engine: string): void {
    const isKnown = this.#engines.delete(engine);
    this.#engines.add(engine);
    if (isKnown) return;
    for (const node of this.#byBranch.values()) {
      if (node.showsByEngine) for (const window of this.windows) this.#changedFor(node, engine, window);
    }
    if (this.#engines.size <= viewersMax) return;
    const [oldest] = this.#engines;
    this.#engines.delete(oldest!);
    for (const node of this.#byBranch.values()) node.hideFrom(oldest!);
    for (const node of this.#byBranch.values()) node.forget(oldest!);
  }
}
