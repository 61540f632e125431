// Time expressions in definitions, whatever their notation: what is wrong with one is told at its place.

import { checkExpressionText, TimeExpressionError } from '../time/errors.js';
import type { Path, Report } from './fault.js';

/** Reports what `read` finds wrong with an expression; what is no text has been told. */
export function checkExpression(text: unknown, path: Path, report: Report, read: (text: string) => void): void {
  if (typeof text !== 'string') return;
  try {
    checkExpressionText(text);
    read(text);
  } catch (error) {
    if (!(error instanceof TimeExpressionError)) throw error;
    report('TIME_INVALID', path, error.message);
  }
}
