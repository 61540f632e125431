// The throttles and the keys of the embedded queue: a tree of the branches that have a throttle or rules, under the root.
//
// Invariants:
//   T1. A node holds the heads of the lanes hung at it, and the faces of the nodes below it. A lane hangs at the nearest node
//       at or above its branch, or, below rules, at what its key has there (T5).
//   T2. A node shows its first head in its parent, as its face, exactly while it has room. What has no room is so out of
//       the way of every claim.
//   T3. Limits per engine are looked at as the engine that claimed last has them. Claims another, the nodes with such a limit
//       show their faces anew: there is but one engine here, unless a test has more.
//   T4. A node counts the members that claims hold below it, as far as it has limits.
//   T5. A key has a part, a node of its own, below each node where it has lanes: throttles may stand below its rules, so that
//       one node would have two above it. All its parts have one room and one tag. What has no key, and what has rules of its
//       own, has a part as one key more where the rules above it have weights.
//   T6. A node or key with a rate takes a token for each member that is claimed below it, and has no room while it has none.

import type { FairnessWindow, Rate, Throttle } from './contract.js';
import type { Entry } from './embedded-entry.js';
import { unlimited } from './embedded-gate.js';
import type { Head, Heads } from './embedded-heads.js';
import { type Key, KeyBranch } from './embedded-key.js';
import { Rates, Tokens } from './embedded-rates.js';
import { ThrottleNode } from './embedded-throttle-node.js';
import { above, nearest, nearestBranch } from './inherited.js';
import { type KeyRules, noKey } from './key-rules.js';
import { emptyBucket } from './rate-bucket.js';

export class Throttles {
  readonly root = new ThrottleNode('/', null, null);
  readonly #byBranch = new Map([['/', this.root]]);
  readonly #set = new Map<string, Throttle>();
  readonly #rules = new Map<string, KeyBranch>();
  readonly #rates = new Rates();
  /** Nodes with a limit per engine. */
  readonly #byEngine = new Set<ThrottleNode>();
  /** The engine that claimed last (T3). */
  #viewer = '';
  /** Rules below which something hangs no more, while all is hung anew: it may hang there again in the end. */
  #leftMeanwhile: Set<KeyBranch> | null = null;

  /** The rules that hold for members of a branch. */
  rulesAt(branch: string): KeyBranch | undefined {
    return this.#rules.size === 0 ? undefined : nearest(this.#rules, branch);
  }

  /** The branch whose rules these are; `null`: none has any. */
  rulesBranchOf(branch: string): string | null {
    return nearestBranch(this.#rules, branch) ?? null;
  }

  /** Where a lane of this branch and key hangs; the caller counts it there. */
  nodeOf(branch: string, key: string | null): ThrottleNode {
    const node = nearest(this.#byBranch, branch)!;
    const rules = this.rulesAt(branch);
    if (rules === undefined || (key === null && rules.rules.weights === null)) return node;
    return this.#partOf(node, rules.keyOf(key ?? noKey));
  }

  /** A lane hangs at a node no more. */
  left(node: ThrottleNode): void {
    const { key, parent } = node;
    if (key !== null && node.laneCount === 0 && node.children === null) {
      parent!.unhang(node);
      key.removePart(node);
      if (key.partCount === 0 && key.name !== noKey) key.branch.busy -= 1;
      key.branch.left(key);
    }
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      if (at.key === null) continue;
      if (this.#leftMeanwhile !== null) this.#leftMeanwhile.add(at.key.branch);
      else at.key.branch.restIfEmpty();
    }
  }

  put(head: Head, node: ThrottleNode, window: FairnessWindow): void {
    const heads = node.headsOf(window);
    heads.push(head);
    this.#changed(heads);
  }

  moved(head: Head, node: ThrottleNode, window: FairnessWindow): void {
    const heads = node.headsOf(window);
    heads.moved(head);
    this.#changed(heads);
  }

  remove(head: Head, node: ThrottleNode, window: FairnessWindow): void {
    const heads = node.headsOf(window);
    heads.remove(head);
    this.#changed(heads);
  }

  /** What an engine claims next, after `refill`. */
  next(engine: string, nowMs: number): Entry | undefined {
    if (engine !== this.#viewer) {
      this.#viewer = engine;
      for (const node of this.#byEngine) this.#showAll(node);
    }
    if (this.root.gate.room(engine) <= 0) return undefined;
    return this.root.firstNow(nowMs)?.entry;
  }

  /** What has a token again shows its face. @param clockMs what the clock shows, though it be set back */
  refill(clockMs: number): void {
    this.#rates.look(clockMs);
    for (const owner of this.#rates.refilled()) {
      if (owner instanceof ThrottleNode) this.#showAll(owner);
      else this.#showKey(owner);
    }
  }

  /** The time of tokens, when it was last looked at. */
  get rateMs(): number {
    return this.#rates.nowMs;
  }

  /** Until a rate that is used up lets something be claimed again; `null`: none is. */
  get nextTokenInMs(): number | null {
    return this.#rates.nextInMs;
  }

  /** What a claim gives back from now on was taken then. False: nothing is given back. */
  giveBackOf(tookAtMs: number | null, clockMs: number): boolean {
    return this.#rates.giveBackOf(tookAtMs, clockMs);
  }

  /** More members that an engine may claim of what hangs at a node, when it was found to come next. */
  room(node: ThrottleNode, engine: string): number {
    let room = Number.POSITIVE_INFINITY;
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      at.gate.tokens?.look(this.#rates.nowMs);
      room = Math.min(room, at.gate.room(engine));
    }
    return room;
  }

  /**
   * Members of what hangs at a node that an engine holds more (T4). True when some node has room, or has none, that did not.
   *
   * @param tokens what that takes, or gives back (negative), of each rate (T6)
   */
  count(node: ThrottleNode, engine: string, members: number, tokens: number): boolean {
    let isOther = false;
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      const { tokens: of } = at.gate;
      const taken = tokens < 0 && of !== null ? -this.#rates.notComeAgain(of, -tokens) : tokens;
      const isOtherHere = at.gate.count(engine, members, taken);
      if (tokens !== 0 && at.gate.tokens !== null) this.#rates.changed(at.gate.tokens);
      if (!isOtherHere) continue;
      if (at.key === null || at.key.partCount === 1) this.#showAll(at);
      else this.#showKey(at.key);
      isOther = true;
    }
    return isOther;
  }

  /**
   * An engine claims members of what comes first at a node: they count (T4), take their tokens (T6), and their keys have had of
   * their shares. The caller takes them from the heads next: what the nodes above show of these is brought up to date by
   * that, once instead of once for each reason. Anything else is shown here, but only when all is reckoned: a node that has
   * come to show something else is not asked again.
   *
   * Measured (`bench -- order`, CPU us a member of 10,000 keys, before and now, beside 2.0 without rules; a busy machine): one of
   * each 6.6 -> 3.1, strict order 6.7 -> 3.6, shares 7.5 -> 4.8, both 8.5 -> 3.7. Throttles per engine: 0.6 to 0.8 of the plain
   * rate -> 0.8 to 1. What is left are looks into memory that is in no cache: each claim of another key meets its lane, node,
   * heads and key, and some twenty faces on the way down a heap of 10,000. Shares have a second such heap, of finishes, and each
   * key that the virtual time has passed is shown again.
   */
  take(node: ThrottleNode, engine: string, members: number): void {
    const passed: Key[] = [];
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      const { gate, key } = at;
      gate.count(engine, members, members);
      if (gate.tokens !== null) this.#rates.changed(gate.tokens);
      if (key === null) continue;
      for (const other of key.branch.take(key, members)) if (other !== key) passed.push(other);
    }
    for (const key of passed) {
      this.#showKey(key);
      key.branch.left(key);
    }
    for (let at: ThrottleNode | null = node; at !== null; at = at.parent) {
      // Other parts of the key, and other windows.
      if (at.key !== null && at.key.partCount > 1) this.#showKey(at.key);
      else if (at.heads!.next !== null) this.#showAll(at);
    }
  }

  /**
   * Set what is not null, else take away.
   *
   * @param held members that claims hold below the branch, by engine
   * @param hung the branch has become a node, or is none any more: lanes below it hang at another
   */
  set(branch: string, throttle: Throttle | null, held: ReadonlyMap<string, number>, hung: () => void): void {
    this.#rates.isSet();
    if (throttle === null) this.#set.delete(branch);
    else this.#set.set(branch, throttle);
    const known = this.#byBranch.get(branch);
    if (known !== undefined && throttle === null) this.#rate(known, null);
    if (this.#isNode(branch) !== (known !== undefined)) this.#rehang(branch, hung);
    const node = this.#byBranch.get(branch);
    if (node === undefined) return;
    node.gate.limit(throttle ?? unlimited, held);
    this.#rate(node, throttle?.rate ?? null);
    if (node.gate.throttle.perEngine === null) this.#byEngine.delete(node);
    else this.#byEngine.add(node);
    this.#showAll(node);
  }

  /** What is set, by branch. */
  all(): ReadonlyMap<string, Throttle> {
    return this.#set;
  }

  /** Those that are set, by branch. */
  rules(): ReadonlyMap<string, KeyBranch> {
    return this.#rules;
  }

  /** After `refill`. @param hung lanes at and below the branch may hang at another node */
  setRules(branch: string, rules: KeyRules | null, hung: () => void): void {
    this.#rates.isSet();
    const known = this.#rules.get(branch);
    if (known === undefined && rules === null) return;
    const before = known?.rules;
    if (known === undefined) this.#rules.set(branch, new KeyBranch(rules!, this.#rates));
    else if (rules !== null) known.change(rules);
    else {
      known.dropRate();
      this.#rules.delete(branch);
    }
    const isSame =
      before !== undefined &&
      rules !== null &&
      (before.weights === null) === (rules.weights === null) &&
      before.isStrict === rules.isStrict;
    if (!isSame) this.#rehang(branch, hung);
  }

  /** Have what is held of the keys of a branch counted anew. @param held members, by key and engine */
  limitKeys(branch: KeyBranch, held: ReadonlyMap<Key, ReadonlyMap<string, number>>): void {
    for (const key of branch.keys.values()) {
      branch.limit(key, held.get(key) ?? new Map());
      this.#showKey(key);
    }
  }

  #isNode(branch: string): boolean {
    return branch === '/' || this.#set.has(branch) || this.#rules.has(branch);
  }

  /** Hang the nodes at and below a branch, and then its lanes, where they belong by what is set now. */
  #rehang(branch: string, hung: () => void): void {
    const known = this.#byBranch.get(branch);
    const touched = new Set<ThrottleNode>();
    const left = new Set<KeyBranch>();
    this.#leftMeanwhile = left;
    if (this.#isNode(branch)) {
      const node = known ?? this.#add(branch);
      node.hidesTags = (this.#rules.get(branch)?.rules.weights ?? null) !== null;
      touched.add(node);
    } else this.#byBranch.delete(branch);
    for (const node of this.#byBranch.values()) {
      if (node.parent === null || !node.branch.startsWith(branch)) continue;
      const { parent } = node;
      const other = this.#parentOf(node.branch);
      if (other === parent) continue;
      this.#hang(node, other);
      touched.add(parent).add(other);
    }
    hung();
    if (known !== undefined && !this.#isNode(branch)) {
      this.#drop(known);
      touched.delete(known);
      touched.add(known.parent!);
    }
    this.#leftMeanwhile = null;
    for (const rules of left) rules.restIfEmpty();
    for (const node of touched) this.#showAll(node);
  }

  /** It has this rate from now on, or none any more. */
  #rate(node: ThrottleNode, rate: Rate | null): void {
    const { gate } = node;
    if (gate.tokens !== null) this.#rates.removed(gate.tokens);
    if (rate === null) gate.tokens = null;
    else if (gate.tokens === null) gate.tokens = new Tokens(node, rate, emptyBucket(this.#rates.nowMs));
    else gate.tokens.change(rate, this.#rates.nowMs);
    if (gate.tokens !== null) this.#rates.changed(gate.tokens);
  }

  #add(branch: string): ThrottleNode {
    const parent = this.#parentOf(branch);
    const node = new ThrottleNode(branch, parent, null);
    parent.hang(node);
    this.#byBranch.set(branch, node);
    return node;
  }

  #parentOf(branch: string): ThrottleNode {
    const node = nearest(this.#byBranch, above(branch))!;
    const rules = this.#rules.has(branch) ? this.rulesAt(above(branch)) : undefined;
    return rules === undefined || rules.rules.weights === null ? node : this.#partOf(node, rules.keyOf(noKey));
  }

  #partOf(node: ThrottleNode, key: Key): ThrottleNode {
    let part = key.partAt(node);
    if (part === undefined) {
      part = new ThrottleNode(node.branch, node, key);
      node.hang(part);
      key.addPart(part);
      if (key.partCount === 1) key.branch.came(key);
    }
    return part;
  }

  /** Its lanes and the nodes below it hang elsewhere by now. */
  #drop(node: ThrottleNode): void {
    node.hide();
    this.#byEngine.delete(node);
    node.parent!.unhang(node);
    this.left(node.parent!);
  }

  #hang(node: ThrottleNode, parent: ThrottleNode): void {
    const before = node.parent!;
    node.hide();
    before.unhang(node);
    node.parent = parent;
    parent.hang(node);
    this.#showAll(node);
    this.left(before);
  }

  #showKey(key: Key): void {
    for (const part of key.parts()) this.#showAll(part);
  }

  #showAll(node: ThrottleNode): void {
    for (let at = node.heads; at !== null; at = at.next) this.#changed(at);
  }

  /** What is first of some heads may be another: their face, and what comes of it above. */
  #changed(heads: Heads): void {
    for (let at: Heads | null = heads; at !== null; ) at = at.show(this.#viewer);
  }
}
