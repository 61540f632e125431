// The sql action: statements that are executed in the commit of the transaction it belongs to, and vanish when that is
// rolled back. Nothing is executed here. Texts of statements are never substituted: only their parameters are.

import type { BuiltInAction } from '../dispatch/action.js';
import type { Json } from '../workflow/model.js';

export const sqlAction: BuiltInAction = {
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'sql') throw new Error(`a sql action was expected, not ${action.type}`);
    const statements = action.statements.map(({ sql, parameters = [] }) => ({
      sql,
      evaluate: valueFor(parameters as Json),
    }));
    return {
      run: member => {
        for (const { sql, evaluate } of statements) {
          member.execute({ sql, parameters: (evaluate(member) as Json[]).map(parameterText) });
        }
      },
    };
  },
};

/** As PostgreSQL reads it: lists and objects are JSON. */
function parameterText(value: Json): string | null {
  if (value === null || typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
