// The verdict on a folder of the load's (load-child.mjs): its logs and exports, read and given to the checker.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { definitions } from '../fixtures/ledger/workflows.mjs';
import { check, type Verdict, type World } from './checker.js';
import { type AuditExportRow, auditOf, type HistoryRow, historyOf } from './export.js';
import { readLedger, readRecords } from './ledger.js';
import { shapeOf } from './shape.js';
import { readSubmitLog } from './submit-log.js';

export interface Judged extends Verdict {
  /** Lines of the logs that a killed writer left unfinished. */
  readonly torn: number;
}

/**
 * Fails the test when there is a violation, and prints the numbers. A folder with violations is kept for whoever looks for
 * the cause; any other is removed.
 *
 * @param faults as the checker counts them
 * @param what said beside the numbers: the seed, the home
 */
export function judge(folder: string, faults: Pick<World, 'kills' | 'lapses'>, what: string): Judged {
  const ledger = readLedger(join(folder, 'ledger.jsonl'));
  const submits = readSubmitLog(join(folder, 'submits.jsonl'));
  const verdict = check({
    submitted: submits.submitted,
    effects: ledger.effects,
    history: historyOf(readRecords<HistoryRow>(join(folder, 'history.jsonl')).records),
    audit: auditOf(readRecords<AuditExportRow>(join(folder, 'audit.jsonl')).records),
    workflows: new Map(definitions.map(definition => [definition.name, shapeOf(definition)])),
    ...faults,
    everythingEnded: true,
  });
  const { violations, ...numbers } = verdict;
  const torn = ledger.torn + submits.torn;
  console.log(`${what}, folder ${folder}`, { ...numbers, ...faults, torn, violations: violations.length });
  // At once: a run that is ended before its summary would take them along.
  for (const violation of violations.slice(0, 20)) console.error(JSON.stringify(violation));
  expect(violations.slice(0, 20), `${what}, folder ${folder}`).toEqual([]);
  rmSync(folder, { recursive: true });
  return { ...verdict, torn };
}
