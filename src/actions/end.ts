// The end action: ends the instance at once, whatever its other flow contexts do. The engine withdraws them.

import type { BuiltInAction } from '../dispatch/action.js';
import { plainAct } from './plain-act.js';

export const endAction: BuiltInAction = {
  acts: true,
  givesResult: false,
  prepare: () => ({ run: () => plainAct }),
};
