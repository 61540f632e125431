// millrace pause, resume, remove, recover, expedite, interrupt: operations on a data folder that no engine holds, or on a server.

import { type Command, InvalidArgumentError } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { counted, print, say } from './output.js';
import { addPlaceOptions, type PlaceOperation, withPlace } from './place.js';
import { versionOf } from './workflows.js';

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
    description:
      'Take instances away for good; their audit stays as long as audit is kept. What executes leaves at its next transaction break; a process with destroyOn: [interrupt] is not waited for. What comes to no break, or cannot be removed otherwise, leaves with --force at once, with all that belongs to it.',
    past: 'removed',
    after: null,
  },
  recover: {
    summary: 'try FAILED instances again',
    description:
      'Try again, from the transaction that failed and with all retries: FAILED instances, those that wait to be tried again, and those whose error handler is at work, which is withdrawn. With --onto they begin again in another version of their workflow, with the variables that were there; refused when one has split, or there is no transaction to begin.',
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
  interrupt: {
    summary: 'roll back what executes',
    description:
      'Roll what executes back to its last transaction break when it comes to the next one; it begins again at once. The signal of its action is aborted. What waits is not touched. To have it held where it was rolled back to, pause it as well.',
    past: 'interrupted',
    after: null,
  },
  restart: {
    summary: 'remove instances and submit them again',
    description:
      'Remove instances and submit them again, with the same input, priority, key and given name, of the newest version of their workflow. Their ids are new. What executes leaves at its next transaction break.',
    past: 'restarted',
    after: 'they run when an engine starts on this folder',
  },
  reschedule: {
    summary: 'give what waits at timers and delays another time',
    description:
      'Give timers and delays that wait another time to fire (--at), behind which their schedule goes on as it was; or timers another schedule from now on (--expression, --cron). It counts as a firing. What does not wait at one is not touched.',
    past: 'rescheduled',
    after: 'their times count when an engine starts on this folder',
  },
};

interface OperationOptions {
  readonly json?: true;
  readonly dryRun?: boolean;
  readonly workflowVersion?: number;
  readonly from?: string;
  readonly force?: boolean;
  readonly onto?: number;
  readonly map?: Readonly<Record<string, string>>;
  readonly at?: string;
  readonly expression?: string;
  readonly cron?: string;
  readonly zone?: string;
}

export function addOperations(program: Command, ended: Ended): void {
  for (const operation of Object.keys(told) as PlaceOperation[]) {
    const command = addPlaceOptions(program.command(operation))
      .summary(told[operation].summary)
      .description(told[operation].description)
      .argument('<target>', 'an instance (its id), a workflow, or a branch with a trailing /')
      .option('--dry-run', 'count what would be changed, and change nothing')
      .option('--json', 'print {"operation","target","contexts","segments"}, and "instances" where they are counted')
      .addHelpText('after', examplesOf(operation))
      .action(async (target: string, options: OperationOptions, command: Command) =>
        ended(await operate(operation, target, options, command)),
      );
    if (operation === 'remove') {
      command.option(
        '--force',
        'at once, also what executes: its thread is ended if its action does not end by itself',
      );
    }
    if (operation === 'recover') {
      command
        .option(
          '--onto <version>',
          'begin again in this version of the workflow, at the action of the same name',
          versionOf,
        )
        .option('--map <old=new>', 'of --onto: what an action is named there; may be repeated', mapped);
    }
    if (operation === 'reschedule') {
      command
        .option('--at <when>', "next at this instant, 2030-12-31T17:00:00Z, or after this time from now, '+2H'")
        .option('--expression <expression>', "from now on by this time expression: '0 0 30 16 -1b', '+1d'")
        .option('--cron <line>', "from now on by this crontab line: '30 9 * * mon-fri'")
        .option('--zone <zone>', 'zone of the clocks of --expression and --cron (default: that of the timer)');
    }
    if (operation !== 'restart') continue;
    command
      .option('--workflow-version <n>', 'version of the workflow that runs then (default: the newest)', versionOf)
      .option('--from <action>', 'begin at this action, a transaction break, with the variables that were there');
  }
}

/** `OLD=NEW`, beside those before it. */
function mapped(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [from, to, ...more] = text.split('=');
  if (!from || !to || more.length > 0) throw new InvalidArgumentError('Write OLD=NEW, two names of actions.');
  if (Object.hasOwn(before, from)) throw new InvalidArgumentError(`"${from}" is mapped twice.`);
  return Object.fromEntries([...Object.entries(before), [from, to]]);
}

function examplesOf(operation: PlaceOperation): string {
  const [needed, option] = operation === 'reschedule' ? [" --at '+2H'", ", { at: '+2H' }"] : ['', ''];
  return `
Examples:
  millrace ${operation} 01a1ff5f-3d3d-7000-9259-b21893d90000${needed}    one instance
  millrace ${operation} /flights/score${needed}                          all instances of a workflow
  millrace ${operation} /flights/${needed}                               everything below a branch
  millrace ${operation} /flights/${needed} --url http://127.0.0.1:7433   on a running server (or set MILLRACE_URL)

Prints how many flow contexts it touched; none is no fault. A folder must not be held by a running engine: ask its
server, or, in an application, its engine: engine.${operation}('/flights/'${option}).`;
}

async function operate(
  operation: PlaceOperation,
  target: string,
  {
    json,
    dryRun = false,
    data: _,
    url: __,
    ...own
  }: OperationOptions & { readonly data?: string; readonly url?: string },
  command: Command,
): Promise<number> {
  const { operationProgress } = await import('./operation-progress.js');
  const progress = operationProgress();
  const { hint, isRunning, ...done } = await withPlace(command, async place => {
    const { hint, isRunning } = place;
    return {
      ...(await place.operate(operation, target, { ...own, dryRun, onProgress: progress.show })),
      hint,
      isRunning,
    };
  });
  progress.clear();
  if (json === true) {
    print(JSON.stringify({ operation, target, ...done }));
    return exitCodes.done;
  }
  const { contexts, instances = 0, segments } = done;
  if (dryRun) {
    print(
      `${operation} would touch ${counted(contexts, 'flow context')} of ${counted(instances, 'instance')}; nothing was changed`,
    );
    return exitCodes.done;
  }
  print(`${told[operation].past} ${counted(contexts, 'flow context')} of ${target} (${counted(segments, 'row')})`);
  const { after } = told[operation];
  if (contexts === 0) say(`what is there: millrace list${hint}`);
  else if (after !== null && !isRunning) say(`${after}, such as: millrace run FILE --count 0${hint}`);
  return exitCodes.done;
}
