// millrace submit: instances to a running server. The work is in `submit-records.ts`.

import { type Command, Option } from 'commander';
import type { Ended } from './exit.js';
import { urlVariable } from './place.js';
import { versionOf } from './workflows.js';

/** Where `millrace start` serves. */
const defaultUrl = 'http://127.0.0.1:7433';

const examples = `
Examples:
  millrace submit instances.ndjson                     a line an instance: {"workflow":"/flights/score","input":{…}}
  millrace submit orders.json --workflow /orders/pay   a list or lines: each the input of an instance of this workflow
  generate-orders | millrace submit - -w /orders/pay   lines from standard input, sent as they come
  millrace submit orders.json -w /orders/pay --ids > ids.txt
  millrace submit orders.json -w /orders/pay --url http://127.0.0.1:8080     (or set ${urlVariable})

A record may have: workflow, workflowVersion (default: the newest), input, priority (1 is the highest), key (whose it
is: a tenant, a customer), name, onConflict (return, replace or reject) and eligibleAtMs.

Instances are durable when this command says so; it does not wait for their end. Answers that are lost are asked for
again, and nothing is doubled. When it was cut off, the same file with the --key it names goes on where it was; give the
first run a key of your own (a UUIDv7 that ends with 0000) to be able to repeat it whatever happens.

Exit codes:
  0    all submitted
  1    the server failed on the way; what was submitted before stays, and the message says how many
  2    refused: a fault in a file up to 64 MB or no server (nothing submitted), or a record the server refuses (what
       stood before it may have been submitted, and the message says how many)
  130  interrupted (143 by SIGTERM): what was read has been submitted`;

export interface SubmitCommandOptions {
  readonly url: string;
  readonly workflow?: string;
  readonly workflowVersion?: number;
  readonly key?: string;
  readonly instanceKey?: string;
  readonly ids?: true;
  readonly json?: true;
  readonly quiet?: true;
}

export function addSubmit(program: Command, ended: Ended): void {
  program
    .command('submit')
    .summary('submit instances to a running server')
    .description('Submit an instance for each record of a file, or of standard input, to a running server.')
    .argument('<file|->', 'a list, or NDJSON: one JSON object a line; - is NDJSON from standard input')
    .addOption(new Option('-u, --url <url>', 'the server').env(urlVariable).default(defaultUrl))
    .option('-w, --workflow <name>', 'the records are inputs of instances of this workflow')
    .option('--workflow-version <n>', 'with --workflow: which version of it (default: the newest)', versionOf)
    .option('--key <uuid>', 'the same records under the same key again are the same instances')
    .option('--instance-key <key>', 'with --workflow: whose the instances are (a tenant, a customer)')
    .option('--ids', 'print the id of each instance, in the order of the records')
    .option('--json', 'print {"instances","seconds"}')
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', examples)
    .action(async (file: string, options: SubmitCommandOptions) => {
      const { submitRecords } = await import('./submit-records.js');
      ended(await submitRecords(file, options));
    });
}
