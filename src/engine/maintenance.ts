// How long a store keeps what has been, and at which times it throws away what has expired.

import { EngineError } from '../observe/errors.js';
import type { Retention } from '../store/generations.js';
import { TimeExpressionError } from '../time/errors.js';
import { compileTimeExpression, parseTimeExpression } from '../time/expression.js';
import type { Schedule } from '../time/schedule.js';
import { zoneHere } from '../time/zone-here.js';
import type { ResolvedOptions } from './options.js';

/**
 * What the store is told.
 *
 * @throws EngineError `OPTION_INVALID` when `maintenance` is no time expression, or comes no more
 */
export function retentionOf(options: ResolvedOptions, nowMs: number): Retention {
  const { historyExpirationMs: historyMs, auditExpirationMs: auditMs, maintenance } = options;
  if (maintenance === null) return { historyMs, auditMs };
  const schedule = scheduleOf(maintenance);
  const firing = schedule.next(nowMs);
  if (firing.kind !== 'fires') throw new EngineError('OPTION_INVALID', `maintenance: ${firing.message}`);
  const maintainedFromMs = (dueMs: number): number => {
    const next = schedule.next(dueMs - 1);
    return next.kind === 'fires' ? next.atMs : dueMs;
  };
  return { historyMs, auditMs, maintainedFromMs };
}

function scheduleOf(text: string): Schedule {
  try {
    return compileTimeExpression(parseTimeExpression(text), { zone: zoneHere() });
  } catch (error) {
    if (!(error instanceof TimeExpressionError)) throw error;
    throw new EngineError('OPTION_INVALID', `maintenance: ${error.message}`, { cause: error });
  }
}
