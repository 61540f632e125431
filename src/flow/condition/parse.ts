// From text to tree. Everything that can be wrong with a condition by itself is found here; evaluating it never fails.

import { type Fault, type Parsed, quote } from '../../workflow/fault.js';
import { faultInText, foundAt, type GrammarFault, grammarFault } from '../../workflow/grammar-fault.js';
import type { ConditionAst, ConditionNode } from './ast.js';
import { parse } from './condition-grammar.js';
import { readNumber } from './number.js';

/** Longest condition, in UTF-16 units. */
export const conditionLengthMax = 4_096;
/** Deepest brackets within brackets. */
export const conditionDepthMax = 50;

/**
 * Reads a condition, such as `result.salary >= 5000 AND name LIKE 'A%'`; one without anything in it always holds.
 *
 * @returns the tree, or a fault `CONDITION_INVALID` with line, column and character (from 1) and what would be accepted;
 *   its path and file are the caller's to fill in
 */
export function parseCondition(text: string): Parsed<ConditionAst> {
  const fault = tooLong(text) ?? tooDeep(text);
  if (fault !== null) return refused(text, fault);
  let root: ConditionNode | null;
  try {
    root = parse(text);
  } catch (error) {
    return refused(text, inWords(text, grammarFault(text, error)));
  }
  const wrong = root === null ? null : (loneNumber(text, root) ?? faultOf(root, true));
  return wrong === null ? { ok: true, value: { text, root } } : refused(text, wrong);
}

function tooLong(text: string): GrammarFault | null {
  if (text.length <= conditionLengthMax) return null;
  return { index: conditionLengthMax, found: `${text.length} characters`, expected: `at most ${conditionLengthMax}` };
}

const wanted = 'something true or false, such as a comparison';

/** A slip: it can never hold. Selectors take other values that cannot (`-354`, `'a'`), and so do we; they are unknown. */
function loneNumber(text: string, root: ConditionNode): GrammarFault | null {
  if (root.kind !== 'number' || text.trim() !== root.written) return null;
  return { index: root.index, found: root.written, expected: wanted };
}

/** Brackets too deep for the parser, which recurses; those inside texts are none. */
function tooDeep(text: string): GrammarFault | null {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === "'") inText = !inText;
    if (inText) continue;
    if (character === ')') depth -= 1;
    if (character !== '(') continue;
    depth += 1;
    if (depth > conditionDepthMax) {
      return { index, found: `${depth} brackets within each other`, expected: `at most ${conditionDepthMax}` };
    }
  }
  return null;
}

const word = /[\p{L}_$][\p{L}\p{M}\p{N}_$]*/uy;
const reserved = /^(?:and|or|not|like|escape|between|in|is|null|true|false)$/i;
const quotes = /^["`\u2018-\u201f]$/;

/** The grammar knows the character where it stopped; people look for the word, and for why it is none. */
function inWords(text: string, { index, found, expected }: GrammarFault): GrammarFault {
  if (found !== foundAt(text, index)) return { index, found, expected };
  word.lastIndex = index;
  const whole = word.exec(text)?.[0];
  if (whole !== undefined) {
    const isReserved = reserved.test(whole) && expected.includes('value');
    return { index, found: isReserved ? `the keyword ${whole}` : quote(whole), expected };
  }
  const isQuote = quotes.test(text[index] ?? '');
  return { index, found, expected: isQuote ? `${expected}; texts stand between '` : expected };
}

/** What the grammar cannot say: numbers, escapes, and calculations where something true or false is wanted. */
function faultOf(node: ConditionNode, isCondition: boolean): GrammarFault | null {
  switch (node.kind) {
    case 'literal':
    case 'variable':
      return null;
    case 'number': {
      const read = readNumber(node.written);
      return read.ok ? null : { index: node.index, found: read.found, expected: read.expected };
    }
    case 'sign':
      return faultOf(node.operand, false);
    case 'arithmetic':
      if (isCondition) {
        return { index: node.index, found: 'a calculation', expected: wanted };
      }
      return first([node.first, ...node.steps.map(({ operand }) => operand)], false);
    case 'comparison':
      return first([node.left, node.right], false);
    case 'is-null':
      return faultOf(node.operand, false);
    case 'like':
      if (node.escape !== null && [...node.escape.value].length > 1) {
        return { index: node.escape.index, found: quote(node.escape.value), expected: 'one character' };
      }
      return faultOf(node.operand, false);
    case 'between':
      return first([node.operand, node.low, node.high], false);
    case 'in':
      return first([node.operand, ...node.members], false);
    case 'not':
      return faultOf(node.operand, true);
    case 'and':
    case 'or':
      return first(node.operands, true);
  }
}

function first(nodes: readonly ConditionNode[], areConditions: boolean): GrammarFault | null {
  for (const node of nodes) {
    const fault = faultOf(node, areConditions);
    if (fault !== null) return fault;
  }
  return null;
}

function refused(text: string, fault: GrammarFault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: faultInText('CONDITION_INVALID', text, fault) };
}
