// millrace signal: raise or clear a signal, in a data folder that no engine holds or on a server.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { counted, print, say } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

interface SignalOptions {
  readonly clear?: boolean;
  readonly json?: true;
}

export function addSignal(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('signal'))
    .summary('raise or clear a signal')
    .description(
      'Raise a signal in instances in which an action or trigger monitors it: what waits goes over its signal flow, what executes does so when it has ended.',
    )
    .argument('<target>', 'an instance (its id), a workflow, or a branch with a trailing /')
    .argument('<name>', 'the signal')
    .option('--clear', 'clear it instead')
    .option('--json', 'print {"target","signal","instances"}')
    .addHelpText(
      'after',
      `
Examples:
  millrace signal /flights/score stop            raise "stop" in all instances of a workflow
  millrace signal /flights/score stop --clear    clear it again

Prints in how many instances it was raised, or cleared; one in which it was so already does not count. A folder must not be
held by a running engine: ask its server, or, in an application, its engine: engine.raiseSignal('/flights/score', 'stop').`,
    )
    .action(async (target: string, name: string, options: SignalOptions, command: Command) =>
      ended(await signal(target, name, options, command)),
    );
}

async function signal(
  target: string,
  name: string,
  { clear = false, json }: SignalOptions,
  command: Command,
): Promise<number> {
  const { instances, hint } = await withPlace(command, async place => ({
    ...(await place.signal(target, name, !clear)),
    hint: place.hint,
  }));
  if (json === true) {
    print(JSON.stringify({ target, signal: name, instances }));
    return exitCodes.done;
  }
  print(`${clear ? 'cleared' : 'raised'} "${name}" in ${counted(instances, 'instance')} of ${target}`);
  if (instances === 0) say(`what is there: millrace list${hint}`);
  return exitCodes.done;
}
