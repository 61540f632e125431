// The publish action: a message that is published by the commit of the transaction it belongs to, and never when that is
// rolled back.

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import { applyChecked } from '../time/relative/apply.js';
import { parseRelative } from '../time/relative/parse.js';
import { zoneHere } from '../time/zone-here.js';
import { messagePriority } from '../workflow/message-limits.js';
import type { Json } from '../workflow/model.js';

export const publishAction: BuiltInAction = {
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'publish') throw new Error(`a publish action was expected, not ${action.type}`);
    const { publisher, style = null, priority = messagePriority, data = {}, expires } = action;
    const dataOf = valueFor(data as Json);
    const expiresAfter = expires === undefined ? null : momentAfter(expires);
    return {
      run: member => {
        const expiresAtMs = expiresAfter?.(member.nowMs()) ?? null;
        member.publish({ publisher, style, priority, data: JSON.stringify(dataOf(member)), expiresAtMs });
      },
    };
  },
};

/** @throws {ActionFault} `TIME_UNSATISFIABLE` from what comes back */
function momentAfter(expression: string): (atMs: number) => number {
  const parsed = parseRelative(expression);
  const context = { zone: zoneHere() };
  return atMs => {
    const applied = applyChecked(parsed, atMs, context);
    if (applied.kind === 'unsatisfiable') throw new ActionFault('TIME_UNSATISFIABLE', applied.message);
    return applied.atMs;
  };
}
