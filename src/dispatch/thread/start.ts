// Starts the runtime in a worker thread and guards the thread against its user code: stray errors are charged to their
// member, and whoever asks for the end of the process is named.

import { syncBuiltinESMExports } from 'node:module';
import { ActionFault } from '../action.js';
import type { ToThread } from '../protocol.js';
import { ThreadRuntime } from './runtime.js';
import type { ThreadWorld } from './thread-plan.js';
import type { ThreadTask } from './thread-task.js';

/** Runs until the thread is ended: the promise is never kept. */
export function runThread(task: ThreadTask, world: ThreadWorld): Promise<never> {
  const runtime = new ThreadRuntime(task, world);
  process.on('uncaughtException', thrown => runtime.strayError(thrown));
  process.on('unhandledRejection', thrown => runtime.strayError(thrown));
  guardExit(runtime);
  task.port.on('message', (message: ToThread) => runtime.receive(message));
  runtime.start();
  return new Promise(() => {});
}

/** Guards against accidents, not against malice (D17): `process.exit` ends this thread, and says in whose name. */
function guardExit(runtime: ThreadRuntime): void {
  const { exit, kill } = process;
  process.exit = (code?: number | string | null): never => {
    runtime.exiting();
    return exit.call(process, code);
  };
  process.kill = (pid: number, signal?: string | number): true => {
    if (signal !== 0 && (pid === process.pid || pid === 0 || pid === -process.pid)) {
      throw new ActionFault('ActionFailed', 'an action may not send a signal to the engine it runs in');
    }
    return kill.call(process, pid, signal);
  };
  // `import { exit } from 'node:process'` too.
  syncBuiltinESMExports();
}
