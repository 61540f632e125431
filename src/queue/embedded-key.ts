// The keys below a branch with rules, as the embedded queue has them, and how they share (`key-rules.ts`).
//
// Invariants:
//   K1. A key is known while a lane is its own, its finish is above the virtual time, or its rate is to be remembered.
//   K2. A finish is among the finishes exactly while it is above the virtual time.
//   K3. Keys are in order of start by their tags: what starts at the virtual time has 0.

import type { Throttle } from './contract.js';
import { Gate } from './embedded-gate.js';
import { KeyRates } from './embedded-key-rates.js';
import { Line } from './embedded-line.js';
import type { Rates } from './embedded-rates.js';
import type { ThrottleNode } from './embedded-throttle-node.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';
import { finishesMax, type KeyRules, noKey, shareCost, virtualMax } from './key-rules.js';

export class Key implements HeapItem {
  /** Among the finishes. */
  heapIndex = -1;
  finish = 0;
  readonly gate = new Gate();
  /** Where its lanes hang: a node for each branch with a throttle or rules that has some, by that one's. Nearly always one. */
  #parts: ThrottleNode | Map<ThrottleNode, ThrottleNode> | null = null;
  /** All that waits, under strict rules. */
  line: Line | null = null;

  constructor(
    readonly branch: KeyBranch,
    readonly name: string,
  ) {}

  get tag(): number {
    return this.heapIndex < 0 ? 0 : this.finish;
  }

  get partCount(): number {
    if (this.#parts instanceof Map) return this.#parts.size;
    return this.#parts === null ? 0 : 1;
  }

  parts(): Iterable<ThrottleNode> {
    if (this.#parts instanceof Map) return this.#parts.values();
    return this.#parts === null ? [] : [this.#parts];
  }

  /** Its node below another. */
  partAt(parent: ThrottleNode): ThrottleNode | undefined {
    if (this.#parts instanceof Map) return this.#parts.get(parent);
    return this.#parts?.parent === parent ? this.#parts : undefined;
  }

  addPart(part: ThrottleNode): void {
    const known = this.#parts;
    if (known === null) this.#parts = part;
    else if (known instanceof Map) known.set(part.parent!, part);
    else this.#parts = new Map([known, part].map(each => [each.parent!, each]));
  }

  removePart(part: ThrottleNode): void {
    if (this.#parts instanceof Map) this.#parts.delete(part.parent!);
    else this.#parts = null;
  }
}

export class KeyBranch {
  readonly keys = new Map<string, Key>();
  /** Keys that have lanes, but for that of what has no key. */
  busy = 0;
  #virtual = 0;
  readonly #finishes = new IndexedHeap<Key>((a, b) => a.finish < b.finish);

  readonly #rates: KeyRates;
  /** Of each key. */
  #throttle: Throttle;

  /** @param rates looked at by now */
  constructor(
    public rules: KeyRules,
    rates: Rates,
  ) {
    this.#throttle = throttleOf(rules);
    this.#rates = new KeyRates(rates);
    this.#rates.set(rules.each.rate, []);
  }

  /** Made if need be; the caller hangs a lane at it. */
  keyOf(name: string): Key {
    let key = this.keys.get(name);
    if (key === undefined) {
      key = new Key(this, name);
      this.keys.set(name, key);
      this.#follow(key);
    }
    return key;
  }

  /** It has its first lane. */
  came(key: Key): void {
    if (key.name === noKey) return;
    this.busy += 1;
    this.#rates.came(key);
  }

  /** It goes unless something is left of it (K1). */
  left(key: Key): void {
    if (key.partCount === 0) this.#dropAll(this.#rates.left(key));
  }

  /** That no rate is a reason to know any more. */
  #dropAll(keys: readonly Key[]): void {
    for (const key of keys) if (key.heapIndex < 0) this.keys.delete(key.name);
  }

  /** The rules are gone. */
  dropRate(): void {
    this.#dropAll(this.#rates.set(null, this.keys.values()));
  }

  /** Lanes have left: are there none any more below the branch, its shares begin anew. */
  restIfEmpty(): void {
    if (this.busy > 0 || this.rules.weights === null) return;
    for (const part of this.keys.get(noKey)?.parts() ?? []) if (part.hasLanes) return;
    this.#forget();
  }

  #forget(): void {
    for (const key of this.#beginAnew()) this.left(key);
  }

  /** Rates looked at by now. What keys hold is to be counted anew, and what waits in lines filed anew if the order is another. */
  change(rules: KeyRules): void {
    this.rules = rules;
    this.#throttle = throttleOf(rules);
    this.#dropAll(this.#rates.set(rules.each.rate, this.keys.values()));
    for (const key of this.keys.values()) this.#follow(key);
    if (rules.weights !== null) return;
    this.#forget();
  }

  limit(key: Key, held: ReadonlyMap<string, number>): void {
    if (key.name !== noKey) key.gate.limit(this.#throttle, held);
  }

  /** Members of a key's slice are claimed. Returns the keys that have another tag. */
  take(key: Key, members: number): readonly Key[] {
    const { weights } = this.rules;
    if (weights === null) return none;
    const changed = [key];
    if (this.#virtual > virtualMax) changed.push(...this.#beginAnew());
    const isAbove = key.heapIndex >= 0;
    if (isAbove) this.#virtual = key.finish;
    key.finish = this.#virtual + shareCost(members, key.name, weights);
    if (isAbove) this.#finishes.moved(key);
    else this.#finishes.push(key);
    changed.push(...this.#passed());
    while (this.#finishes.size > finishesMax) {
      this.#virtual = this.#finishes.first!.finish;
      changed.push(...this.#passed());
    }
    return changed;
  }

  #passed(): readonly Key[] {
    const { first } = this.#finishes;
    if (first === undefined || first.finish > this.#virtual) return none;
    return this.#finishes.takeWhere(({ finish }) => finish <= this.#virtual);
  }

  #beginAnew(): Key[] {
    this.#virtual = 0;
    return this.#finishes.takeWhere(() => true);
  }

  #follow(key: Key): void {
    const isStrict = this.rules.isStrict && key.name !== noKey;
    if (isStrict !== (key.line !== null)) key.line = isStrict ? new Line() : null;
    this.limit(key, new Map());
  }
}

function throttleOf({ each, isStrict }: KeyRules): Throttle {
  return { ...each, perEngine: null, clusterWide: isStrict ? 1 : each.clusterWide };
}

const none: readonly Key[] = [];
