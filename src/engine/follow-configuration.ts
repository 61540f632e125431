// What becomes of a runtime configuration, and of one with faults.

import type { ConfigurationTrouble, RuntimeConfiguration } from '../config/runtime-configuration.js';
import { prioritiesOf, type RuntimeTree } from '../config/tree.js';
import type { LogEvents } from '../observe/log-events.js';
import { formatFault } from '../workflow/fault.js';
import type { EngineHealth } from './health.js';
import type { InheritedPriorities } from './inherited-priorities.js';
import type { RuntimeValues } from './runtime-values.js';
import type { SteadyQueue } from './steady-queue.js';

/** Faults that a log line tells; the file has them all. */
const toldMax = 10;

export interface FollowingWorld {
  readonly priorities: InheritedPriorities;
  readonly runtimeValues: RuntimeValues;
  readonly queue: SteadyQueue;
  readonly log: LogEvents;
  readonly health: EngineHealth;
}

/** Let the queue and the threads have what the file says, now and whenever that changes. */
export function followConfiguration(configuration: RuntimeConfiguration, world: FollowingWorld): void {
  const { priorities, runtimeValues, queue, log, health } = world;
  const { file } = configuration;
  const take = (tree: RuntimeTree): void => {
    runtimeValues.take(tree);
    priorities.want(prioritiesOf(tree));
    // Told when what waits has its new order, or will have when the queue has been found.
    void queue.agree().then(() => log.runtimeConfigurationRead({ file, branches: tree.branches.size }));
  };
  take(configuration.tree);
  configuration.watch({
    changed: take,
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
  });
}

function remarkOf({ faults, sinceMs }: ConfigurationTrouble): string {
  const more = faults.length === 1 ? '' : ` and ${faults.length - 1} more`;
  const since = new Date(sinceMs).toISOString();
  return `the runtime configuration is refused since ${since}, the last good one holds: ${formatFault(faults[0]!)}${more}`;
}
