// The console action: prints its message on standard output or standard error. In a worker thread both are pipes to
// the main thread, so printing waits for nobody.

import type { BuiltInAction } from '../dispatch/action.js';
import { shown } from './shown.js';

export const consoleAction: BuiltInAction = {
  givesResult: false,
  prepare(planAction, valueFor) {
    const { action } = planAction;
    if (action.type !== 'console') throw new Error(`a console action was expected, not ${action.type}`);
    const message = valueFor(action.message);
    const stream = action.stream === 'stderr' ? process.stderr : process.stdout;
    return { run: member => void stream.write(`${shown(message(member))}\n`) };
  },
};
