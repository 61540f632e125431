// What keeps a ready member of the embedded queue: its priority, the bounds that are reached, and who is before it.

import { type Entry, entryBefore } from './embedded-entry.js';
import { Heads } from './embedded-heads.js';
import { Rung } from './embedded-lane.js';
import type { ThrottleNode } from './embedded-throttle-node.js';
import { effectivePriority, type ReadyMember, type Shortage } from './whereabouts.js';

/** Heads and entries looked at one by one, at most: a millisecond. */
const lookedAtMax = 10_000;

export interface ReadyWorld {
  /** The branch its lane's priority comes from; `null`: from none. */
  readonly inheritedFrom: string | null;
  /** The branch whose rules for keys hold; `null`: none has any. */
  readonly rulesOf: string | null;
  /** What has reached priority 1 by then has its rank. */
  readonly nowMs: number;
  /** The time of tokens. */
  readonly rateMs: number;
}

export function readyMember(entry: Entry, position: number, world: ReadyWorld): ReadyMember {
  const { inheritedFrom, rulesOf, nowMs, rateMs } = world;
  const { lane, eligibleAtMs, redelivered } = entry;
  const { priority: base, window, fifo, ownPriority } = lane;
  const effective = effectivePriority(base, window, eligibleAtMs, nowMs);
  const shortages: Shortage[] = [];
  const inLine = (lane.line?.before(entry, lookedAtMax) ?? []).reduce((sum, { count }) => sum + count, 0);
  const ofSlice = position - entry.from;
  if (lane.line !== null && inLine + ofSlice > 0) {
    shortages.push({ kind: 'strict', branch: rulesOf!, key: lane.key!, before: inLine + ofSlice });
  }
  for (let node: ThrottleNode | null = lane.node; node !== null; node = node.parent) {
    const { gate, branch, key } = node;
    shortages.push(...gate.shortages(key === null ? branch : rulesOf!, key?.name ?? null, rateMs));
  }
  const origin = ownPriority !== null ? 'own' : inheritedFrom !== null ? 'branch' : 'default';
  return {
    kind: 'ready',
    waitedMs: Math.max(0, nowMs - eligibleAtMs),
    redelivered,
    priority: { effective, base, origin, branch: inheritedFrom },
    window,
    filedBy: fifo ? 'created' : 'eligible',
    shortages,
    before: ofSlice + inLine + membersBefore(entry, effective, nowMs),
  };
}

function membersBefore(entry: Entry, priority: number, nowMs: number): number {
  let members = 0;
  let left = lookedAtMax;
  let below: ThrottleNode | null = null;
  // Whose turn it is in shares depends on what is claimed until then: so it is between what a key has and the branch with
  // weights, and with other windows up to the outermost such branch, since what of them is first there competes for all.
  let isBelowKey = false;
  const outermost = outermostWithWeights(entry.lane.node);
  let isApart = outermost !== null;
  for (let node: ThrottleNode | null = entry.lane.node; node !== null; below = node, node = node.parent) {
    for (let heads = node.heads; heads !== null; heads = heads.next) {
      const isShared = isBelowKey || (isApart && heads.window !== entry.lane.window);
      for (const head of heads.before(entry, priority, isShared, nowMs, left)) {
        left -= 1;
        // What is before it there has been counted below, or in its line.
        if ((head instanceof Heads && head.node === below) || head === entry.lane.line) continue;
        if (head instanceof Heads && !isForAll(head)) continue;
        if (!(head instanceof Rung)) {
          members += 1;
          continue;
        }
        const first = head.where(each => isBefore(each, entry, priority, isShared, nowMs), Math.max(1, left));
        left = Math.max(0, left - first.length);
        for (const { count } of first) members += count;
      }
    }
    if (node.hidesTags) isBelowKey = false;
    if (node === outermost) isApart = false;
    if (node.key !== null && node.key.branch.rules.weights !== null) isBelowKey = true;
  }
  return members;
}

function outermostWithWeights(from: ThrottleNode): ThrottleNode | null {
  let outermost: ThrottleNode | null = null;
  for (let node: ThrottleNode | null = from; node !== null; node = node.parent) if (node.hidesTags) outermost = node;
  return outermost;
}

/** Whether no limit per engine stands between a face and what it shows: to another engine it may show something else. */
function isForAll({ node, entry }: Heads): boolean {
  for (let at: ThrottleNode = entry.lane.node; at !== node.parent; at = at.parent!) {
    if (at.gate.throttle.perEngine !== null) return false;
  }
  return true;
}

function isBefore(each: Entry, entry: Entry, priority: number, isShared: boolean, nowMs: number): boolean {
  const { priority: base, window } = each.lane;
  const its = effectivePriority(base, window, each.eligibleAtMs, nowMs);
  return its < priority || (its === priority && !isShared && entryBefore(each, entry));
}
