// Where in an expression something stands: errors name the column and the character.

import { TimeExpressionError } from '../errors.js';
import { columns } from './columns.js';

/** The fault of what begins at an index, with the name of its column. */
export function refuse(expression: string, index: number, found: string, expected: string): TimeExpressionError {
  const column = columnAt(expression, index);
  return new TimeExpressionError({ expression, index, found, expected, ...(column === null ? {} : { column }) });
}

/** The name of the column an index lies in, or null outside all. Also for texts that cannot be read to their end. */
export function columnAt(expression: string, index: number): string | null {
  const isOr = /^\s*\([^;]*\|/.test(expression);
  let column = 0;
  let loopFirst: number | null = null;
  let isInCell = false;
  let at = isOr ? expression.indexOf('(') + 1 : 0;
  for (; at < index; at += 1) {
    const character = expression[at]!;
    if (/\s/.test(character)) {
      if (isInCell) column += 1;
      isInCell = false;
    } else if (character === '(') loopFirst = column;
    else if (character === ';' && loopFirst !== null) {
      column = loopFirst;
      isInCell = false;
    } else if (character === '|') {
      column = 0;
      isInCell = false;
    } else isInCell = true;
  }
  return columns[column]?.name ?? null;
}
