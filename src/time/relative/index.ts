// The relative notation, as other rooms use it.

export { type Applied, applyRelative, type RelativeContext } from './apply.js';
export type { RelativeExpression } from './ast.js';
export { durationOf } from './duration.js';
export { explainRelative } from './explain.js';
export { parseRelative } from './parse.js';
export { compileRelative } from './relative-schedule.js';
