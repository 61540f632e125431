// The parts of a for-loop `(start; end; increment; count)` against the columns they stand in.

import type { Column, Loop } from './ast.js';
import { readValue, within } from './column-values.js';
import { type ColumnDefinition, columns, HOUR } from './columns.js';
import type { RawField, RawLoop } from './cron-grammar.js';
import { refuse } from './place.js';

/** Steps beyond it have one point; it keeps sums exact. */
const incrementMax = 1_000_000_000;

/**
 * A loop over one column that does not go over its end is the values it comes to; any other is a loop over columns of the
 * time of day.
 */
export function readLoop(
  expression: string,
  raw: RawLoop,
  first: number,
): Extract<Column, { kind: 'values' }> | { readonly kind: 'loop'; readonly loop: Loop } {
  const over = columns.slice(first, first + raw.start.length);
  const start = readPoint(expression, raw.start, over);
  const end = readPoint(expression, raw.end, sameWidth(expression, raw.end, over));
  const increment = readIncrement(expression, raw.increment, sameWidth(expression, raw.increment, over));
  const count = readCount(expression, raw);
  if (over.length === 1 && (first > HOUR || start[0]! <= end[0]!)) {
    const to = lastValue(expression, raw, over[0]!, { from: start[0]!, to: end[0]!, step: increment[0]!, count });
    return { kind: 'values', items: [{ kind: 'range', from: start[0]!, to, step: increment[0]! }] };
  }
  const last = first + over.length - 1;
  if (last > HOUR) {
    throw refuse(
      expression,
      raw.start[HOUR + 1 - first]?.at ?? raw.at,
      `a loop over several columns up to ${columns[last]!.name}`,
      'one that ends with the hours, or a single column',
    );
  }
  return { kind: 'loop', loop: { first, last, start, end, increment, count } };
}

function sameWidth(expression: string, fields: readonly RawField[], over: readonly ColumnDefinition[]) {
  if (fields.length === over.length) return over;
  throw refuse(
    expression,
    fields[0]!.at,
    numbered(fields.length),
    `${numbered(over.length)} as in the start of the loop`,
  );
}

function numbered(count: number): string {
  return count === 1 ? 'one column' : `${count} columns`;
}

function readPoint(expression: string, fields: readonly RawField[], over: readonly ColumnDefinition[]): number[] {
  return fields.map((field, index) => {
    const [item] = field.items;
    if (field.items.length === 1 && item!.kind === 'range' && item!.to === null && item!.step === null) {
      return readValue(expression, item!.from, over[index]!);
    }
    const { value, min, max } = over[index]!;
    throw refuse(expression, field.at, 'more than a single value', `${value} from ${min} to ${max}`);
  });
}

function readIncrement(expression: string, fields: readonly RawField[], over: readonly ColumnDefinition[]): number[] {
  const increment = fields.map((field, index) => {
    const [item] = field.items;
    const what = `a number of ${over[index]!.name}`;
    if (field.items.length === 1) {
      if (item!.kind === 'any') {
        return item!.step === null ? 0 : within(expression, item!.step, what, 1, incrementMax);
      }
      if (item!.kind === 'plus') return within(expression, item!.count, what, 1, incrementMax);
      if (item!.kind === 'range' && item!.to === null && item!.step === null && 'number' in item!.from) {
        return within(expression, item!.from, what, 0, incrementMax);
      }
    }
    throw refuse(expression, field.at, 'no increment', `"*/n", "+n", "n" or "*"`);
  });
  if (increment.every(units => units === 0)) {
    throw refuse(expression, fields[0]!.at, 'an increment of nothing', 'an increment that goes on, such as "*/15"');
  }
  return increment;
}

function readCount(expression: string, raw: RawLoop): number | null {
  if (raw.count === null || raw.count.number === Number.POSITIVE_INFINITY) return null;
  return within(expression, raw.count, 'a count', 1, incrementMax);
}

/** Where a loop over one column ends: at its end, or when its count is used up. */
function lastValue(
  expression: string,
  raw: RawLoop,
  column: ColumnDefinition,
  { from, to, step, count }: { from: number; to: number; step: number; count: number | null },
): number {
  if (from > to && !column.isCircle) {
    throw refuse(expression, raw.end[0]!.at, `an end of ${to} after a start of ${from}`, 'a loop that goes up');
  }
  const values = column.max - column.min + 1;
  const span = from <= to ? to - from : to - from + values;
  const kept = count === null ? span : Math.min(span, (count - 1) * step);
  const last = from + kept;
  return last > column.max ? last - values : last;
}
