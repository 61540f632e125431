// What the embedded queue keeps of a slice, and the order of slices.
//
// A million instances may stand here one by one, so an entry is small: no arrays, no closures, one string shared with
// its offer.

import type { Slice } from './contract.js';
import type { Lane } from './embedded-lane.js';
import type { LinePlace } from './embedded-line.js';

/** A claim as the queue holds it. */
export interface HeldClaim {
  readonly id: string;
  readonly engine: string;
  leaseUntilMs: number;
  /** Time of rates when it took tokens; `null`: of what it holds some was announced, and took none. */
  tookAtMs: number | null;
  /** Members still held. */
  count: number;
  /** Every entry it ever held; those that left it no longer name it as their place. */
  readonly entries: Entry[];
}

/** Where an entry is: waiting in its lane, waiting for its time, or in a claim. Exactly one of them (Q2). */
export type EntryPlace = 'ready' | 'delayed' | HeldClaim;

/** A slice with all that is needed to put it back where it was. */
export class Entry {
  place: EntryPlace = 'ready';
  /** A lease of it ran out, or it was offered so. Holds until it is settled: a release says nothing about before. */
  redelivered = false;
  /** In its lane when ready, among the delayed when delayed. */
  heapIndex = -1;
  /** In the line of its key, ready or delayed, under strict rules. */
  linePlace: LinePlace | null = null;

  constructor(
    readonly segment: string,
    readonly from: number,
    public to: number,
    public lane: Lane,
    readonly eligibleAtMs: number,
    readonly createdAtMs: number,
    /** Number of the offer that brought it: what arrived first goes first among equals. */
    readonly arrival: number,
    readonly key: string | null,
  ) {}

  get count(): number {
    return this.to - this.from;
  }

  /** Give up what stands at `at` and after; returns it as a new entry, not yet in any place. */
  splitAt(at: number): Entry {
    const { segment, to, lane, eligibleAtMs, createdAtMs, arrival, key } = this;
    const rest = new Entry(segment, at, to, lane, eligibleAtMs, createdAtMs, arrival, key);
    rest.redelivered = this.redelivered;
    this.to = at;
    return rest;
  }

  slice(): Slice {
    return { segment: this.segment, from: this.from, to: this.to };
  }
}

/** The time an entry is filed under: its creation on a FIFO lane, else when it became eligible. */
export function filedUnderMs(entry: Entry): number {
  return entry.lane.fifo ? entry.createdAtMs : entry.eligibleAtMs;
}

/** Q1 below priority: time, then arrival. Entries of one arrival are parts of one slice: position decides. */
export function entryBefore(a: Entry, b: Entry): boolean {
  const aMs = filedUnderMs(a);
  const bMs = filedUnderMs(b);
  if (aMs !== bMs) return aMs < bMs;
  if (a.arrival !== b.arrival) return a.arrival < b.arrival;
  return a.from < b.from;
}

export function eligibleBefore(a: Entry, b: Entry): boolean {
  return a.eligibleAtMs < b.eligibleAtMs;
}
