// millrace workflows list, show, put, copy: the repository of a data folder that no engine holds, or of a server.

import { type Command, InvalidArgumentError } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { print, printable, say, table } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

const examples = `
Examples:
  millrace workflows list                          the newest version of each workflow
  millrace workflows list /flights/                of those below a branch
  millrace workflows list /flights/score           all versions of one
  millrace workflows show /flights/score           its newest version, as YAML that can be put again
  millrace workflows show /flights/score --workflow-version 2 --json
  millrace workflows put flow.yaml                 verify a definition and store it; nothing runs
  millrace workflows copy /templates/import /sales/import     a workflow made from another
  millrace workflows copy /sales/import /sales/import --workflow-version 2    version 2 is the newest again
  millrace workflows list --url http://127.0.0.1:7433         of a running server (or set MILLRACE_URL)

What is stored does nothing until it is submitted: millrace submit FILE -w NAME [--workflow-version N]. Instances keep
the version they began with. Any stored workflow is a template for copies.
A folder must not be held by a running engine: ask its server.`;

export interface WorkflowsOptions {
  readonly json?: true;
  readonly workflowVersion?: number;
  readonly baseFolder?: string;
}

type Run = (args: readonly string[], options: WorkflowsOptions, command: Command) => Promise<number>;

export function addWorkflows(program: Command, ended: Ended): void {
  const workflows = program
    .command('workflows')
    .summary('stored workflows and their versions')
    .description('List, show, store and copy workflows. Storing one runs nothing.')
    .addHelpText('after', examples);
  const add = (name: string, summary: string, run: Run): Command =>
    addPlaceOptions(workflows.command(name))
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .option('--json', 'print JSON')
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        ended(await run(command.processedArgs as string[], command.opts<WorkflowsOptions>(), command));
      });
  add('list', 'list the newest version of each workflow, or all of one', list).argument(
    '[scope]',
    'a workflow, or a branch with a trailing /',
    '/',
  );
  versioned(add('show', 'print a version of a workflow: YAML, or all that is stored as JSON', show)).argument(
    '<name>',
    'full name of the workflow',
  );
  add('put', 'verify a definition and store it as the newest version of its name', put)
    .argument('<file>', 'definition file')
    .option('--base-folder <folder>', "absolute folder its module paths are relative to (default: the file's own)");
  versioned(add('copy', 'store a version under another name, or as the newest of its own', copy))
    .argument('<from>', 'full name of the workflow')
    .argument('<to>', 'full name of the copy');
}

function versioned(command: Command): Command {
  return command.option('--workflow-version <n>', 'which version (default: the newest)', versionOf);
}

export function versionOf(text: string): number {
  const version = Number(text);
  if (!/^\d+$/.test(text) || version < 1 || version > 2_147_483_647) {
    throw new InvalidArgumentError('A version is a whole number from 1.');
  }
  return version;
}

async function list([scope]: readonly string[], { json }: WorkflowsOptions, command: Command): Promise<number> {
  const isBranch = scope!.endsWith('/');
  const { found, words } = await withPlace(command, async place => ({
    found: await place.workflows(isBranch ? null : scope!),
    words: place.words,
  }));
  const chosen = found.filter(({ name }) => !isBranch || name.startsWith(scope!.normalize('NFC')));
  const shown = chosen.map(({ name, version, createdAtMs }) => ({ name, version, createdAtMs }));
  if (json === true) {
    print(JSON.stringify(shown));
    return exitCodes.done;
  }
  const rows = shown.map(({ name, version, createdAtMs }) => [
    printable(name),
    String(version),
    new Date(createdAtMs).toISOString(),
  ]);
  if (rows.length > 0) print(table(['workflow', 'version', 'stored'], rows));
  else say(`no workflows ${scope === '/' ? '' : `below ${printable(scope!)} `}${words}`);
  return exitCodes.done;
}

async function show([name]: readonly string[], options: WorkflowsOptions, command: Command): Promise<number> {
  const stored = await withPlace(command, place => place.workflow(name!, options.workflowVersion ?? null));
  if (options.json === true) {
    print(JSON.stringify(stored));
    return exitCodes.done;
  }
  const { definitionYaml } = await import('../workflow/definition-yaml.js');
  const { version, createdAtMs, baseFolder, definition } = stored;
  print(`# version ${version}, stored ${new Date(createdAtMs).toISOString()}; modules in ${printable(baseFolder)}`);
  print(definitionYaml(definition).trimEnd());
  return exitCodes.done;
}

async function put([file]: readonly string[], options: WorkflowsOptions, command: Command): Promise<number> {
  const { storeFile } = await import('./store-file.js');
  return told(await storeFile(file!, options.baseFolder ?? null, command), options);
}

async function copy([from, to]: readonly string[], options: WorkflowsOptions, command: Command): Promise<number> {
  const { workflowVersion: version } = options;
  const request = { from: from!, to: to!, ...(version === undefined ? {} : { version }) };
  return told(await withPlace(command, place => place.copyWorkflow(request)), options);
}

function told(stored: { readonly name: string; readonly version: number }, { json }: WorkflowsOptions): number {
  print(json === true ? JSON.stringify(stored) : `stored ${printable(stored.name)}, version ${stored.version}`);
  return exitCodes.done;
}
