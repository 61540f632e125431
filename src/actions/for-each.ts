// The forEach action: the engine opens a group of copies of its body, or of another workflow. Its items, or how many numbers
// its range has, are evaluated here.

import type { BuiltInAction } from '../dispatch/action.js';
import { itemsOf } from './items.js';
import { rangeOf } from './range.js';
import { workflowName } from './workflow-name.js';

export const forEachAction: BuiltInAction = {
  acts: true,
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'forEach') throw new Error(`a forEach action was expected, not ${action.type}`);
    const nameOf = action.workflow === undefined ? () => null : workflowName(valueFor(action.workflow));
    if (action.items === undefined) {
      const range = rangeOf(action, valueFor);
      return {
        run: member => {
          const { from, step, count } = range(member);
          return { demand: { kind: 'act', count, name: nameOf(member), range: { from, step } } };
        },
      };
    }
    const listOf = itemsOf(action.items, valueFor);
    return {
      run: member => {
        const items = listOf(member);
        return { demand: { kind: 'act', count: items.length, name: nameOf(member), range: null }, result: items };
      },
    };
  },
};
