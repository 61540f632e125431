// Recurrence rules, as other rooms use them. Importing this loads the library (some 10 ms): `expression.ts` does not.

export type { RecurrenceRule } from './ast.js';
export { explainRrule } from './explain.js';
export { parseRrule } from './parse.js';
export { compileRrule, type RecurrenceContext } from './rrule-schedule.js';
