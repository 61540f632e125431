// What is wrong with a time expression, and where: one class for all notations. Its message stands on one line; the place
// is kept apart so that a command can put a caret under it.

import { grammarFault } from '../workflow/grammar-fault.js';

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

/** As `grammarFault`, thrown on by the parsers of notations. */
export function faultOfGrammar(expression: string, error: unknown): TimeExpressionError {
  return new TimeExpressionError({ expression, ...grammarFault(expression, error) });
}

/** On one line whatever it holds, and not longer than people read. */
function quoted(text: string): string {
  const characters = [...text.slice(0, 2 * shownMax + 2)];
  const shown = characters.length > shownMax ? `${characters.slice(0, shownMax).join('')}…` : text;
  return JSON.stringify(shown);
}
