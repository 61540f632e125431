// What a generated parser throws (peggy's `SyntaxError`), as what was found, what is accepted, and where.

import { type Fault, type FaultCode, quote } from './fault.js';

/** What a parser met that no rule of its grammar accepts. */
export interface GrammarFault {
  /** Where, in UTF-16 units from 0; the text's length when something is missing. */
  readonly index: number;
  /** What is wrong, such as `"x"` or `the end`. */
  readonly found: string;
  /** What would be accepted there; never empty. */
  readonly expected: string;
}

/** What a generated parser throws, as far as it is read. */
interface GrammarError {
  /** Null when the grammar itself called `error`: then its message is `found; expected`, in two parts. */
  readonly expected: readonly GrammarExpectation[] | null;
  readonly message: string;
  readonly location: { readonly start: { readonly offset: number } };
}

/** Rules with a name are `other`, and what people should read; those whose name is empty are left out of errors. */
type GrammarExpectation =
  | { readonly type: 'other'; readonly description: string }
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'class' | 'any' | 'end' };

/**
 * The fault a parser met. A grammar's own `error('31 is no hour; an hour from 0 to 23')` is what was found and what is
 * expected, parted by the first `; `. Anything else than a parser's error is thrown as it is.
 */
export function grammarFault(text: string, error: unknown): GrammarFault {
  if (!isGrammarError(error)) throw error;
  const index = error.location.start.offset;
  if (error.expected === null) {
    const parting = error.message.indexOf('; ');
    const found = parting < 0 ? error.message : error.message.slice(0, parting);
    return { index, found, expected: parting < 0 ? 'something else' : error.message.slice(parting + 2) };
  }
  return {
    index,
    found: foundAt(text, index),
    expected: listOf(error.expected.map(wordsOf).filter(words => words !== '')),
  };
}

/** A fault of an expression: its line and column are those in the expression's own text, its path and file the caller's. */
export function faultInText(code: FaultCode, text: string, { index, found, expected }: GrammarFault): Fault {
  const before = text.slice(0, index);
  const characters = (part: string): number => [...part].length + 1;
  const message = `at character ${characters(before)}: ${found} (expected ${expected})`;
  const line = before.split('\n').length;
  const column = characters(before.slice(before.lastIndexOf('\n') + 1));
  return { code, message, path: '', file: null, line, column };
}

/** The character at an index, in words. */
export function foundAt(text: string, index: number): string {
  const codePoint = text.codePointAt(index);
  return codePoint === undefined ? 'the end' : quote(String.fromCodePoint(codePoint));
}

/** `a`, `a or b`, `a, b or c`; each once. */
export function listOf(words: readonly string[]): string {
  const distinct = [...new Set(words)].sort();
  const last = distinct.pop() ?? 'nothing';
  return distinct.length === 0 ? last : `${distinct.join(', ')} or ${last}`;
}

function isGrammarError(error: unknown): error is GrammarError {
  return error instanceof Error && 'expected' in error && 'location' in error;
}

function wordsOf(expectation: GrammarExpectation): string {
  switch (expectation.type) {
    case 'other':
      return expectation.description;
    case 'literal':
      return JSON.stringify(expectation.text);
    case 'class':
    case 'any':
      return 'another character';
    case 'end':
      return 'the end';
  }
}
