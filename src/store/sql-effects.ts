// Statements of workflows as calls of a commit.

import { createHash } from 'node:crypto';
import type { StatementEffect } from './contract.js';
import type { SqlCall, SqlStatement } from './driver.js';

/**
 * Bounds each of the statements to come, for this transaction alone. $1 milliseconds, text.
 * WHY on a server only: PGlite has no timer to interrupt a statement with; there nothing bounds one but its thread's end.
 */
const boundTime: SqlStatement = {
  name: 'commit_statement_timeout',
  text: `select set_config('statement_timeout', $1::text, true)`,
};

/** A statement may take so long, on a server. */
const statementTimeoutMs = 10_000;

export function effectCalls(effects: readonly StatementEffect[], isServer: boolean): SqlCall[] {
  const calls: SqlCall[] = isServer ? [{ statement: boundTime, parameters: [String(statementTimeoutMs)] }] : [];
  for (const { sql, parameters } of effects) {
    calls.push({ statement: { name: effectName(sql), text: sql }, parameters });
  }
  return calls;
}

/** What errors call a statement of a workflow by. */
export function effectName(text: string): string {
  return `sql ${createHash('sha1').update(text).digest('hex')}`;
}
