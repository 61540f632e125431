// The built-in actions by the `type` a definition names them with.

import type { BuiltInAction } from '../dispatch/action.js';
import type { Action, Trigger } from '../workflow/model.js';
import { callAction } from './call.js';
import { cancelAction } from './cancel.js';
import { consoleAction } from './console.js';
import { endAction } from './end.js';
import { errorAction } from './error.js';
import { forEachAction } from './for-each.js';
import { groupAction } from './group.js';
import { nullAction } from './null.js';
import { processAction } from './process.js';
import { publishAction } from './publish.js';
import { scriptAction } from './script.js';
import { sqlAction } from './sql.js';
import { workflowAction } from './workflow.js';

export const builtInActions: Readonly<Record<Exclude<Action['type'], Trigger['type']>, BuiltInAction>> = {
  call: callAction,
  null: nullAction,
  console: consoleAction,
  forEach: forEachAction,
  workflow: workflowAction,
  end: endAction,
  cancel: cancelAction,
  group: groupAction,
  error: errorAction,
  script: scriptAction,
  sql: sqlAction,
  process: processAction,
  publish: publishAction,
};
