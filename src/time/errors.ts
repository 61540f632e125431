// What is wrong with a time expression, and where: one class for all notations. Its message stands on one line; the place
// is kept apart so that a command can put a caret under it.

export const TIME_EXPRESSION_INVALID = 'TIME_EXPRESSION_INVALID';

/** Longest expression that is looked at, in UTF-16 units. A schedule people can read is far below it. */
export const expressionLengthMax = 4096;

/** Longest part of an expression that is repeated in a message, in characters. */
const shownMax = 80;

/** What a fault of an expression tells. */
export interface TimeExpressionFault {
  readonly expression: string;
  /** Where the fault begins: an index into `expression`, in UTF-16 units from 0; its length when something is missing. */
  readonly index: number;
  /** What is wrong, such as `hour 25`. */
  readonly found: string;
  /** What would be accepted there, such as `an hour from 0 to 23`; never empty. */
  readonly expected: string;
  /** The name of the column of a cron-style expression, such as `hours`. */
  readonly column?: string;
}

/** An expression that says nothing, or nothing that can be done. Its code is stable. */
export class TimeExpressionError extends Error {
  override name = 'TimeExpressionError';
  readonly code = TIME_EXPRESSION_INVALID;
  readonly expression: string;
  /** Where the fault begins, in characters from 1: what people count. One more than there are when something is missing. */
  readonly position: number;
  readonly found: string;
  readonly expected: string;
  readonly column: string | null;

  constructor(fault: TimeExpressionFault) {
    const position = [...fault.expression.slice(0, fault.index)].length + 1;
    const place = fault.column === undefined ? '' : `in column ${fault.column}, `;
    super(
      `${TIME_EXPRESSION_INVALID}: ${quoted(fault.expression)} ${place}at character ${position}: ` +
        `${fault.found} (expected ${fault.expected})`,
    );
    this.expression = fault.expression;
    this.position = position;
    this.found = fault.found;
    this.expected = fault.expected;
    this.column = fault.column ?? null;
  }
}

/** Refuses what is not a text, is empty or too long to be looked at; every notation asks this first. */
export function checkExpressionText(expression: unknown): asserts expression is string {
  if (typeof expression !== 'string') {
    throw new TimeExpressionError({
      expression: '',
      index: 0,
      found: `a value of type ${expression === null ? 'null' : typeof expression}`,
      expected: 'a text',
    });
  }
  if (expression.length > expressionLengthMax) {
    throw new TimeExpressionError({
      expression,
      index: expressionLengthMax,
      found: `${expression.length} characters`,
      expected: `at most ${expressionLengthMax}`,
    });
  }
  if (expression.trim() === '') {
    throw new TimeExpressionError({ expression, index: 0, found: 'nothing', expected: 'a time expression' });
  }
}

/** What a generated parser throws (peggy's `SyntaxError`), as far as it is read. */
export interface GrammarError {
  /** Null when the grammar itself called `error`: then its message is `found; expected`, in two parts. */
  readonly expected: readonly GrammarExpectation[] | null;
  readonly message: string;
  readonly location: { readonly start: { readonly offset: number } };
}

/** Rules with a name are `other`, and what people should read; those whose name is empty are left out of errors. */
export type GrammarExpectation =
  | { readonly type: 'other'; readonly description: string }
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'class' | 'any' | 'end' };

/**
 * The fault a parser met, as ours. A grammar's own `error('31 is no hour; an hour from 0 to 23')` is what was found and what
 * is expected, parted by the first `; `. Anything else than a parser's error is thrown as it is.
 */
export function faultOfGrammar(expression: string, error: unknown): TimeExpressionError {
  if (!isGrammarError(error)) throw error;
  const index = error.location.start.offset;
  if (error.expected === null) {
    const parting = error.message.indexOf('; ');
    const found = parting < 0 ? error.message : error.message.slice(0, parting);
    const expected = parting < 0 ? 'something else' : error.message.slice(parting + 2);
    return new TimeExpressionError({ expression, index, found, expected });
  }
  return new TimeExpressionError({
    expression,
    index,
    found: foundAt(expression, index),
    expected: listOf(error.expected.map(wordsOf).filter(words => words !== '')),
  });
}

/** The character at an index, in words. */
export function foundAt(expression: string, index: number): string {
  const codePoint = expression.codePointAt(index);
  return codePoint === undefined ? 'the end' : quoted(String.fromCodePoint(codePoint));
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

/** On one line whatever it holds, and not longer than people read. */
function quoted(text: string): string {
  const characters = [...text.slice(0, 2 * shownMax + 2)];
  const shown = characters.length > shownMax ? `${characters.slice(0, shownMax).join('')}…` : text;
  return JSON.stringify(shown);
}
