// What the parser generated from substitution.peggy returns: the parts, relative expressions as written.

import type { Expression, TemplatePart } from './ast.js';

type DateExpression = Extract<Expression, { readonly kind: 'date' }>;

export type WrittenDate = Omit<DateExpression, 'relative'> & {
  readonly relative: { readonly index: number; readonly text: string } | null;
};

/** @throws peggy's SyntaxError: see `grammarFault` */
export function parse(
  text: string,
  options: { readonly expressionsMax: number },
): readonly (Exclude<TemplatePart, DateExpression> | WrittenDate)[];
