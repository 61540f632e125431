// The effect ledger, swept: what tests know of bounds and engines stands in it as marks, among what actions wrote, so that
// its order is the order in which things happened and no clock is asked.

import { appendRecord } from '../fixtures/ledger/append.mjs';
import { type Effect, readRecords } from './ledger.js';
import { type SweepResult, type Swept, type SweptBound, type SweptEngine, sweep } from './sweep.js';

/** An engine is the id of its process. */
export type LedgerMark = SweptBound | SweptEngine;

export function markLedger(file: string, mark: LedgerMark): void {
  appendRecord(file, mark);
}

/**
 * `torn` counts what killed writers left unfinished.
 *
 * @param lapsed engines that lost leases at a moment that nobody knows: all they executed is a zombie's
 */
export function sweepLedger(file: string, lapsed: readonly string[] = []): SweepResult & { readonly torn: number } {
  const { records, torn } = readRecords<Effect | LedgerMark>(file);
  const before = lapsed.map((engine): Swept => ({ kind: 'lapsed', engine }));
  const { violations, most, executions, zombies, late } = sweep([...before, ...records.map(sweptOf)]);
  return { violations, most, executions, zombies, late, torn };
}

function sweptOf(record: Effect | LedgerMark): Swept {
  if (record.kind !== 'begin') return record;
  const { execution, pid, workflow, instance, action, attempt, atMs } = record;
  const what = `${instance} ${action}, attempt ${attempt}, in ${pid} since ${atMs}`;
  return { kind: 'begin', execution, engine: `${pid}`, workflow, what };
}
