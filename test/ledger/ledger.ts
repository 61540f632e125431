// The effect ledger: what actions did, written by the actions themselves, outside the engine.
//
// An append-only file, one JSON line per effect: `begin` when an execution starts, `end` when it ends. Order in the file
// is the order in which things happened. The writer is test/fixtures/ledger/append.mjs (worker threads read no
// TypeScript); this file has the format and the reader.
//
// Invariants:
//   L1. An execution is one call of one action function; `execution` names it, unique over threads and processes.
//   L2. A `begin` without `end` was cut by a kill (or is still running). An `end` without `begin` cannot happen.
//   L3. A line that is no JSON was torn by a kill; it is counted, never repaired.

import { readFileSync } from 'node:fs';

export { beginExecution, recordEffect } from '../fixtures/ledger/append.mjs';

/** What the ledger takes from the context an action is handed. */
export interface ExecutionContext {
  readonly instance: string;
  readonly workflow: string;
  readonly action: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
}

export interface EffectBegin extends ExecutionContext {
  readonly kind: 'begin';
  readonly execution: string;
  readonly pid: number;
  readonly atMs: number;
}

export interface EffectEnd {
  readonly kind: 'end';
  readonly execution: string;
  readonly instance: string;
  /** False: the action was about to throw. */
  readonly ok: boolean;
  readonly atMs: number;
}

export type Effect = EffectBegin | EffectEnd;

/** Lines of one of the oracle's logs, parsed; `torn` counts what a killed writer left unfinished. */
export function readRecords<T>(file: string): { records: T[]; torn: number } {
  const records: T[] = [];
  let torn = 0;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      records.push(JSON.parse(line) as T);
    } catch {
      torn += 1; // L3; the caller compares it with the kills.
    }
  }
  return { records, torn };
}

/** The ledger's effects in the order in which they happened. */
export function readLedger(file: string): { effects: Effect[]; torn: number } {
  const { records, torn } = readRecords<Effect>(file);
  return { effects: records, torn };
}
