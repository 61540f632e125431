// millrace run: deploy a definition and run it to its end, in this process. The work is in `run-workflow.ts`.

import { type Command, InvalidArgumentError } from 'commander';
import { dataOption } from './data-option.js';
import type { Ended } from './exit.js';
import { programsOption } from './programs-option.js';
import { runtimeConfigOption } from './runtime-config-option.js';
import { scriptsOption } from './scripts-option.js';
import { sqlOption } from './sql-option.js';

const examples = `
Examples:
  millrace run examples/hello.yaml
  millrace run flow.yaml --input '{"order": 7}'        one instance; its result is printed
  millrace run flow.yaml --input @orders.json          a list: one instance for each element
  millrace run flow.yaml --input @orders.ndjson        the same, one JSON object a line
  generate-orders | millrace run flow.yaml --input -   from standard input
  millrace run flow.yaml --input @orders.json --count 100000   the elements in turn, 100,000 times
  millrace run flow.yaml --count 0                     submit nothing, go on with what an earlier run left
  millrace run flow.yaml --data memory --json          keep nothing; {"state","result","instances","seconds",…}

What it does with failures: an action that throws is tried again, by default 5 times over 31 seconds; then its instance
stands FAILED and is kept. \`millrace show ID\` tells why, \`millrace recover ID\` makes it ready again.

Interrupting (Ctrl-C): what is executing may end, the rest stays ready in the data folder and goes on with the next run.
So it is when whoever reads the output leaves (| head); to let a run go on unread, send its output to a file.

Exit codes:
  0    all finished
  1    some failed
  2    refused and nothing stored; of an input above 64 MB, which is checked as it streams, what stood before its first
       fault has been stored and run, and the message says so
  130  interrupted (143 by SIGTERM, 141 because the reader left)`;

export interface RunOptions {
  readonly input?: string;
  readonly count?: number;
  readonly data: string;
  readonly threads?: number;
  readonly runtimeConfig?: string;
  readonly scripts?: true;
  readonly sql?: true;
  readonly programs?: true;
  readonly json?: true;
  readonly quiet?: true;
}

export function addRun(program: Command, ended: Ended): void {
  program
    .command('run')
    .summary('run a workflow to its end')
    .description('Deploy a definition and run it to its end in this process, with nothing else installed.')
    .argument('<file>', 'the definition, YAML or JSON')
    .option('-i, --input <json|@file|->', 'input of the instance; a list (or NDJSON) makes an instance of each element')
    .option('-n, --count <number>', 'how many instances; the inputs are repeated in turn', wholeNumber)
    .addOption(dataOption('folder of the store, made when absent; "memory" keeps nothing'))
    .option('-t, --threads <number>', 'worker threads for actions (default: the processors, 2 to 8)', wholeNumber)
    .addOption(runtimeConfigOption())
    .addOption(scriptsOption())
    .addOption(sqlOption())
    .addOption(programsOption())
    .option('--json', 'print the result as JSON on standard output; what actions print goes to standard error')
    .option('-q, --quiet', 'no progress and no closing table')
    .addHelpText('after', examples)
    .action(async (file: string, options: RunOptions) => {
      const { runWorkflow } = await import('./run-workflow.js');
      ended(await runWorkflow(file, options));
    });
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d{1,12}$/.test(text)) return value;
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}
