// A recurrence rule in words, by the library's own.

import { toText } from 'rrule-temporal/totext';
import type { RecurrenceRule } from './ast.js';
import { type RecurrenceContext, ruleOf } from './rrule-schedule.js';

/** Such as `every month on last Friday at 9 AM`. @throws TimeExpressionError as `compileRrule` */
export function explainRrule(rule: RecurrenceRule, context: RecurrenceContext): string {
  return toText(ruleOf(rule, context), 'en', { excludeTzAbbreviation: true });
}
