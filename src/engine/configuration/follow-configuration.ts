// What becomes of a runtime configuration, and of one with faults.

import type { ConfigurationFault } from '../../config/fault.js';
import { ordersOf } from '../../config/order-properties.js';
import type { ConfigurationTrouble } from '../../config/runtime-configuration.js';
import type { RuntimeTree } from '../../config/tree.js';
import type { LogEvents } from '../../observe/log-events.js';
import { formatFault } from '../../workflow/fault.js';
import type { EngineHealth } from '../health.js';
import type { SteadyQueue } from '../queueing/steady-queue.js';
import type { ErrorHandlers } from './error-handlers.js';
import type { LiveConfiguration } from './live-configuration.js';
import type { OrderSettings } from './order-settings.js';
import type { RuntimeValues } from './runtime-values.js';

/** Faults that a log line tells; the file has them all. */
const toldMax = 10;

export interface FollowingWorld {
  readonly order: OrderSettings;
  readonly runtimeValues: RuntimeValues;
  readonly handlers: ErrorHandlers;
  readonly queue: SteadyQueue;
  readonly log: LogEvents;
  readonly health: EngineHealth;
}

/** Let the queue and the threads have what the configuration says, and errors their handlers, now and whenever that changes.
 * Resolves when the handlers named now are stored. */
export async function followConfiguration(configuration: LiveConfiguration, world: FollowingWorld): Promise<void> {
  const { order, runtimeValues, handlers, queue, log, health } = world;
  const file = configuration.file?.file ?? null;
  const carryOut = (tree: RuntimeTree): Promise<unknown> => {
    runtimeValues.take(tree);
    order.want(ordersOf(tree));
    // Whoever waits knows that what waits has its new order, or will have when the queue has been found.
    return Promise.all([queue.agree(), handlers.take(tree)]);
  };
  const tellOfSettings = (): void => {
    const { version, properties, faults } = configuration.settings;
    const first = faults.slice(0, toldMax).map(formatFault);
    // 0: nobody has ever set anything.
    if (version > 0) log.settingsRead({ version, settings: properties.length, refused: faults.length, first });
    health.remark('settings', faults.length === 0 ? null : remarkOfSettings(faults));
  };
  const tell = (changed: 'file' | 'settings', tree: RuntimeTree): void => {
    if (changed === 'settings') tellOfSettings();
    else if (file !== null) log.runtimeConfigurationRead({ file, branches: tree.branches.size });
  };
  configuration.follow((tree, changed) => carryOut(tree).then(() => tell(changed, tree)));
  await configuration.look();
  tell('file', configuration.tree);
  configuration.file?.watch({
    changed: () => void configuration.fileChanged(),
    refused: trouble => {
      const { faults } = trouble;
      log.runtimeConfigurationRefused({
        file: file!,
        faults: faults.length,
        first: faults.slice(0, toldMax).map(formatFault),
      });
      health.remark('runtimeConfiguration', remarkOf(trouble));
    },
    mended: () => {
      log.runtimeConfigurationMended({ file: file! });
      health.remark('runtimeConfiguration', null);
    },
    failed: error => log.runtimeConfigurationUntaken({ file: file!, error }),
  });
}

function remarkOf({ faults, sinceMs }: ConfigurationTrouble): string {
  const since = new Date(sinceMs).toISOString();
  return `the runtime configuration is refused since ${since}, the last good one holds: ${firstOf(faults)}`;
}

function remarkOfSettings(faults: readonly ConfigurationFault[]): string {
  return `of the runtime configuration in the store this engine leaves out what it refuses: ${firstOf(faults)}`;
}

function firstOf(faults: readonly ConfigurationFault[]): string {
  return `${formatFault(faults[0]!)}${faults.length === 1 ? '' : ` and ${faults.length - 1} more`}`;
}
