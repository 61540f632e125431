// A token bucket: what of a rate may be claimed now. A member claimed takes a token.
//
// A token is counted as `perMs` parts, of which `members` come each millisecond. So all numbers are whole, and stay below
// 2^53 within the bounds of `rate.ts`: the doubles of JavaScript and of Lua reckon them exactly and alike
// (`redis/parts/rates.lua`), and what is left of a token is kept. An arrival time a member (GCRA) would be a fraction wherever
// `perMs / members` is one, and its rounding would add up.
//
// Invariants:
//   B1. 0 <= parts <= burst * perMs, all whole numbers.
//   B2. In any time w that goes by, at most `members * w / perMs + burst` tokens are taken, those given back aside, as long as
//       of what is given back `cameSince` is left out: a bucket then never has more than if it had not been taken.
//   B3. What comes while the bucket is full is lost, nothing else. Somebody who takes tokens as soon as there is one loses
//       nothing if the bucket holds a token and what comes in a millisecond (`members <= (burst - 1) * perMs`).
//
// The time goes on, never back: see `OnwardTime`.

import type { Rate } from './rate.js';

export interface Bucket {
  readonly parts: number;
  /** When it had them. */
  readonly atMs: number;
}

export function emptyBucket(atMs: number): Bucket {
  return { parts: 0, atMs };
}

function mostParts({ burst, perMs }: Rate): number {
  return burst * perMs;
}

/** As it is at a time, not before it was last looked at. */
export function filled(bucket: Bucket, rate: Rate, nowMs: number): Bucket {
  // The product is not reckoned where it would be too large to be exact.
  const parts = nowMs >= fullAtMs(bucket, rate) ? mostParts(rate) : bucket.parts + rate.members * (nowMs - bucket.atMs);
  return { parts, atMs: nowMs };
}

/** Whole tokens, as it was last looked at. */
export function tokensIn({ parts }: Bucket, { perMs }: Rate): number {
  return Math.floor(parts / perMs);
}

/** Without tokens that it has. */
export function withTaken({ parts, atMs }: Bucket, { perMs }: Rate, tokens: number): Bucket {
  return { parts: parts - tokens * perMs, atMs };
}

/** How many tokens come in a time, at most: so many of those taken before it may have come again, and been lost at the burst. */
export function cameSince({ members, perMs }: Rate, ms: number): number {
  return Math.ceil((members * ms) / perMs);
}

/** With tokens given back, as far as it holds them. */
export function withGivenBack({ parts, atMs }: Bucket, rate: Rate, tokens: number): Bucket {
  return { parts: Math.min(mostParts(rate), parts + Math.min(tokens, rate.burst) * rate.perMs), atMs };
}

/** When it has a whole token. */
export function nextTokenAtMs({ parts, atMs }: Bucket, { members, perMs }: Rate): number {
  return atMs + Math.ceil(Math.max(0, perMs - parts) / members);
}

/** When it is full: from then on it is as if nothing had ever been taken. */
export function fullAtMs({ parts, atMs }: Bucket, rate: Rate): number {
  return atMs + Math.ceil((mostParts(rate) - parts) / rate.members);
}

/** At another rate from now on, with the tokens it has by now, as far as it holds them. */
export function atOtherRate(bucket: Bucket, from: Rate, to: Rate, nowMs: number): Bucket {
  const now = filled(bucket, from, nowMs);
  const begun = timesOver(now.parts % from.perMs, to.perMs, from.perMs);
  return { parts: Math.min(mostParts(to), tokensIn(now, from) * to.perMs + begun), atMs: nowMs };
}

/** `floor(a * b / by)` of numbers below 2^32, `a < by`: the product alone would not be exact. */
function timesOver(a: number, b: number, by: number): number {
  const half = 2 ** 16;
  const high = a * Math.floor(b / half);
  return Math.floor(high / by) * half + Math.floor(((high % by) * half + a * (b % half)) / by);
}

/**
 * A time that only goes on: when the clock is set back it goes on from where it was. So nobody waits until the clock has
 * caught up, and no time counts twice.
 */
export class OnwardTime {
  #clockMs = Number.NEGATIVE_INFINITY;
  #aheadMs = 0;

  /** @param clockMs what the clock shows now */
  at(clockMs: number): number {
    if (clockMs < this.#clockMs) this.#aheadMs += this.#clockMs - clockMs;
    this.#clockMs = clockMs;
    return clockMs + this.#aheadMs;
  }

  /** What it would be, without looking. */
  wouldBeAt(clockMs: number): number {
    return Math.max(clockMs, this.#clockMs) + this.#aheadMs;
  }
}
