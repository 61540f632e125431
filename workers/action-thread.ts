// Entry of the threads that run actions. Piscina starts it; the runtime lives in src/dispatch/thread/.

import { builtInActions } from '../src/actions/catalogue.js';
import { runThread } from '../src/dispatch/thread/start.js';
import type { ThreadTask } from '../src/dispatch/thread/thread-task.js';
import { routeOf } from '../src/flow/route.js';
import { substituteHere } from '../src/flow/substitution/here.js';
import { scriptLanguages } from '../src/script/languages.js';
import { builtInTriggers } from '../src/triggers/catalogue.js';

const actions = { ...builtInActions, ...builtInTriggers };

export default (task: ThreadTask): Promise<never> => {
  const scripts = task.scripts === null ? null : scriptLanguages(task.scripts);
  return runThread(task, { actions, routeOf, substitute: substituteHere, scripts });
};
