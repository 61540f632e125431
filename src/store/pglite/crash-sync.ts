// After a crash, or after it was written without syncs: the database's folder is synced, many files at once, before
// PostgreSQL starts.
//
// PostgreSQL does that itself before it recovers, because pages it is about to read may be in the cache of the operating
// system only: each file on its own and twice, 900 calls, 2 s on a busy machine (0.07 s all at once). Done here, its
// calls can be left out for files that have not changed since.
//
// A relaxed session syncs nothing, not even when it is shut down, and so it leaves a mark beside the database. A strict
// one that did not look for it would acknowledge commits on top of pages that are in the cache only.
//
// Invariants:
//   Y1. A call is left out only while PostgreSQL starts, for a file that has the size and times it had before it was
//       synced here, and these were then so old that a later change cannot have had the same.
//   Y2. When a sync here fails the store is not opened: the kernel would not report the failure again.
//   Y3. While something a relaxed session wrote may not be on the disk, its mark is there. (Not after a power cut, which
//       may take it; then nothing is in the cache any more either.)

import fs from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../observe/clock.js';
import { syncTree } from './sync-tree.js';

/** File systems keep times in steps of up to two seconds. */
const fileTimesSettleMs = 5_000;
/** `pg_control`: system identifier (8 bytes), two versions (4 each), then the state. */
const stateOffset = 16;
const stateShutDown = 1;

function keyOf(stat: fs.BigIntStats): string {
  return `${stat.dev} ${stat.ino}`;
}

function stampOf(stat: fs.BigIntStats): string {
  return `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

export class CrashSync {
  readonly #stamps: ReadonlyMap<string, string>;

  private constructor(stamps: ReadonlyMap<string, string>) {
    this.#stamps = stamps;
  }

  /** Sync a database that was not shut down, or was written without syncs; `null` for one that needs none, or whose
   * state cannot be told. */
  static async of(database: string, settledMs = fileTimesSettleMs): Promise<CrashSync | null> {
    const mark = relaxedMark(database);
    const wasRelaxed = fs.existsSync(mark);
    if (!wasRelaxed && !hasCrashed(database)) return null;
    const stamps = new Map<string, string>();
    const settledBeforeMs = systemClock.nowMs() - settledMs;
    await syncTree(database, entry => {
      const stat = fs.statSync(entry, { bigint: true });
      const changedMs = Math.max(Number(stat.mtimeMs), Number(stat.ctimeMs));
      if (changedMs < settledBeforeMs) stamps.set(keyOf(stat), stampOf(stat));
    });
    if (wasRelaxed) fs.rmSync(mark); // Y3
    return new CrashSync(stamps);
  }

  /** True when an open file is on the disk as it is (Y1). */
  covers(descriptor: number): boolean {
    const stat = fs.fstatSync(descriptor, { bigint: true });
    return this.#stamps.get(keyOf(stat)) === stampOf(stat);
  }
}

function relaxedMark(database: string): string {
  return `${database}.relaxed`;
}

/** A session that syncs nothing is about to write (Y3). */
export function markRelaxed(database: string): void {
  fs.writeFileSync(relaxedMark(database), '', { mode: 0o600 });
}

function hasCrashed(database: string): boolean {
  const state = Buffer.alloc(4);
  try {
    const control = fs.openSync(path.join(database, 'global', 'pg_control'), 'r');
    try {
      if (fs.readSync(control, state, 0, 4, stateOffset) < 4) return false;
    } finally {
      fs.closeSync(control);
    }
  } catch {
    return false; // PostgreSQL will say what is wrong with it
  }
  return state.readInt32LE() !== stateShutDown;
}
