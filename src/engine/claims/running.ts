// What is in the worker threads: batches made of parts, each part some positions of one held segment under one claim.

import type { Slice } from '../../queue/contract.js';
import type { Plan } from '../../workflow/plan.js';
import type { HeldSegment } from './holdings.js';

export interface RunningPart {
  readonly held: HeldSegment;
  readonly plan: Plan;
  readonly claim: string;
  /** The user they run as, from their beginning to their outcome; `null`: their submitter. */
  readonly runsAs: string | null;
  /** Positions of the members in the segment, ascending. */
  readonly positions: Uint16Array;
  /** Members whose beginning is durable in the audit while they run, by index; created when the first one is. */
  reported: Set<number> | null;
  /** A report of some of them is on its way to the store; resolves when `reported` says what came of it. */
  reporting: Promise<void> | null;
  /** Positions of members that others of their instance have withdrawn while they run: their outcomes mean nothing. Created
   * when the first one is. */
  withdrawn: Set<number> | null;
}

export interface RunningBatch {
  readonly parts: readonly RunningPart[];
  /** Members without an outcome. */
  remaining: number;
}

/** Ascending positions as slices. */
export function slicesOf(segment: string, positions: ArrayLike<number>): Slice[] {
  const slices: Slice[] = [];
  let at = 0;
  while (at < positions.length) {
    const from = positions[at]!;
    let to = from + 1;
    at += 1;
    while (at < positions.length && positions[at] === to) {
      to += 1;
      at += 1;
    }
    slices.push({ segment, from, to });
  }
  return slices;
}

/** The positions from `from` up to `to`. */
export function positionsBetween(from: number, to: number): Uint16Array {
  const positions = new Uint16Array(to - from);
  for (let at = 0; at < positions.length; at++) positions[at] = from + at;
  return positions;
}
