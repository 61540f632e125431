// A relative expression as a period: each firing is what it makes of the one before.

import { localText } from '../civil.js';
import type { Firing, Schedule } from '../schedule.js';
import { applyChecked, checkBusinessInterval, type RelativeContext } from './apply.js';
import type { RelativeExpression } from './ast.js';

/**
 * @throws TimeExpressionError when it asks for business days and there is no business interval
 */
export function compileRelative(expression: RelativeExpression, context: RelativeContext): Schedule {
  checkBusinessInterval(expression, context);
  return new RelativeSchedule(expression, context);
}

class RelativeSchedule implements Schedule {
  constructor(
    readonly expression: RelativeExpression,
    readonly context: RelativeContext,
  ) {}

  next(afterMs: number): Firing {
    const applied = applyChecked(this.expression, afterMs, this.context);
    switch (applied.kind) {
      case 'unsatisfiable':
        return applied;
      case 'at': {
        const { atMs } = applied;
        if (atMs > afterMs) return { kind: 'fires', atMs };
        const { zone } = this.context;
        const text = (ms: number): string => localText(zone.localOf(ms));
        return {
          kind: 'standing',
          atMs,
          message: `The Relative Time Expression "${this.expression.text}" applied to ${text(afterMs)} gives ${text(atMs)} ${zone.name}, which is not after it.`,
        };
      }
    }
  }

  /** What came before cannot be told: several moments may lead to the same one. */
  previous(): Firing {
    return {
      kind: 'unsupported',
      message: `The Relative Time Expression "${this.expression.text}" only goes forward: it counts from the moment it is applied to.`,
    };
  }
}
