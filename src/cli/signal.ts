// millrace signal: raise or clear a signal, in a data folder that no engine holds or on a server.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { counted, print, say } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

interface SignalOptions {
  readonly clear?: boolean;
  readonly dryRun?: boolean;
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
    .option('--dry-run', 'count where it would be raised, or cleared, and change nothing')
    .option('--json', 'print {"target","signal","contexts","instances"}')
    .addHelpText(
      'after',
      `
Examples:
  millrace signal 01a1ff5f-3d3d-7000-9259-b21893d90000 stop    raise "stop" in one instance
  millrace signal /flights/score stop                          in all instances of a workflow
  millrace signal /flights/ stop --dry-run                     count in which below a branch, and change nothing
  millrace signal /flights/score stop --clear                  clear it where nothing has taken its signal flow yet

Prints in how many instances it was raised, or cleared, and how many of their flow contexts monitor it now; an instance in
which it was so already does not count. One that nothing in the instance or workflow monitors is refused. A folder must not be
held by a running engine: ask its server, or, in an application, its engine: engine.raiseSignal('/flights/score', 'stop').`,
    )
    .action(async (target: string, name: string, options: SignalOptions, command: Command) =>
      ended(await signal(target, name, options, command)),
    );
}

async function signal(
  target: string,
  name: string,
  { clear = false, dryRun = false, json }: SignalOptions,
  command: Command,
): Promise<number> {
  const { operationProgress } = await import('./operation-progress.js');
  const progress = operationProgress();
  const { hint, contexts, instances } = await withPlace(command, async place => ({
    ...(await place.signal(clear ? 'clear' : 'raise', target, name, { dryRun, onProgress: progress.show })),
    hint: place.hint,
  }));
  progress.clear();
  if (json === true) {
    print(JSON.stringify({ target, signal: name, contexts, instances }));
    return exitCodes.done;
  }
  const where = `in ${counted(instances, 'instance')} of ${target}, monitored by ${counted(contexts, 'flow context')}`;
  if (dryRun) print(`"${name}" would be ${clear ? 'cleared' : 'raised'} ${where}; nothing was changed`);
  else print(`${clear ? 'cleared' : 'raised'} "${name}" ${where}`);
  if (instances === 0) say(`what is there: millrace list${hint}`);
  return exitCodes.done;
}
