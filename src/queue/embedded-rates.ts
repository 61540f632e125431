// The tokens of the embedded queue's nodes, and which of these have none left, by the time at which the next one comes.
//
// Invariants:
//   G1. Tokens of a node wait here exactly while there is no whole one, as they were last looked at.

import type { Key } from './embedded-key.js';
import type { ThrottleNode } from './embedded-throttle-node.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';
import type { Rate } from './rate.js';
import {
  atOtherRate,
  type Bucket,
  cameSince,
  filled,
  fullAtMs,
  nextTokenAtMs,
  OnwardTime,
  tokensIn,
  withGivenBack,
  withTaken,
} from './rate-bucket.js';

/** Of a node, or a key, with a rate; times are those of `Rates`. */
export class Tokens implements HeapItem {
  heapIndex = -1;
  /** While they wait: when there is a whole one. */
  dueMs = 0;
  #bucket: Bucket;

  constructor(
    readonly owner: ThrottleNode | Key,
    private rate: Rate,
    bucket: Bucket,
  ) {
    this.#bucket = bucket;
  }

  /** As it was last looked at. */
  get bucket(): Bucket {
    return this.#bucket;
  }

  /** Whole ones, as they were last looked at. */
  get count(): number {
    return tokensIn(this.#bucket, this.rate);
  }

  get nextAtMs(): number {
    return nextTokenAtMs(this.#bucket, this.rate);
  }

  /** Until then they remember what was claimed. */
  get fullAtMs(): number {
    return fullAtMs(this.#bucket, this.rate);
  }

  look(nowMs: number): void {
    if (nowMs !== this.#bucket.atMs) this.#bucket = filled(this.#bucket, this.rate, nowMs);
  }

  /** Take some that are there, or give some back (negative). */
  take(count: number): void {
    this.#bucket =
      count > 0 ? withTaken(this.#bucket, this.rate, count) : withGivenBack(this.#bucket, this.rate, -count);
  }

  cameSince(ms: number): number {
    return cameSince(this.rate, ms);
  }

  change(rate: Rate, nowMs: number): void {
    this.#bucket = atOtherRate(this.#bucket, this.rate, rate, nowMs);
    this.rate = rate;
  }
}

export class Rates {
  readonly #time = new OnwardTime();
  readonly #waiting = new IndexedHeap<Tokens>((a, b) => a.dueMs < b.dueMs);
  #nowMs = 0;
  /** When throttles or rules for keys were last set: who took tokens before may have taken them elsewhere. */
  #setAtMs = 0;
  /** Of a claim that gives tokens back: how long it had them, and how many of each may have come again since. */
  #givingBack = { heldMs: 0, comeAgain: new Map<Tokens, number>() };

  /** The time of tokens, when it was last looked at. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** @param clockMs what the clock shows */
  look(clockMs: number): void {
    this.#nowMs = this.#time.at(clockMs);
  }

  /** Throttles or rules for keys are set. */
  isSet(): void {
    this.#setAtMs = this.#nowMs;
  }

  /** What a claim gives back from now on was taken then. False: nothing is given back. */
  giveBackOf(tookAtMs: number | null, clockMs: number): boolean {
    if (tookAtMs === null) return false;
    this.#givingBack = { heldMs: this.#time.wouldBeAt(clockMs) - tookAtMs, comeAgain: new Map() };
    return tookAtMs > this.#setAtMs;
  }

  /** Of tokens given back, those that cannot have come again since they were taken. */
  notComeAgain(tokens: Tokens, count: number): number {
    const { heldMs, comeAgain } = this.#givingBack;
    const come = comeAgain.get(tokens) ?? tokens.cameSince(heldMs);
    comeAgain.set(tokens, Math.max(0, come - count));
    return Math.max(0, count - come);
  }

  /** Nodes and keys that have a token again. */
  *refilled(): Iterable<ThrottleNode | Key> {
    for (;;) {
      const first = this.#waiting.first;
      if (first === undefined || first.dueMs > this.#nowMs) return;
      first.look(this.#nowMs);
      this.changed(first);
      yield first.owner;
    }
  }

  /** Some were taken, or given back, or come at another rate (G1). */
  changed(tokens: Tokens): void {
    if (tokens.count > 0) this.removed(tokens);
    else {
      tokens.dueMs = tokens.nextAtMs;
      if (tokens.heapIndex === -1) this.#waiting.push(tokens);
      else this.#waiting.moved(tokens);
    }
  }

  /** The node has no rate any more. */
  removed(tokens: Tokens): void {
    if (tokens.heapIndex !== -1) this.#waiting.remove(tokens);
  }

  /** Until the first of those that wait. */
  get nextInMs(): number | null {
    const first = this.#waiting.first;
    return first === undefined ? null : first.dueMs - this.#nowMs;
  }
}
