// From the text of a cron-style expression to its AST: the grammar reads the form, this checks what each column admits.

import { grammarFault } from '../../workflow/grammar-fault.js';
import { checkExpressionText, TimeExpressionError } from '../errors.js';
import type { Column, CronAst, CronColumns, Loop, Mark } from './ast.js';
import { readField } from './column-values.js';
import { columnCount, columns, HOUR, MILLISECOND } from './columns.js';
import { parse, type RawColumns, type RawCron } from './cron-grammar.js';
import { readLoop } from './loop-values.js';
import { columnAt, refuse } from './place.js';

/**
 * Reads a cron-style expression: up to eleven columns from milliseconds to year, those left off at the end are `*`; or
 * several such in parentheses, `(a|b)`.
 *
 * @throws {TimeExpressionError} with column and character, also when it would fire every millisecond
 */
export function parseCron(expression: string): CronAst {
  checkExpressionText(expression);
  const raw = parseForm(expression);
  if (raw.kind === 'columns') return { ...checkColumns(expression, raw), expression };
  return { kind: 'or', expression, alternatives: raw.alternatives.map(each => checkColumns(expression, each)) };
}

function parseForm(expression: string): RawCron {
  try {
    return parse(expression);
  } catch (error) {
    const { index, found, expected } = grammarFault(expression, error);
    const column = columnAt(expression, index);
    throw new TimeExpressionError({ expression, index, found, expected, ...(column === null ? {} : { column }) });
  }
}

function checkColumns(expression: string, raw: RawColumns): CronColumns {
  const checked: Column[] = [];
  let loop: Loop | null = null;
  for (const cell of raw.cells) {
    const first = checked.length;
    const width = cell.kind === 'loop' ? cell.start.length : 1;
    if (first + width > columnCount) {
      throw refuse(expression, cell.at, `column ${columnCount + 1}`, `at most ${columnCount} columns`);
    }
    if (cell.kind === 'field') {
      const column = readField(expression, cell, columns[first]!);
      if (first <= HOUR && column.kind === 'mark' && checked.some(each => isOpposite(each, column.mark))) {
        throw refuse(expression, cell.at, '"b" and "h"', 'the same for all of the time of day');
      }
      checked.push(column);
      continue;
    }
    const read = readLoop(expression, cell, first);
    if (read.kind === 'values') {
      checked.push(read);
      continue;
    }
    if (loop !== null) throw refuse(expression, cell.at, 'a second loop', 'one loop that is longer than a column');
    loop = read.loop;
    for (let count = 0; count < width; count += 1) checked.push({ kind: 'loop' });
  }
  while (checked.length < columnCount) checked.push({ kind: 'any' });
  if (firesEveryMillisecond(checked[MILLISECOND]!, loop)) {
    throw refuse(expression, raw.at, 'every millisecond', 'some milliseconds, such as "0"');
  }
  return { kind: 'columns', expression: expression.slice(raw.at, raw.end).trim(), columns: checked, loop };
}

/** No moment is in business time and outside it. */
function isOpposite(column: Column, mark: Mark): boolean {
  return column.kind === 'mark' && column.mark !== mark;
}

/** Nobody means it, and nothing could follow it. */
function firesEveryMillisecond(column: Column, loop: Loop | null): boolean {
  switch (column.kind) {
    case 'any':
    case 'mark':
      return true;
    case 'plus':
      return column.count === 1;
    case 'loop':
      return loop?.increment.every((units, index) => units === (index === 0 ? 1 : 0)) === true;
    case 'values': {
      const values = new Set<number>();
      for (const item of column.items) {
        if (item.kind !== 'range') continue;
        for (let value = item.from; value <= item.to; value += item.step) values.add(value);
      }
      const { min, max } = columns[MILLISECOND]!;
      return values.size === max - min + 1;
    }
  }
}
