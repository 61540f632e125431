// When instances and runs are to be over. Part of the Store contract (`contract.ts`); what changes is part of a commit.
//
// Guarantees:
//   L1. A moment is met once: the commit that tells of it takes it away, and is refused when it is not as it was read.
//   L2. What ends before its moment is not told of, what lived then is, however late somebody looks.

import { decode, encode } from './binary.js';
import { bitsOf, clearBitsOf, emptyBitmap, setBit } from './bitmap.js';
import type { Ordinals } from './contract.js';
import type { SqlCall, SqlDriver, SqlRows } from './driver.js';
import * as sql from './sql/deadlines.js';

/** `late`: it was exceeded by a run that goes on, which is looked at now and then. `past`: by a run that is over since. */
const kinds = ['approaching', 'exceeded', 'late', 'past'] as const;
export type DeadlineKind = (typeof kinds)[number];

/** A moment of some members of a root. */
export interface DeadlineRow {
  readonly id: string;
  readonly root: string;
  /** Number of the workflow version. */
  readonly workflow: number;
  readonly kind: DeadlineKind;
  /** Of a run, not of the whole life of the instances. */
  readonly isRun: boolean;
  /** When something is to be done. */
  readonly momentMs: number;
  /** The deadline. */
  readonly dueMs: number;
  readonly ordinals: Ordinals;
}

/** Members whose run is over. */
export interface EndedRun {
  readonly root: string;
  readonly ordinals: Ordinals;
  readonly atMs: number;
}

/** A moment that has been told of, or concerns nobody any more. */
export interface MetDeadline {
  readonly row: DeadlineRow;
  /** When the run, which is `late` now, is looked at again; `null`: the row goes. */
  readonly againMs: number | null;
}

/** What a commit says of deadlines, in this order. */
export interface DeadlineChanges {
  readonly met: readonly MetDeadline[];
  /** Of runs that began and ended in one transaction. */
  readonly passed: readonly DeadlineRow[];
  readonly ended: readonly EndedRun[];
  /** Members of which a run is under way begin none. */
  readonly begun: readonly DeadlineRow[];
}

/** What has become of the members of a root. */
export interface RootLives {
  readonly living: ReadonlySet<number>;
  /** By ordinal. */
  readonly leftAtMs: ReadonlyMap<number, number>;
}

export interface Deadlines {
  /** Moments up to `nowMs`, in order, at most `limit`. */
  due(nowMs: number, limit: number): Promise<DeadlineRow[]>;
  /** The next moment of all; `null`: there is none. */
  next(): Promise<number | null>;
  /** Deadline of the run under way of a member; `null`: none is, or it has none. */
  dueOfRun(root: string, ordinal: number): Promise<number | null>;
  livesOf(roots: readonly string[]): Promise<ReadonlyMap<string, RootLives>>;
}

export class SqlDeadlines implements Deadlines {
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  async due(nowMs: number, limit: number): Promise<DeadlineRow[]> {
    const parameters = [encode.int8(nowMs), encode.int4(limit)];
    return (await this.#read({ statement: sql.dueDeadlines, parameters }))[0]!.map(rowOf);
  }

  async next(): Promise<number | null> {
    const [row] = (await this.#read({ statement: sql.nextDeadline, parameters: [] }))[0]!;
    return row === undefined ? null : decode.int8(row[0]!);
  }

  async dueOfRun(root: string, ordinal: number): Promise<number | null> {
    const parameters = [encode.uuid(root), encode.int4(ordinal)];
    const [row] = (await this.#read({ statement: sql.dueOfRun, parameters }))[0]!;
    return row === undefined ? null : decode.int8(row[0]!);
  }

  async livesOf(roots: readonly string[]): Promise<ReadonlyMap<string, RootLives>> {
    const parameters = [encode.uuidArray([...new Set(roots)])];
    // Whoever leaves in between is found twice rather than not at all.
    const [segments, outcomes] = await this.#read(
      { statement: sql.livingOf, parameters },
      { statement: sql.leftOf, parameters },
    );
    const lives = new Map(
      roots.map(root => [root, { living: new Set<number>(), leftAtMs: new Map<number, number>() }]),
    );
    for (const [root, members, gone] of segments!) {
      const bits = decode.varbit(members!);
      const ordinals = bitsOf(bits.bytes, bits.length);
      const { living } = lives.get(decode.uuid(root!))!;
      for (const position of clearBitsOf(decode.varbit(gone!).bytes, ordinals.length)) living.add(ordinals[position]!);
    }
    for (const [root, members, atMs] of outcomes!) {
      const bits = decode.varbit(members!);
      const { leftAtMs } = lives.get(decode.uuid(root!))!;
      for (const ordinal of bitsOf(bits.bytes, bits.length)) leftAtMs.set(ordinal, decode.int8(atMs!));
    }
    return lives;
  }

  #read(...calls: SqlCall[]): Promise<SqlRows[]> {
    return this.#driver.transaction(calls, { readOnly: true });
  }
}

/** The calls of a commit. @param hasRivals other commits run at the same time */
export function deadlineCalls({ met, passed, ended, begun }: DeadlineChanges, hasRivals: boolean): SqlCall[] {
  const calls: SqlCall[] = [];
  if (met.length > 0) calls.push(meetCall(met));
  if (hasRivals && ended.length > 0) {
    calls.push({ statement: sql.lockDeadlines, parameters: [encode.uuidArray(ended.map(({ root }) => root))] });
  }
  if (passed.length > 0) calls.push(addCall(passed));
  if (ended.length > 0) {
    const members = ended.map(({ ordinals }) => bitsFor(ordinals));
    const at = encode.int8Array(ended.map(({ atMs }) => atMs));
    const parameters = [encode.uuidArray(ended.map(({ root }) => root)), encode.varbitArray(members), at];
    calls.push({ statement: sql.endRuns, parameters });
  }
  if (begun.length > 0) calls.push(addCall(begun));
  return calls;
}

function meetCall(met: readonly MetDeadline[]): SqlCall {
  // In order, so that rivals do not wait in a circle.
  const sorted = [...met].sort((a, b) => (a.row.id < b.row.id ? -1 : 1));
  return {
    statement: sql.meetDeadlines,
    parameters: [
      encode.uuidArray(sorted.map(({ row }) => row.id)),
      encode.int4Array(sorted.map(({ row }) => kinds.indexOf(row.kind))),
      encode.varbitArray(sorted.map(({ row }) => bitsFor(row.ordinals))),
      encode.int8Array(sorted.map(({ againMs }) => againMs)),
      encode.int4(sorted.length),
    ],
  };
}

function addCall(rows: readonly DeadlineRow[]): SqlCall {
  return {
    statement: sql.addDeadlines,
    parameters: [
      encode.uuidArray(rows.map(({ id }) => id)),
      encode.uuidArray(rows.map(({ root }) => root)),
      encode.int4Array(rows.map(({ workflow }) => workflow)),
      encode.int4Array(rows.map(({ kind }) => kinds.indexOf(kind))),
      encode.boolArray(rows.map(({ isRun }) => isRun)),
      encode.int8Array(rows.map(({ momentMs }) => momentMs)),
      encode.int8Array(rows.map(({ dueMs }) => dueMs)),
      encode.varbitArray(rows.map(({ ordinals }) => bitsFor(ordinals))),
    ],
  };
}

/** Of one length, so that they can be combined. */
const memberBits = 512;

export function bitsFor(ordinals: Ordinals): { readonly bytes: Uint8Array; readonly length: number } {
  const bytes = emptyBitmap(memberBits);
  for (const ordinal of ordinals) setBit(bytes, ordinal);
  return { bytes, length: memberBits };
}

function rowOf(row: SqlRows[number]): DeadlineRow {
  const members = decode.varbit(row[7]!);
  return {
    id: decode.uuid(row[0]!),
    root: decode.uuid(row[1]!),
    workflow: decode.int4(row[2]!),
    kind: kinds[decode.int4(row[3]!)]!,
    isRun: decode.bool(row[4]!),
    momentMs: decode.int8(row[5]!),
    dueMs: decode.int8(row[6]!),
    ordinals: bitsOf(members.bytes, members.length),
  };
}
