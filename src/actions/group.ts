// The group action: the engine completes, cancels or extends a group of a for-each while it runs. The items it is extended
// by are evaluated here.

import type { BuiltInAction } from '../dispatch/action.js';
import { itemsOf } from './items.js';
import { plainAct } from './plain-act.js';

export const groupAction: BuiltInAction = {
  acts: true,
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'group') throw new Error(`a group action was expected, not ${action.type}`);
    if (action.do !== 'extend') return { run: () => plainAct };
    const listOf = itemsOf(action.items, valueFor);
    return {
      run: member => {
        const items = listOf(member);
        return { demand: { kind: 'act', count: items.length, name: null, range: null }, result: items };
      },
    };
  },
};
