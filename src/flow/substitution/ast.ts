// A text with expressions in it, read. Indexes are UTF-16 units of the text, from 0.

import type { RelativeExpression } from '../../time/relative/index.js';
import type { Step } from '../variables.js';

export type DatePattern =
  | 'yyyy'
  | 'yy'
  | 'MMMM'
  | 'MMM'
  | 'MM'
  | 'M'
  | 'dd'
  | 'd'
  | 'DD'
  | 'D'
  | 'HH'
  | 'H'
  | 'mm'
  | 'm'
  | 'ss'
  | 's';

export type DatePart =
  | { readonly kind: 'pattern'; readonly pattern: DatePattern }
  | { readonly kind: 'text'; readonly text: string };

/** `${…}`: `written` is all of it, `index` where it begins. */
interface WrittenExpression {
  readonly index: number;
  readonly written: string;
}

export type Expression = WrittenExpression &
  (
    | { readonly kind: 'variable'; readonly name: string; readonly steps: readonly Step[] }
    /** The name as the runtime configuration takes it: `NAME` or `/branch/NAME`. */
    | { readonly kind: 'runtime'; readonly name: string }
    | { readonly kind: 'date'; readonly relative: RelativeExpression | null; readonly format: readonly DatePart[] }
  );

export type TemplatePart = Expression | { readonly kind: 'text'; readonly text: string };

export interface Template {
  readonly text: string;
  readonly parts: readonly TemplatePart[];
}
