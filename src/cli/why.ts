// millrace why: why an instance does not run, or where it does.

import type { Command } from 'commander';
import type { Reason } from '../engine/why/reasons.js';
import { type Ended, exitCodes } from './exit.js';
import { print, printable, say } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

const examples = `
Examples:
  millrace why 01a1ff5f-3d3d-7000-9259-b21893d90000
  millrace why /flights/score/01a1ff5f-3d3d-7000-9259-b21893d90000
  millrace why ID --json               {"instance","isRunning","reasons":[{"code","text","data","command",...}],...}
  millrace why ID --url http://127.0.0.1:7433     of a running server (or set MILLRACE_URL)

One line a reason, the decisive one first; several of one flow context in the order in which they would have to go
away. Behind them what would let it go on. "before it" are those that are claimed first, as far as they were counted.
What throttles, fairness and the line say is known where engines run: ask a server. All it can say: the codes in
the documentation of GET /v1/instances/NAME/why.`;

interface WhyOptions {
  readonly json?: true;
}

export function addWhy(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('why'))
    .summary('why an instance does not run, or where it does')
    .description(
      'Say why an instance does not run (who paused it, what it waits for, which throttle has no room, who is before it, that no engine executes), or on which engine it does, since when.',
    )
    .argument('<instance>', 'its id, WORKFLOW/ID or given name')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (instance: string, options: WhyOptions, command: Command) =>
      ended(await why(instance, options, command)),
    );
}

async function why(name: string, { json }: WhyOptions, command: Command): Promise<number> {
  const { told, hint } = await withPlace(command, async place => ({ told: await place.why(name), hint: place.hint }));
  if (json === true) {
    print(JSON.stringify(told));
    return exitCodes.done;
  }
  for (const reason of told.reasons) print(printable(lineOf(reason), 4_000));
  const shown = new Set(told.reasons.map(({ context }) => context)).size;
  if (told.contexts > shown) say(`${told.contexts - shown} more flow contexts: millrace show ${told.instance}${hint}`);
  const commands = new Set(told.reasons.flatMap(({ command: each }) => each ?? []));
  for (const each of commands) say(`what would let it go on: ${each}${hint}`);
  if (told.contexts === 0) say(`all about it: millrace show ${told.instance}${hint}`);
  return exitCodes.done;
}

function lineOf({ context, text }: Reason): string {
  return context === null ? text : `context ${context}: ${text}`;
}
