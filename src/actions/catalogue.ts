// The built-in actions by the `type` a definition names them with.

import type { BuiltInAction } from '../dispatch/action.js';
import type { Action } from '../workflow/model.js';
import { callAction } from './call.js';
import { consoleAction } from './console.js';
import { nullAction } from './null.js';

export const builtInActions: Readonly<Record<Action['type'], BuiltInAction>> = {
  call: callAction,
  null: nullAction,
  console: consoleAction,
};
