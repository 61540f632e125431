// Conditions of flows and message selectors, as other rooms use them. The language: README.md.

export type { ConditionAst, ConditionNode } from './ast.js';
export type { Truth } from './compare.js';
export { type CompiledCondition, compileCondition } from './compile.js';
export { conditionDepthMax, conditionLengthMax, parseCondition } from './parse.js';
