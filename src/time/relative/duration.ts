// Relative expressions as lengths of time: windows, timeouts, frequencies.

import { dayMs } from '../civil.js';
import { TimeExpressionError } from '../errors.js';
import { unitMs } from './apply.js';
import type { RelativeExpression, TimeUnit } from './ast.js';

/**
 * The length of an expression such as `+5m` or `-1H`, in milliseconds; negative when it goes back. A day is 24 hours and a
 * week seven days. For windows that end at a moment (`+1M` after the scheduled time) apply the expression to that moment
 * instead.
 *
 * @throws TimeExpressionError when it has no length of its own: months and years differ, and other operators depend on when
 * they are applied
 */
export function durationOf({ text, steps }: RelativeExpression): number {
  return steps.reduce((sum, step) => {
    const length = step.kind === 'move' ? lengthOf(step.unit) : undefined;
    if (step.kind === 'move' && length !== undefined) return sum + step.count * length;
    throw new TimeExpressionError({
      expression: text,
      index: step.index,
      found: 'a step without a fixed length',
      expected: '+ or - with one of w d H m s S, such as +5m',
    });
  }, 0);
}

function lengthOf(unit: TimeUnit): number | undefined {
  switch (unit) {
    case 'year':
    case 'month':
      return undefined;
    case 'week':
      return 7 * dayMs;
    case 'day':
      return dayMs;
    case 'hour':
    case 'minute':
    case 'second':
    case 'millisecond':
      return unitMs[unit];
  }
}
