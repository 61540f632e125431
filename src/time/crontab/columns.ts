// One column of a crontab line: values, names, ranges, lists and steps, each fault with its place.

import { TimeExpressionError } from '../errors.js';
import { monthNames, weekdayNames } from '../names.js';

export interface Column {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names for values from `firstName` on. */
  readonly names: readonly string[];
  readonly firstName: number;
}

function numbers(name: string, min: number, max: number): Column {
  return { name, min, max, names: [], firstName: 0 };
}

export const columns = {
  seconds: numbers('seconds', 0, 59),
  minutes: numbers('minutes', 0, 59),
  hours: numbers('hours', 0, 23),
  dayOfMonth: numbers('day of month', 1, 31),
  month: { name: 'month', min: 1, max: 12, names: monthNames, firstName: 1 },
  /** 0 and 7 are Sunday. */
  dayOfWeek: { name: 'day of week', min: 0, max: 7, names: weekdayNames, firstName: 0 },
  year: numbers('year', 1970, 3000),
} as const satisfies Record<string, Column>;

/** A part of the text, and where it stands. */
export interface Part {
  readonly text: string;
  readonly index: number;
}

/** Refuses with the place of a part, or one within it. */
export function refuse(expression: string, column: Column, index: number, found: string, expected: string): never {
  throw new TimeExpressionError({ expression, index, found, expected, column: column.name });
}

/** `a,b,c` as parts; an empty one is refused. */
export function listOfParts(expression: string, column: Column, part: Part): readonly Part[] {
  let index = part.index;
  return part.text.split(',').map(text => {
    const own = { text, index };
    index += text.length + 1;
    if (text === '') refuse(expression, column, own.index, 'nothing', expectedOf(column));
    return own;
  });
}

/** The values of `*`, `5`, `1-5`, each perhaps with `/n`; `5/n` goes on to the last. In the order of the column. */
export function valuesOf(expression: string, column: Column, part: Part): readonly number[] {
  const [rangeText, stepText, ...more] = part.text.split('/') as [string, ...string[]];
  if (more.length > 0) {
    const index = part.index + rangeText.length + 1 + (stepText?.length ?? 0);
    refuse(expression, column, index, 'a second "/"', 'one step');
  }
  const [min, max] = boundsOf(expression, column, { text: rangeText, index: part.index }, stepText !== undefined);
  const step =
    stepText === undefined
      ? 1
      : stepOf(expression, column, { text: stepText, index: part.index + rangeText.length + 1 });
  const values: number[] = [];
  for (let value = min; value <= max; value += step) values.push(value);
  return values;
}

function boundsOf(expression: string, column: Column, part: Part, isStepped: boolean): readonly [number, number] {
  const dayMax = column === columns.dayOfWeek ? 6 : column.max;
  if (part.text === '*' || part.text === '?') return [column.min, dayMax];
  const dash = part.text.indexOf('-');
  if (dash < 0) {
    const value = singleValue(expression, column, part);
    return [value, isStepped ? Math.max(dayMax, value) : value];
  }
  const min = singleValue(expression, column, { text: part.text.slice(0, dash), index: part.index });
  const last = { text: part.text.slice(dash + 1), index: part.index + dash + 1 };
  const max = singleValue(expression, column, last);
  // `sat-sun`: the Sunday after it.
  if (column === columns.dayOfWeek && max === 0 && min > 0) return [min, 7];
  if (max < min)
    refuse(
      expression,
      column,
      last.index,
      `${last.text}, which is before ${part.text.slice(0, dash)}`,
      'a range that goes up; two ranges can stand in a list',
    );
  return [min, max];
}

/** A number or a name. */
export function singleValue(expression: string, column: Column, part: Part): number {
  const name = column.names.indexOf(part.text.toLowerCase());
  if (name >= 0) return name + column.firstName;
  const value = /^\d{1,4}$/.test(part.text) ? Number(part.text) : Number.NaN;
  if (value >= column.min && value <= column.max) return value;
  return refuse(
    expression,
    column,
    part.index,
    part.text === '' ? 'nothing' : `"${part.text.slice(0, 20)}"`,
    expectedOf(column),
  );
}

function stepOf(expression: string, column: Column, part: Part): number {
  const size = column.max - column.min + 1;
  const step = /^\d{1,4}$/.test(part.text) ? Number(part.text) : Number.NaN;
  if (step >= 1 && step <= size) return step;
  return refuse(
    expression,
    column,
    part.index,
    part.text === '' ? 'nothing' : `step "${part.text.slice(0, 20)}"`,
    `a step from 1 to ${size}`,
  );
}

export function expectedOf({ min, max, names }: Column): string {
  return names.length === 0 ? `${min} to ${max}` : `${min} to ${max}, or ${names[0]} to ${names.at(-1)}`;
}
