// What is wrong with the statements of a `sql` action.

import type { Path, Report } from './fault.js';
import { sqlRefusal } from './sql-text.js';

export function checkStatements(statements: readonly unknown[], path: Path, report: Report): void {
  for (const [at, statement] of statements.entries()) {
    if (typeof statement !== 'object' || statement === null || !('sql' in statement)) continue;
    const { sql } = statement;
    if (typeof sql !== 'string') continue;
    const parameters = 'parameters' in statement && Array.isArray(statement.parameters) ? statement.parameters : [];
    const refusal = sqlRefusal(sql, parameters.length);
    if (refusal !== null) report('SQL_INVALID', [...path, at, 'sql'], refusal);
  }
}
