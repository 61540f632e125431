// Where in an expression something stands: errors name the column and the character.

import { TimeExpressionError } from '../errors.js';
import { columns } from './columns.js';

/** The fault of what begins at an index, with the name of its column. */
export function refuse(expression: string, index: number, found: string, expected: string): TimeExpressionError {
  const column = columnAt(expression, index);
  return new TimeExpressionError({ expression, index, found, expected, ...(column === null ? {} : { column }) });
}

/**
 * The name of the column an index lies in, or null outside all, such as in the count of a loop. Also for texts that cannot be
 * read to their end.
 */
export function columnAt(expression: string, index: number): string | null {
  const isOr = /^\s*\([^;|]*[(|]/.test(expression);
  let column = 0;
  let loop: LoopPlace | null = null;
  let isInCell = false;
  for (let at = isOr ? expression.indexOf('(') + 1 : 0; at < index; at += 1) {
    const character = expression[at]!;
    if (/\s/.test(character)) {
      if (isInCell) column += 1;
      isInCell = false;
    } else if (character === '(') loop = { first: column, last: column, part: 0 };
    else if (loop !== null && (character === ';' || character === ')')) {
      const reached: LoopPlace = loop;
      const cell = isInCell ? column : column - 1;
      const last: number = reached.part === countPart ? reached.last : Math.max(reached.last, cell);
      isInCell = character === ')';
      loop = isInCell ? null : { first: reached.first, last, part: reached.part + 1 };
      column = isInCell ? last : reached.first;
    } else if (character === '|') {
      column = 0;
      isInCell = false;
    } else isInCell = true;
  }
  return loop?.part === countPart ? null : (columns[column]?.name ?? null);
}

/** First and last column of a loop so far, and the part that was reached: 0 is its start. */
interface LoopPlace {
  readonly first: number;
  readonly last: number;
  readonly part: number;
}

/** The part of a loop behind start, end and increment. */
const countPart = 3;
