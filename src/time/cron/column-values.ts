// What one column admits: a field of the grammar against the column's definition.

import { weekdayNames } from '../names.js';
import type { Column, Item, Mark } from './ast.js';
import { type ColumnDefinition, columns, DAY_OF_MONTH } from './columns.js';
import type { RawField, RawItem, RawNumber, RawWord } from './cron-grammar.js';
import { refuse } from './place.js';

/** `+n` counts units; more than this many of any are further than an expression can reach. */
const plusMax = 1_000_000_000;

export function readField(expression: string, field: RawField, column: ColumnDefinition): Column {
  const [only] = field.items;
  if (field.items.length > 1)
    return { kind: 'values', items: field.items.map(each => readItem(expression, each, column)) };
  switch (only!.kind) {
    case 'any':
      if (only!.step === null) return { kind: 'any' };
      break;
    case 'plus':
      return { kind: 'plus', count: within(expression, only!.count, 'a count', 1, plusMax) };
    case 'range': {
      const mark = markOf(only!.from);
      if (mark !== null && column.mark !== null && only!.to === null && only!.step === null)
        return { kind: 'mark', mark };
      break;
    }
    case 'from-end':
    case 'position':
      break;
  }
  return { kind: 'values', items: [readItem(expression, only!, column)] };
}

function readItem(expression: string, item: RawItem, column: ColumnDefinition): Item {
  switch (item.kind) {
    case 'any': {
      if (item.step === null) throw refuse(expression, item.at, '"*" in a list', '"*" on its own');
      const { min, max } = column;
      return { kind: 'range', from: min, to: max, step: readStep(expression, item.step, column) };
    }
    case 'plus':
      throw refuse(expression, item.at, '"+" in a list', '"+" on its own');
    case 'from-end':
      if (item.word !== null) return readPosition(expression, item.at, item.count, item.word, -1, column);
      if (column.positionMax === 0) throw unexpected(expression, item.at, `"-"`, column);
      return { kind: 'from-end', count: within(expression, item.count, 'a position', 1, column.max) };
    case 'position':
      return readPosition(expression, item.at, item.count, item.word, 1, column);
    case 'range':
      return readRange(expression, item, column);
  }
}

function readRange(expression: string, item: Extract<RawItem, { kind: 'range' }>, column: ColumnDefinition): Item {
  const from = readValue(expression, item.from, column);
  if (item.to === null) {
    if (item.step !== null) {
      throw refuse(expression, item.step.at - 1, '"/" after a single value', `"*/n" or a range with a step`);
    }
    return { kind: 'range', from, to: from, step: 1 };
  }
  const to = readValue(expression, item.to, column);
  if (from > to && !column.isCircle) {
    throw refuse(expression, item.at, `a range from ${from} to ${to}`, 'a range that goes up, or two with a comma');
  }
  return { kind: 'range', from, to, step: item.step === null ? 1 : readStep(expression, item.step, column) };
}

function readPosition(
  expression: string,
  at: number,
  count: RawNumber,
  word: RawWord,
  sign: 1 | -1,
  column: ColumnDefinition,
): Item {
  const weekday = weekdayNames.indexOf(word.name) + 1;
  if (weekday > 0 && column.positionMax > 0) {
    const position = sign * within(expression, count, 'a position', 1, column.positionMax);
    return { kind: 'weekday', position, weekday };
  }
  const mark = markOf(word);
  if (mark !== null && column === columns[DAY_OF_MONTH]) {
    return { kind: 'marked', position: sign * within(expression, count, 'a position', 1, column.max), mark };
  }
  const where = column.positionMax > 0 ? word.at : at;
  throw unexpected(expression, where, JSON.stringify(expression.slice(where, word.at + word.name.length)), column);
}

/** A number or a name of a column. */
export function readValue(expression: string, value: RawNumber | RawWord, column: ColumnDefinition): number {
  if ('number' in value) {
    if (value.number >= column.min && value.number <= column.max) return value.number;
    throw unexpected(expression, value.at, `${column.value.replace(/^an? /, '')} ${value.number}`, column);
  }
  const index = column.names.indexOf(value.name);
  if (index < 0) throw unexpected(expression, value.at, JSON.stringify(value.name), column);
  return column.min + index;
}

function readStep(expression: string, step: RawNumber, column: ColumnDefinition): number {
  return within(expression, step, 'a step', 1, column.max - column.min);
}

/** The number, when it is within bounds. `what` has an article. */
export function within(expression: string, value: RawNumber, what: string, min: number, max: number): number {
  if (value.number >= min && value.number <= max) return value.number;
  throw refuse(expression, value.at, `${what.replace(/^an? /, '')} ${value.number}`, `${what} from ${min} to ${max}`);
}

function markOf(value: RawNumber | RawWord): Mark | null {
  return 'name' in value && (value.name === 'b' || value.name === 'h') ? value.name : null;
}

function unexpected(expression: string, at: number, found: string, column: ColumnDefinition) {
  return refuse(expression, at, found, expectedIn(column));
}

/** What a column takes, in words. */
function expectedIn(column: ColumnDefinition): string {
  const { names, min, max } = column;
  const words = [`${column.value} from ${min} to ${max}`];
  if (names.length > 0) words.push(`a name from "${names[0]}" to "${names.at(-1)}"`);
  if (column.positionMax > 0) words.push('a position such as "-1", "2fri" or "-1fri"');
  if (column === columns[DAY_OF_MONTH]) words.push('a business day or holiday such as "3b", "-1b" or "2h"');
  if (column.mark !== null) words.push('"b" or "h" alone');
  const last = words.pop()!;
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}
