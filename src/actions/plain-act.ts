// What an action returns that acts on flow contexts and has nothing to say beside its place in the plan.

import type { Act } from '../dispatch/action.js';

export const plainAct: Act = { demand: { kind: 'act', count: 0, name: null, range: null } };
