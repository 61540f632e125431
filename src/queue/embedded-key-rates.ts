// What the keys below a branch have of the rate of its rules, in the embedded queue (`key-rules.ts`).
//
// Invariants:
//   U1. With a rate, a key that has lanes has tokens of its own, known to the rates.
//   U2. One that has none has tokens, and rests, as long as they may be other than the untouched ones, and no longer known to
//       the rates: nobody waits for them. They are forgotten when another key comes to rest, `spentKeysMax` rest at most.

import type { Key } from './embedded-key.js';
import { type Rates, Tokens } from './embedded-rates.js';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';
import { noKey, spentKeysMax } from './key-rules.js';
import type { Rate } from './rate.js';
import { atOtherRate, type Bucket, emptyBucket, filled, fullAtMs } from './rate-bucket.js';

class Rest implements HeapItem {
  heapIndex = -1;
  /** When its tokens, and the untouched ones, are all there. */
  untilMs = 0;
  constructor(
    readonly key: Key,
    readonly tokens: Tokens,
  ) {}
}

export class KeyRates {
  readonly #rates: Rates;
  /** What a key has that has taken nothing. */
  #untouched: { readonly rate: Rate; bucket: Bucket } | null = null;
  readonly #rests = new Map<Key, Rest>();
  readonly #byEnd = new IndexedHeap<Rest>((a, b) => a.untilMs < b.untilMs);

  constructor(rates: Rates) {
    this.#rates = rates;
  }

  /** It is this from now on, or none. Returns keys that rest no more. @param keys all there are */
  set(rate: Rate | null, keys: Iterable<Key>): Key[] {
    const { nowMs } = this.#rates;
    if (rate === null) return this.#drop(keys);
    if (this.#untouched === null) {
      this.#untouched = { rate, bucket: emptyBucket(nowMs) };
      for (const key of keys) if (key.partCount > 0) this.came(key);
      return [];
    }
    const { rate: before, bucket } = this.#untouched;
    this.#untouched = { rate, bucket: atOtherRate(bucket, before, rate, nowMs) };
    for (const key of keys) {
      const { tokens } = key.gate;
      if (tokens === null) continue;
      tokens.change(rate, nowMs);
      const rest = this.#rests.get(key);
      if (rest === undefined) this.#rates.changed(tokens);
      else rest.untilMs = this.#restsUntilMs(tokens);
    }
    this.#byEnd.reorder();
    return [];
  }

  /** A key has its first lane. */
  came(key: Key): void {
    if (this.#untouched === null || key.name === noKey) return;
    const rest = this.#rests.get(key);
    if (rest !== undefined) this.#end(rest);
    const { rate } = this.#untouched;
    key.gate.tokens = rest?.tokens ?? new Tokens(key, rate, this.#untouchedNow().bucket);
    this.#rates.changed(key.gate.tokens);
  }

  /** A key has no lanes. Returns keys that need not rest: it, or others. */
  left(key: Key): Key[] {
    const { tokens } = key.gate;
    if (tokens === null) return [key];
    if (this.#rests.has(key)) return [];
    this.#rates.removed(tokens);
    const rest = new Rest(key, tokens);
    rest.untilMs = this.#restsUntilMs(tokens);
    this.#rests.set(key, rest);
    this.#byEnd.push(rest);
    const ended: Key[] = [];
    for (;;) {
      const { first } = this.#byEnd;
      if (first === undefined) return ended;
      if (first.untilMs > this.#rates.nowMs) {
        if (this.#rests.size <= spentKeysMax) return ended;
        this.#lower(first.tokens);
      }
      this.#end(first);
      first.key.gate.tokens = null;
      ended.push(first.key);
    }
  }

  /** Who comes anew has no more than these, which are forgotten. */
  #lower(tokens: Tokens): void {
    const untouched = this.#untouchedNow();
    tokens.look(this.#rates.nowMs);
    const parts = Math.min(untouched.bucket.parts, tokens.bucket.parts);
    untouched.bucket = { ...untouched.bucket, parts };
  }

  #drop(keys: Iterable<Key>): Key[] {
    this.#untouched = null;
    const rested = [...this.#rests.values()];
    for (const rest of rested) this.#end(rest);
    for (const { gate } of keys) {
      if (gate.tokens !== null) this.#rates.removed(gate.tokens);
      gate.tokens = null;
    }
    return rested.map(({ key }) => key);
  }

  #end(rest: Rest): void {
    this.#byEnd.remove(rest);
    this.#rests.delete(rest.key);
  }

  #untouchedNow(): { readonly rate: Rate; bucket: Bucket } {
    const untouched = this.#untouched!;
    untouched.bucket = filled(untouched.bucket, untouched.rate, this.#rates.nowMs);
    return untouched;
  }

  #restsUntilMs(tokens: Tokens): number {
    const { bucket, rate } = this.#untouched!;
    return Math.max(tokens.fullAtMs, fullAtMs(bucket, rate));
  }
}
