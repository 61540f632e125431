// The full name of a workflow that an action runs, as it is when the action is reached.

import { ActionFault, type ActionMember, type PreparedValue } from '../dispatch/action.js';
import { parseName } from '../workflow/namespace.js';
import { shown } from './shown.js';

/** What gives the name in a member. That throws ActionFault `NAMESPACE_INVALID`. */
export function workflowName(written: PreparedValue): (member: ActionMember) => string {
  return member => {
    const parsed = parseName(shown(written(member)));
    if (!parsed.ok) throw new ActionFault(parsed.fault.code, parsed.fault.message);
    return parsed.value;
  };
}
