// millrace start: an engine behind its HTTP service. The work is in `start-service.ts`, imported when it is wanted: it
// brings TypeBox and Fastify along, for which no other command has time.

import { type Command, Option } from 'commander';
import { dataOption } from './data-option.js';
import type { Ended } from './exit.js';
import { programsOption } from './programs-option.js';
import { wholeNumber } from './run.js';
import { runtimeConfigOption } from './runtime-config-option.js';
import { scriptsOption } from './scripts-option.js';
import { sqlOption } from './sql-option.js';

const examples = `
Examples:
  millrace start                                       on http://127.0.0.1:7433, health on port 7434
  millrace start --data /var/lib/millrace --port 8080 --threads 4
  millrace start --redis redis://127.0.0.1:6379 --processes 2   two coordinators on one folder, ports 7433 and 7434
  millrace start --redis redis://r --postgres postgres://u:p@db/millrace   one of several machines'
  millrace start --runtime-config runtime.properties   priorities of branches, such as /nightly/PRIORITY=100
  curl -X PUT localhost:7433/v1/workflows -H 'content-type: application/json' -d '{"definition": {…}}'
  curl localhost:7433/v1/instances -H 'content-type: application/json' -d '{"workflow": "/flights/score"}'
  curl localhost:7433/v1/instances -H 'content-type: application/x-ndjson' -X POST -T instances.ndjson
  curl localhost:7433/v1/instances/ID/result?waitMs=30000
  curl -N localhost:7433/v1/audit -H 'accept: text/event-stream'
  curl localhost:7433/openapi.json                     every route, with its types

It listens on the loopback interface only: there are no users yet, so whoever reaches it may do everything. No page in a
browser does, but for those of the origins given with --cors.

Stopping (Ctrl-C, SIGTERM): no request is taken any more, those under way are answered, what executes may end within
--grace; the rest stays ready in the data folder. A second signal ends the process at once; nothing acknowledged is
lost.

Several coordinators share the work when they have the same Redis and the same store: a folder on one machine, or a
PostgreSQL. Any of them takes submits and knows every instance; when one dies the others go on with its work. Health
ports follow the last API port.

Exit codes: 0 stopped, 1 the store has failed, 2 refused (option, folder or port in use), 130 or 143 second signal.`;

export interface StartOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  /** Default: behind the ports of the API. */
  readonly healthPort?: number;
  readonly threads?: number;
  readonly name?: string;
  readonly postgres?: string;
  readonly redis?: string;
  readonly cluster?: string;
  readonly runtimeConfig?: string;
  readonly scripts?: true;
  readonly sql?: true;
  readonly programs?: true;
  readonly processes: number;
  /** Seconds. */
  readonly failoverWindow: number;
  readonly grace: number;
  readonly rate: number;
  /** Origins. */
  readonly cors: readonly string[];
  readonly json?: true;
}

export function addStart(program: Command, ended: Ended): void {
  program
    .command('start')
    .summary('run an engine behind an HTTP service')
    .description('Run an engine and serve its API over HTTP, until it is told to stop.')
    .addOption(dataOption('folder of the store, made when absent; "memory" keeps nothing'))
    .option('-p, --port <number>', 'port of the API; 0 takes a free one', wholeNumber, 7_433)
    .option('--host <host>', 'name or address of the loopback interface', '127.0.0.1')
    .option(
      '--health-port <number>',
      'port of /health, answered even while the engine is blocked (default: behind the API ports)',
      wholeNumber,
    )
    .option(
      '-t, --threads <number>',
      'worker threads for actions (default: the processors, 2 to 8; with --processes their share)',
      wholeNumber,
    )
    .option('--name <name>', 'name of the engine in audit and logs (default: host and process)')
    .addOption(
      new Option('--redis <url>', 'share the work with the engines of the same store and Redis').env('MILLRACE_REDIS'),
    )
    .addOption(
      new Option('--postgres <url>', 'database of the store; --data then has the logs').env('MILLRACE_POSTGRES'),
    )
    .option('--cluster <name>', 'name of the cluster in Redis (default: default)')
    .addOption(runtimeConfigOption())
    .addOption(scriptsOption())
    .addOption(sqlOption())
    .addOption(programsOption())
    .option('--processes <number>', 'engines on this machine, on as many ports from --port on', wholeNumber, 1)
    .option(
      '--failover-window <seconds>',
      'an engine silent for so long is given up, its work taken over',
      wholeNumber,
      30,
    )
    .option('--grace <seconds>', 'how long a stop waits for what executes', wholeNumber, 30)
    .option('--rate <number>', 'requests a second at most', wholeNumber, 20_000)
    .option(
      '--cors <origin>',
      'let pages of this origin use the API from a browser, such as http://localhost:5173; may be given again',
      (origin: string, before: readonly string[]) => [...before, origin],
      [] as readonly string[],
    )
    .option('--json', 'print {"url","health","data","pid"} when ready')
    .addHelpText('after', examples)
    .action(async (options: StartOptions) => {
      if (options.processes !== 1) {
        const { startProcesses } = await import('./start-processes.js');
        ended(await startProcesses(options));
        return;
      }
      const { startService } = await import('./start-service.js');
      ended(await startService(options));
    });
}
