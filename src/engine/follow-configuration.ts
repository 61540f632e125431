// What becomes of a runtime configuration, and of one with faults.

import type { ConfigurationTrouble, RuntimeConfiguration } from '../config/runtime-configuration.js';
import { prioritiesOf, type RuntimeTree } from '../config/tree.js';
import type { LogEvents } from '../observe/log-events.js';
import { formatFault } from '../workflow/fault.js';
import type { ErrorHandlers } from './error-handlers.js';
import type { EngineHealth } from './health.js';
import type { InheritedPriorities } from './inherited-priorities.js';
import type { RuntimeValues } from './runtime-values.js';
import type { SteadyQueue } from './steady-queue.js';

/** Faults that a log line tells; the file has them all. */
const toldMax = 10;

export interface FollowingWorld {
  readonly priorities: InheritedPriorities;
  readonly runtimeValues: RuntimeValues;
  readonly handlers: ErrorHandlers;
  readonly queue: SteadyQueue;
  readonly log: LogEvents;
  readonly health: EngineHealth;
}

/** Let the queue and the threads have what the file says, and errors their handlers, now and whenever that changes. Resolves
 * when the handlers named now are stored. */
export function followConfiguration(configuration: RuntimeConfiguration, world: FollowingWorld): Promise<void> {
  const { priorities, runtimeValues, handlers, queue, log, health } = world;
  const { file } = configuration;
  const take = (tree: RuntimeTree): Promise<void> => {
    runtimeValues.take(tree);
    priorities.want(prioritiesOf(tree));
    // Told when what waits has its new order, or will have when the queue has been found, and errors their handlers.
    const handled = handlers.take(tree);
    void Promise.all([queue.agree(), handled]).then(() =>
      log.runtimeConfigurationRead({ file, branches: tree.branches.size }),
    );
    return handled;
  };
  const taken = take(configuration.tree);
  configuration.watch({
    changed: tree => void take(tree),
    refused: trouble => {
      const { faults } = trouble;
      log.runtimeConfigurationRefused({
        file,
        faults: faults.length,
        first: faults.slice(0, toldMax).map(formatFault),
      });
      health.remark('runtimeConfiguration', remarkOf(trouble));
    },
    mended: () => {
      log.runtimeConfigurationMended({ file });
      health.remark('runtimeConfiguration', null);
    },
    failed: error => log.runtimeConfigurationUntaken({ file, error }),
  });
  return taken;
}

function remarkOf({ faults, sinceMs }: ConfigurationTrouble): string {
  const more = faults.length === 1 ? '' : ` and ${faults.length - 1} more`;
  const since = new Date(sinceMs).toISOString();
  return `the runtime configuration is refused since ${since}, the last good one holds: ${formatFault(faults[0]!)}${more}`;
}
