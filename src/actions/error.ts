// The error action: fails the transaction. Nothing is tried again, since it would only fail again (`compilePlan`).

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import { shown } from './shown.js';

export const errorAction: BuiltInAction = {
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'error') throw new Error(`an error action was expected, not ${action.type}`);
    const { code = 'ErrorAction', message = `action "${action.name}" ends in failure` } = action;
    const messageOf = valueFor(message);
    return {
      run: member => {
        throw new ActionFault(code, shown(messageOf(member)));
      },
    };
  },
};
