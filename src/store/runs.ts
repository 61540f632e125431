// Runs of instances and what they took on average. Part of the Store contract (`contract.ts`); what changes is part of a commit.
//
// A run of a workflow without marks is the life of its instance: outcomes and segments tell it, and only its average is kept here.
// Of marked runs those that begin and end together have one row.
//
// Guarantees:
//   R1. Averages are of what the history tells, exactly: what ends is added in the commit that ends it, and goes with the
//       generation of the audit in which it ended.
//   R2. A member has one marked run under way at a time.

import { decode, encode } from './binary.js';
import type { Ordinals, Scope } from './contract.js';
import { bitsFor } from './deadlines.js';
import type { SqlCall, SqlDriver } from './driver.js';
import { rangeOf } from './scope-range.js';
import * as sql from './sql/runs.js';

/** What a commit adds to the averages of a name. */
export interface RunTally {
  /** Full name of the workflow. */
  readonly name: string;
  /** Empty: of runs. */
  readonly action: string;
  readonly count: number;
  readonly runMs: number;
  readonly waitMs: number;
  /** Runs that count in no average, because they did not come to their end. */
  readonly premature: number;
}

/** Runs of members of a root. */
export interface RunGroup {
  readonly id: string;
  readonly root: string;
  /** Number of the workflow version. */
  readonly workflow: number;
  readonly name: string;
  /** Deadline of the run; `null`: none. */
  readonly dueMs: number | null;
  readonly ordinals: Ordinals;
  /** By position in `ordinals`. */
  readonly startedMs: readonly number[];
}

export interface PassedRuns extends RunGroup {
  readonly endedMs: readonly number[];
}

/** Members whose run is over, if one is under way. */
export interface RunEnds {
  readonly root: string;
  readonly ordinals: Ordinals;
  /** By position in `ordinals`. */
  readonly endedMs: readonly number[];
}

/** What a commit says of runs, in this order. A root is in each list of ends once. */
export interface RunChanges {
  /** Members of which a run is under way begin none. */
  readonly begun: readonly RunGroup[];
  readonly ended: readonly RunEnds[];
  /** Of members that have just ended one. */
  readonly passed: readonly PassedRuns[];
  readonly begunAgain: readonly RunGroup[];
  /** The instances have left before its end. */
  readonly broken: readonly RunEnds[];
  /** At most one a name and action. */
  readonly tallies: readonly RunTally[];
}

export interface Runs {
  /**
   * Tell no more of runs that were over by `atMs`, and begin their averages anew; what is under way stays.
   *
   * @returns how many runs the averages told of
   */
  clear(scope: Scope, atMs: number): Promise<number>;
}

export class SqlRuns implements Runs {
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  async clear(scope: Scope, atMs: number): Promise<number> {
    const named = scope.kind === 'branch' ? scope.branch : scope.name;
    const [from, to] = rangeOf(scope);
    const rows = await this.#driver.transaction([
      { statement: sql.forgetCleared, parameters: [] },
      { statement: sql.forgetNarrower, parameters: [named, from, to] },
      { statement: sql.markCleared, parameters: [named, encode.int8(atMs)] },
      { statement: sql.clearAverages, parameters: [from, to] },
    ]);
    return decode.int8(rows[3]![0]![0]!);
  }
}

/** The calls of a commit. @param hasRivals other commits run at the same time */
export function runCalls(changes: RunChanges, hasRivals: boolean): SqlCall[] {
  const { begun, ended, passed, begunAgain, broken, tallies } = changes;
  const calls: SqlCall[] = [];
  if (hasRivals && ended.length + broken.length > 0) {
    const roots = new Set([...ended, ...broken].map(({ root }) => root));
    calls.push({ statement: sql.lockRuns, parameters: [encode.uuidArray([...roots])] });
  }
  if (begun.length > 0) calls.push({ statement: sql.beginRuns, parameters: groupParameters(begun) });
  if (ended.length > 0) calls.push(endCall(ended, false));
  if (passed.length > 0) {
    const endedMs = encode.int8Array(passed.flatMap(group => group.endedMs));
    calls.push({ statement: sql.passRuns, parameters: [...groupParameters(passed), endedMs] });
  }
  if (begunAgain.length > 0) calls.push({ statement: sql.beginRuns, parameters: groupParameters(begunAgain) });
  if (broken.length > 0) calls.push(endCall(broken, true));
  if (tallies.length > 0) calls.push(tallyCall(tallies));
  return calls;
}

function groupParameters(groups: readonly RunGroup[]): Uint8Array[] {
  return [
    encode.uuidArray(groups.map(({ id }) => id)),
    encode.uuidArray(groups.map(({ root }) => root)),
    encode.int4Array(groups.map(({ workflow }) => workflow)),
    encode.textArray(groups.map(({ name }) => name)),
    encode.int8Array(groups.map(({ dueMs }) => dueMs)),
    encode.varbitArray(groups.map(({ ordinals }) => bitsFor(ordinals))),
    encode.int4Array(firsts(groups)),
    encode.int8Array(groups.flatMap(({ startedMs }) => startedMs)),
  ];
}

function endCall(ends: readonly RunEnds[], isPremature: boolean): SqlCall {
  return {
    statement: sql.endRuns,
    parameters: [
      encode.uuidArray(ends.map(({ root }) => root)),
      encode.varbitArray(ends.map(({ ordinals }) => bitsFor(ordinals))),
      encode.int4Array(firsts(ends)),
      encode.int8Array(ends.flatMap(({ endedMs }) => endedMs)),
      encode.bool(isPremature),
    ],
  };
}

/** Where the times of each begin in the list of all, from 1. */
function firsts(groups: readonly { readonly ordinals: Ordinals }[]): number[] {
  let next = 1;
  return groups.map(({ ordinals }) => {
    const first = next;
    next += ordinals.length;
    return first;
  });
}

function tallyCall(tallies: readonly RunTally[]): SqlCall {
  // In order, so that rivals do not wait in a circle.
  const sorted = [...tallies].sort((a, b) => order(a.name, b.name) || order(a.action, b.action));
  return {
    statement: sql.addTallies,
    parameters: [
      encode.textArray(sorted.map(({ name }) => name)),
      encode.textArray(sorted.map(({ action }) => action)),
      encode.int8Array(sorted.map(({ count }) => count)),
      encode.int8Array(sorted.map(({ runMs }) => runMs)),
      encode.int8Array(sorted.map(({ waitMs }) => waitMs)),
      encode.int8Array(sorted.map(({ premature }) => premature)),
    ],
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
