// What the parser generated from condition.peggy returns.

import type { ConditionNode } from './ast.js';

/** @returns `null` for an empty text @throws peggy's SyntaxError: see `grammarFault` */
export function parse(text: string): ConditionNode | null;
