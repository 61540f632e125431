// The publish action: a message that is published by the commit of the transaction it belongs to, and never when that is
// rolled back.

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import { momentAfter } from '../time/relative/moment-after.js';
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
        const expires = expiresAfter?.(member.nowMs()) ?? null;
        if (expires?.kind === 'unsatisfiable') throw new ActionFault('TIME_UNSATISFIABLE', expires.message);
        const expiresAtMs = expires?.atMs ?? null;
        member.publish({ publisher, style, priority, data: JSON.stringify(dataOf(member)), expiresAtMs });
      },
    };
  },
};
