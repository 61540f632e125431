// The built-in actions by the `type` a definition names them with.

import type { BuiltInAction } from '../dispatch/action.js';
import type { Action } from '../workflow/model.js';
import { callAction } from './call.js';
import { cancelAction } from './cancel.js';
import { consoleAction } from './console.js';
import { endAction } from './end.js';
import { errorAction } from './error.js';
import { loadedAct } from './loaded.js';
import { nullAction } from './null.js';

export const builtInActions: Readonly<Record<Action['type'], BuiltInAction>> = {
  call: callAction,
  null: nullAction,
  console: consoleAction,
  forEach: loadedAct(async () => (await import('./for-each.js')).forEachAction),
  workflow: loadedAct(async () => (await import('./workflow.js')).workflowAction),
  end: endAction,
  cancel: cancelAction,
  group: loadedAct(async () => (await import('./group.js')).groupAction),
  error: errorAction,
};
