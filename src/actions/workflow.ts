// The workflow action: the engine runs another workflow as part of the instance. Its input is evaluated here.

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import type { JsonObject } from '../workflow/model.js';
import { found } from './found.js';
import { workflowName } from './workflow-name.js';

export const workflowAction: BuiltInAction = {
  acts: true,
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'workflow') throw new Error(`a workflow action was expected, not ${action.type}`);
    const nameOf = workflowName(valueFor(action.workflow));
    const inputOf = valueFor((action.input ?? {}) as JsonObject);
    return {
      run: member => {
        const input = inputOf(member);
        if (typeof input !== 'object' || input === null || Array.isArray(input)) {
          throw new ActionFault('InputInvalid', `the input of a workflow is an object, not ${found(input)}`);
        }
        // It becomes what a context has written, in which these names are the engine's (workflow/written.ts).
        const own = Object.keys(input).find(name => name.startsWith('$'));
        if (own !== undefined) {
          throw new ActionFault(
            'InputInvalid',
            `"${own.slice(0, 100)}" cannot be the name of a variable: it begins with $`,
          );
        }
        return { demand: { kind: 'act', count: 0, name: nameOf(member), range: null }, result: input };
      },
    };
  },
};
