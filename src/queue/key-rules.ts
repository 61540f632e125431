// Rules for keys: what is bounded, in order and shared by the key of an instance (its tenant, its customer).
//
// Whose rules hold: those of the nearest branch at or above the member's that has any (a member's rules branch), all of them.
// A key is apart by rules branch: where `/a/` has rules, all of key x below `/a/` is one key, but for what is below a branch with
// rules of its own. A member without key is under no bound and no order of a key, but has part in the shares.
//
// Shares. A branch B with weights parts what is below it into flows: one for each key whose rules branch is B, and one for all
// else below B (no key, or nearer rules), which is told as the key '' and weighs what `others` says. B has a virtual time V, a
// flow has a finish F; whole numbers, 0 at first.
//   - The start of a flow is max(V, F).
//   - A claim that takes n members of a slice, for each branch with weights at or above it: V := the start of the member's
//     flow; F := V + floor(n * shareUnit / weight of the flow).
//   - A finish that is not above V is as good as none and is forgotten. Are more than `finishesMax` above V, V rises to the least
//     of them, until it is so no more.
//   - What is released, has expired or is announced changes neither. Weights that change leave V and F as they are; set
//     where there were none they begin at 0, taken away they are forgotten. So they are when nothing below B is left in the
//     queue, waiting or claimed.
// A claim that finds V above `virtualMax` lets V and all F begin at 0 again first, so that they stay whole.
//
// The order with shares. Below B, among members of one fairness window that have room: effective priority, start of the flow,
// filed time, arrival, position. With what is not below B, or is of another window, the first of these competes by
// effective priority, filed time, arrival and position. A branch with weights below B competes so within B's flow ''.
// Throttled branches without weights change nothing in this: their members are B's like all others.
//
// What is first is taken whole: as many members of its slice as have room, before anything is compared again. A slice is as it
// was offered, less what has been split off it: at the ends of what calls name (release, settle, withdraw, announce), where
// Q2 has left a gap, and where the room of a claim ended. Parts do not grow together again.
//
// Rates of keys. Rules with a rate have a bucket that nobody takes of, the untouched one: empty when the rate is set where there was
// none. A key of which something is in the queue has a bucket of its own, at first as the untouched one is then. Once nothing
// of the key is in the queue, its bucket is remembered until it and the untouched one are full, that is as long as it
// tells anything. Are more than `spentKeysMax` keys remembered so, the one that would be forgotten first is, and the untouched
// bucket keeps no more than that one had: who comes later may wait for longer, and no key ever has more than its rate lets it.
// Another rate keeps the tokens of all buckets, as that of a throttle.
//
// Bound: while the same keys wait all the time, with room, at one effective priority and in slices of m members at most, a key of
// weight w gets m members while each other key of weight v gets (v/w + 1)m at most.

import { strict as assert } from 'node:assert';
import type { Throttle } from './contract.js';
import { assertRate } from './rate.js';

/** What each key has of its own. Like the limits of a throttle, for all engines together. */
export type KeyThrottle = Omit<Throttle, 'perEngine'>;

export interface KeyWeights {
  /** By key; whole numbers, 1 to 1,000. */
  readonly of: ReadonlyMap<string, number>;
  /** Weight of every other key, and of all members without key together. */
  readonly others: number;
}

export interface KeyRules {
  /** Bounds of each key; a limit is 1 or more. */
  readonly each: KeyThrottle;
  /** How keys share what is claimed; `null`: they do not, time decides. */
  readonly weights: KeyWeights | null;
  /** One member of a key after the other, by creation (Q11). */
  readonly isStrict: boolean;
}

/** What one member costs a flow of weight 1. */
export const shareUnit = 100_000;

/** Flows of a branch whose finish is remembered, at most. */
export const finishesMax = 65_536;

/** How far a virtual time goes: some 45 billion members of weight 1. */
export const virtualMax = 2 ** 52;

/** Keys of the rules of a branch that are remembered for their rate alone, at most. */
export const spentKeysMax = 65_536;

/** @throws EngineError `OPTION_INVALID` as `assertRate` */
export function assertRules({ each }: KeyRules): void {
  if (each.rate !== null) assertRate(each.rate);
}

/** Bytes of a key, at most; at least 1, and no control characters. */
export const keyBytesMax = 128;

/** What a queue takes of a key is checked where it is given: this is a fault of the caller. */
export function assertKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they end a key in the members of sets.
  assert(bytes >= 1 && bytes <= keyBytesMax && !/[\u0000-\u001f]/.test(key), `"${key}" is no key`);
}

/** The flow of what is below a branch with weights and under no key of its rules. */
export const noKey = '';

/** How much the virtual time of a flow grows by members that are claimed. */
export function shareCost(members: number, key: string, { of, others }: KeyWeights): number {
  return Math.floor((members * shareUnit) / (of.get(key) ?? others));
}
