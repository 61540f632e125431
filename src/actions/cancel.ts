// The cancel action: the engine withdraws the flow contexts of its region, which the plan knows.

import type { BuiltInAction } from '../dispatch/action.js';
import { plainAct } from './plain-act.js';

export const cancelAction: BuiltInAction = {
  acts: true,
  givesResult: false,
  prepare: () => ({ run: () => plainAct }),
};
