// millrace rename: another name for an instance, a workflow or a branch, in a data folder that no engine holds or on a server.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { counted, print, say } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

interface RenameOptions {
  readonly dryRun?: boolean;
  readonly json?: true;
}

export function addRename(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('rename'))
    .summary('give an instance, workflow or branch another name')
    .description(
      'Give an instance another name of its own; or what lives in a workflow or branch another workflow name or branch, under which its definitions are stored, too. Ids stay, and what has ended before keeps its name.',
    )
    .argument('<target>', 'an instance (its id or name), a workflow, or a branch with a trailing /')
    .argument('<to>', 'the new name: of its own, of a workflow (/a/workflow), or of a branch (/a/)')
    .option('--dry-run', 'count what would be renamed, and change nothing')
    .option('--json', 'print {"operation","target","to","contexts","segments"}, and "instances" where they are counted')
    .addHelpText(
      'after',
      `
Examples:
  millrace rename 01a1ff5f-3d3d-7000-9259-b21893d90000 invoice-7    one instance is called invoice-7
  millrace rename /flights/score /flights/rating                    a workflow, with all that lives in it
  millrace rename /flights/ /archive/flights/                       everything below a branch

A name that belongs to somebody else is refused. What was cut short is said again. The old name of a workflow stays stored, and
may be submitted to; instances submitted meanwhile keep it. Code sees the new name from its next transaction on, and so does
the audit; what was audited before keeps the old one.`,
    )
    .action(async (target: string, to: string, options: RenameOptions, command: Command) =>
      ended(await rename(target, to, options, command)),
    );
}

async function rename(
  target: string,
  to: string,
  { dryRun = false, json }: RenameOptions,
  command: Command,
): Promise<number> {
  const { operationProgress } = await import('./operation-progress.js');
  const progress = operationProgress();
  const { hint, ...done } = await withPlace(command, async place => ({
    ...(await place.rename(target, { to, dryRun, onProgress: progress.show })),
    hint: place.hint,
  }));
  progress.clear();
  if (json === true) {
    print(JSON.stringify({ operation: 'rename', target, to, ...done }));
    return exitCodes.done;
  }
  const { contexts, instances = 0 } = done;
  if (dryRun) {
    print(
      `rename would touch ${counted(contexts, 'flow context')} of ${counted(instances, 'instance')}; nothing was changed`,
    );
    return exitCodes.done;
  }
  print(`renamed ${counted(contexts, 'flow context')} of ${target} to ${to}`);
  if (contexts === 0) say(`what is there: millrace list${hint}`);
  return exitCodes.done;
}
