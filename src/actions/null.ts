// The null action: does nothing. It is always a transaction break.

import type { BuiltInAction } from '../dispatch/action.js';

export const nullAction: BuiltInAction = {
  givesResult: false,
  prepare: () => ({ run: () => undefined }),
};
