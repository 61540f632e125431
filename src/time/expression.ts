// Time expressions as triggers and options take them: cron-style or relative, told apart by how they begin. Ordinary crontab
// and recurrence rules look like these and are not: who means one says so (`crontab/`, `rrule/`).

import type { BusinessInterval } from './business-interval.js';
import type { CronAst } from './cron/ast.js';
import { parseCron } from './cron/parse.js';
import { cronSchedule } from './cron/schedule.js';
import { checkExpressionText, TimeExpressionError } from './errors.js';
import type { RelativeExpression } from './relative/ast.js';
import { parseRelative } from './relative/parse.js';
import { compileRelative } from './relative/relative-schedule.js';
import type { Schedule } from './schedule.js';
import type { Zone } from './zone.js';

export type TimeExpression =
  | { readonly notation: 'cron'; readonly cron: CronAst }
  | { readonly notation: 'relative'; readonly relative: RelativeExpression };

export interface TimeExpressionContext {
  readonly zone: Zone;
  /** What `b` and `h` are asked of; an expression that has them needs it. */
  readonly businessInterval?: BusinessInterval;
  /** What `+n` of a cron-style column counts from, in milliseconds since 1970; default: what is asked about. */
  readonly referenceMs?: number;
}

/**
 * Parses a time expression. One that begins with an operator (`+ - > < ^ @ ?`) is relative, all others are cron-style; so is
 * one that begins with a column `+n`, a number without a unit and more columns behind it.
 *
 * @throws TimeExpressionError naming the character, and what would be accepted there
 */
export function parseTimeExpression(text: string): TimeExpression {
  checkExpressionText(text);
  const bare = /^\s*(\d+(?:[yMwdHmsSDe]|ms))\s*$/.exec(text);
  if (bare !== null) {
    throw new TimeExpressionError({
      expression: text,
      index: text.indexOf(bare[1]!),
      found: `"${bare[1]!.slice(0, 20)}" without an operator`,
      expected: `+${bare[1]!.slice(0, 20)} or another operator (+ - > < ^ @ ?), or columns`,
    });
  }
  return isRelative(text)
    ? { notation: 'relative', relative: parseRelative(text) }
    : { notation: 'cron', cron: parseCron(text) };
}

/** Compiles an expression of either notation. @throws TimeExpressionError when it needs a business interval and has none */
export function compileTimeExpression(expression: TimeExpression, context: TimeExpressionContext): Schedule {
  switch (expression.notation) {
    case 'cron':
      return cronSchedule(expression.cron, context);
    case 'relative':
      return compileRelative(expression.relative, context);
  }
}

function isRelative(text: string): boolean {
  return /^\s*[-+<>^@?]/.test(text) && !/^\s*\+\d+\s+\S/.test(text);
}
