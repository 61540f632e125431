// A condition as a tree. Every node knows where it begins in the text, in UTF-16 units from 0.

import type { Step } from '../variables.js';

/** A text between ticks, without them. */
export interface WrittenText {
  readonly index: number;
  readonly value: string;
}

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export interface ArithmeticStep {
  readonly operator: '+' | '-' | '*' | '/';
  readonly operand: ConditionNode;
}

export type ConditionNode =
  | { readonly kind: 'literal'; readonly index: number; readonly value: string | boolean }
  /** As written; `readNumber` says which number it is. */
  | { readonly kind: 'number'; readonly index: number; readonly written: string }
  | {
      readonly kind: 'variable';
      readonly index: number;
      readonly name: string;
      readonly steps: readonly Step[];
    }
  | { readonly kind: 'sign'; readonly index: number; readonly operator: '+' | '-'; readonly operand: ConditionNode }
  /** Steps of one precedence, taken from left to right. */
  | {
      readonly kind: 'arithmetic';
      readonly index: number;
      readonly first: ConditionNode;
      readonly steps: readonly ArithmeticStep[];
    }
  | {
      readonly kind: 'comparison';
      readonly index: number;
      readonly operator: ComparisonOperator;
      readonly left: ConditionNode;
      readonly right: ConditionNode;
    }
  | { readonly kind: 'is-null'; readonly index: number; readonly operand: ConditionNode; readonly negated: boolean }
  | {
      readonly kind: 'like';
      readonly index: number;
      readonly operand: ConditionNode;
      readonly pattern: WrittenText;
      /** One character that takes its meaning from a `_`, `%` or itself behind it; empty or `null`: none. */
      readonly escape: WrittenText | null;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'between';
      readonly index: number;
      readonly operand: ConditionNode;
      readonly low: ConditionNode;
      readonly high: ConditionNode;
      readonly negated: boolean;
    }
  /** A member that is a list stands for its elements. */
  | {
      readonly kind: 'in';
      readonly index: number;
      readonly operand: ConditionNode;
      readonly members: readonly ConditionNode[];
      readonly negated: boolean;
    }
  | { readonly kind: 'not'; readonly index: number; readonly operand: ConditionNode }
  | { readonly kind: 'and' | 'or'; readonly index: number; readonly operands: readonly ConditionNode[] };

export interface ConditionAst {
  readonly text: string;
  /** `null`: an empty condition, which always holds. */
  readonly root: ConditionNode | null;
}
