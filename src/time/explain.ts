// Time expressions in words. Crontab and recurrence rules have their own: `crontab/explain.ts`, `rrule/explain.ts`.

import { explainCron } from './cron/explain.js';
import type { TimeExpression } from './expression.js';
import { explainRelative } from './relative/explain.js';

/** Such as `7 minutes later`, or `at 16:00:00 on the last business day of the month`. */
export function explainTimeExpression(expression: TimeExpression): string {
  switch (expression.notation) {
    case 'cron':
      return explainCron(expression.cron);
    case 'relative':
      return explainRelative(expression.relative);
  }
}
