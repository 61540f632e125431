// millrace pause, resume, remove, recover, expedite: operations on a data folder that no engine holds, or on a server.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { counted, print, say } from './output.js';
import { addPlaceOptions, type PlaceOperation, withPlace } from './place.js';

const told: Readonly<
  Record<PlaceOperation, { summary: string; description: string; past: string; after: string | null }>
> = {
  pause: {
    summary: 'hold instances until they are resumed',
    description:
      'Hold instances at their next transaction break until they are resumed. Later submits are not touched.',
    past: 'paused',
    after: null,
  },
  resume: {
    summary: 'let paused instances go on',
    description: 'Let paused instances go on.',
    past: 'resumed',
    after: 'they go on when an engine starts on this folder',
  },
  remove: {
    summary: 'take instances away',
    description: 'Take instances away for good; their audit stays as long as audit is kept.',
    past: 'removed',
    after: null,
  },
  recover: {
    summary: 'try FAILED instances again',
    description:
      'Try again, from the transaction that failed and with all retries: FAILED instances, those that wait to be tried again, and those whose error handler is at work, which is withdrawn.',
    past: 'recovered',
    after: 'they run when an engine starts on this folder',
  },
  expedite: {
    summary: 'have triggers fire at once',
    description:
      'Have triggers that wait for a time, or for an operator, fire at once; schedules stay as they are. What runs does so at the next such trigger it reaches.',
    past: 'expedited',
    after: 'they fire when an engine starts on this folder',
  },
};

interface OperationOptions {
  readonly json?: true;
}

export function addOperations(program: Command, ended: Ended): void {
  for (const operation of ['pause', 'resume', 'remove', 'recover', 'expedite'] as const) {
    addPlaceOptions(program.command(operation))
      .summary(told[operation].summary)
      .description(told[operation].description)
      .argument('<target>', 'an instance (its id), a workflow, or a branch with a trailing /')
      .option('--json', 'print {"operation","target","contexts","segments"}')
      .addHelpText('after', examplesOf(operation))
      .action(async (target: string, options: OperationOptions, command: Command) =>
        ended(await operate(operation, target, options, command)),
      );
  }
}

function examplesOf(operation: PlaceOperation): string {
  return `
Examples:
  millrace ${operation} 01a1ff5f-3d3d-7000-9259-b21893d90000    one instance
  millrace ${operation} /flights/score                          all instances of a workflow
  millrace ${operation} /flights/                               everything below a branch
  millrace ${operation} /flights/ --url http://127.0.0.1:7433   on a running server (or set MILLRACE_URL)

Prints how many flow contexts it touched; none is no fault. A folder must not be held by a running engine: ask its
server, or, in an application, its engine: engine.${operation}('/flights/').`;
}

async function operate(
  operation: PlaceOperation,
  target: string,
  { json }: OperationOptions,
  command: Command,
): Promise<number> {
  const { contexts, segments, hint, isRunning } = await withPlace(command, async place => {
    const { hint, isRunning } = place;
    return { ...(await place.operate(operation, target)), hint, isRunning };
  });
  if (json === true) {
    print(JSON.stringify({ operation, target, contexts, segments }));
    return exitCodes.done;
  }
  print(`${told[operation].past} ${counted(contexts, 'flow context')} of ${target} (${counted(segments, 'row')})`);
  const { after } = told[operation];
  if (contexts === 0) say(`what is there: millrace list${hint}`);
  else if (after !== null && !isRunning) say(`${after}, such as: millrace run FILE --count 0${hint}`);
  return exitCodes.done;
}
