// The console action: prints its message on standard output or standard error. In a worker thread both are pipes to
// the main thread, so printing waits for nobody.

import type { BuiltInAction } from '../dispatch/action.js';

export const consoleAction: BuiltInAction = {
  givesResult: false,
  prepare(planAction) {
    const { action } = planAction;
    if (action.type !== 'console') throw new Error(`a console action was expected, not ${action.type}`);
    const line = `${action.message}\n`;
    const stream = action.stream === 'stderr' ? process.stderr : process.stdout;
    return { run: () => void stream.write(line) };
  },
};
