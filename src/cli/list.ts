// millrace list: how many instances of which workflow are in which state.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { figure, print, printable, say, table } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

const states = ['ready', 'paused', 'failed', 'finished', 'removed'] as const;

const examples = `
Examples:
  millrace list                        every workflow of ./millrace-data
  millrace list /flights/              those below a branch
  millrace list /flights/score         one
  millrace list --json                 [{"workflow","state","instances"}, …]
  millrace list --url http://127.0.0.1:7433    what a running server has (or set MILLRACE_URL)

A folder must not be held by a running engine: ask its server. One instance: millrace show ID. Ids by state:
  millrace audit --sql "select instance, error->>'message' from millrace_instances where state = 'failed' limit 20"`;

interface ListOptions {
  readonly json?: true;
}

export function addList(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('list'))
    .summary('count instances by workflow and state')
    .description('Count instances by workflow and state, living and ended (as long as their history is kept).')
    .argument('[scope]', 'a workflow, or a branch with a trailing /', '/')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (scope: string, options: ListOptions, command: Command) =>
      ended(await list(scope, options, command)),
    );
}

async function list(scope: string, { json }: ListOptions, command: Command): Promise<number> {
  const { counts, words } = await withPlace(command, async place => ({
    counts: await place.count(scope),
    words: place.words,
  }));
  if (json === true) {
    print(JSON.stringify(counts));
    return exitCodes.done;
  }
  const byWorkflow = new Map<string, Map<string, number>>();
  for (const { workflow, state, instances } of counts) {
    const row = byWorkflow.get(workflow) ?? new Map<string, number>();
    byWorkflow.set(workflow, row.set(state, instances));
  }
  const rows = [...byWorkflow].map(([workflow, row]) => [
    printable(workflow),
    ...states.map(state => figure(row.get(state) ?? 0)),
  ]);
  if (rows.length > 0) print(table(['workflow', ...states], rows));
  else say(`no instances ${scope === '/' ? '' : `below or of ${printable(scope)} `}${words}`);
  return exitCodes.done;
}
