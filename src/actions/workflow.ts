// The workflow action: the engine runs another workflow as part of the instance. Its input is evaluated here.

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import { found } from './found.js';
import { property, workflowName } from './property.js';

export const workflowAction: BuiltInAction = {
  acts: true,
  givesResult: false,
  prepare(planAction) {
    const { action } = planAction;
    if (action.type !== 'workflow') throw new Error(`a workflow action was expected, not ${action.type}`);
    const nameOf = workflowName(action.workflow);
    const inputOf = property(action.input ?? {});
    return {
      run: member => {
        const input = inputOf(member);
        if (typeof input !== 'object' || input === null || Array.isArray(input)) {
          throw new ActionFault('InputInvalid', `the input of a workflow is an object, not ${found(input)}`);
        }
        return { demand: { kind: 'act', count: 0, name: nameOf(member), range: null }, result: input };
      },
    };
  },
};
