// Comparing two values without coercion.
//
// Unknown is `null`: a variable that is not there, JSON's null, a calculation without a result. Values of different types
// compare as false, also by <> (message selectors say so), and so do lists and objects. Numbers and texts have an order;
// true and false are only equal or not.

import type { ComparisonOperator } from './ast.js';

/** `null` is unknown. */
export type Truth = boolean | null;

export function compare(operator: ComparisonOperator, left: unknown, right: unknown): Truth {
  if (left === null || right === null) return null;
  const isNumeric = isNumber(left) && isNumber(right);
  if (!isNumeric && typeof left !== typeof right) return false;
  switch (operator) {
    case '=':
      return isNumeric ? order(left, right) === 0 : isScalar(left) && left === right;
    case '<>':
      return isNumeric ? order(left, right) !== 0 : isScalar(left) && left !== right;
    case '<':
    case '<=':
    case '>':
    case '>=': {
      if (isNumeric) return holds(operator, order(left, right));
      if (typeof left !== 'string' || typeof right !== 'string') return false;
      return holds(operator, orderOfTexts(left, right));
    }
  }
}

/** A double, or a literal that no double holds. */
export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean';
}

function holds(operator: '<' | '<=' | '>' | '>=', sign: number): boolean {
  switch (operator) {
    case '<':
      return sign < 0;
    case '<=':
      return sign <= 0;
    case '>':
      return sign > 0;
    case '>=':
      return sign >= 0;
  }
}

/** Exact, also between a double and a bigint. */
function order(left: number | bigint, right: number | bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** By code point, as the C collation of databases: 'B' before 'a', and no language's rules. */
function orderOfTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const [ours, theirs] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (ours !== theirs) return rank(ours) - rank(theirs);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above all others; among units they do not. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
