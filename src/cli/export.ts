// millrace export: one instance as it stands, with its workflow, as a JSON snapshot.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { print } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

const examples = `
Examples:
  millrace export 01a1ff5f-3d3d-7000-9259-b21893d90000 > snapshot.json
  millrace export ID --json            on one line
  millrace export ID --url http://127.0.0.1:7433    from a running server (or set MILLRACE_URL)

The snapshot has the definition the instance began with, its input, and for each flow context where it stands and what
it has written. The instance goes on. Nothing is left out or hidden: what variables hold is in it, secrets too.
Of one that has ended it has what is still kept. A folder must not be held by a running engine: ask its server.`;

export function addExport(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('export'))
    .summary('print an instance as a snapshot')
    .description('Print an instance as it stands at one moment, with its workflow, as JSON.')
    .argument('<instance>', 'its id, WORKFLOW/ID or given name')
    .option('--json', 'on one line')
    .addHelpText('after', examples)
    .action(async (instance: string, { json }: { readonly json?: true }, command: Command) => {
      const snapshot = await withPlace(command, place => place.export(instance));
      print(JSON.stringify(snapshot, null, json === true ? 0 : 2));
      ended(exitCodes.done);
    });
}
