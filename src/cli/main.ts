#!/usr/bin/env node
// The command line, `millrace`.
//
// One file a command. This file and those it imports only describe the commands; what a command needs (the engine, the
// reader of definitions) is imported when it runs, so that `--help` and `verify` answer at once.

import { Command, CommanderError } from 'commander';
import { addAudit } from './audit.js';
import { addConfig } from './config.js';
import { addEval } from './eval.js';
import { codeOfError, exitCodes, linesOfError } from './exit.js';
import { addExport } from './export.js';
import { addForecast } from './forecast.js';
import { addList } from './list.js';
import { addOperations } from './operations.js';
import { watchReaders } from './output.js';
import { packageVersion } from './package-version.js';
import { addPublish } from './publish.js';
import { addRename } from './rename.js';
import { addRun } from './run.js';
import { addRuns } from './runs.js';
import { addSchedule } from './schedule.js';
import { addShow } from './show.js';
import { addSignal } from './signal.js';
import { addStart } from './start.js';
import { addSubmit } from './submit.js';
import { optimizeLater } from './tiering.js';
import { addVerify } from './verify.js';
import { addWhy } from './why.js';
import { addWorkflows } from './workflows.js';

const examples = `
Begin with:
  millrace run examples/hello.yaml                     run one instance, print its result
  millrace run flow.yaml --input @records.json         one instance for each record of a list
  millrace start                                       an engine behind an HTTP service, until it is stopped
  millrace submit records.ndjson                       instances to a running server, one a line
  millrace verify flow.yaml                            every fault of a definition, by line
  millrace schedule next '+7m'                         when a time expression fires
  millrace eval 'age > 20' --vars '{"age": 30}'         whether a condition holds
  millrace list                                        what the data folder holds
  millrace show ID                                     everything about one instance
  millrace why ID                                      why it does not run, and what would let it
  millrace workflows put flow.yaml                     store a definition; it runs when it is submitted
  millrace config set /imports PRIORITY 5              a property of a branch, while engines run
  millrace help run                                    every option of a command, with examples

Exit codes: 0 done, 1 work failed, 2 refused (bad definition, input or option; folder in use), 130 interrupted.
Commands that look end with 0 when their reader leaves (millrace audit | head); a run stops, see millrace help run.`;

process.exitCode = await main(process.argv);

async function main(args: readonly string[]): Promise<number> {
  watchReaders();
  optimizeLater();
  let code: number = exitCodes.done;
  const program = describe(own => {
    code = own;
  });
  try {
    await program.parseAsync([...args]);
    return code;
  } catch (error) {
    // Commander has said what is wrong by itself; help and version are not faults.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.refused;
    process.stderr.write(`${linesOfError(error).join('\n')}\n`);
    return codeOfError(error);
  }
}

function describe(ended: (code: number) => void): Command {
  const program = new Command('millrace')
    .description('A durable workflow engine: run workflows, and look at what became of them.')
    .version(packageVersion(), '-V, --version')
    .helpCommand('help [command]', 'options and examples of a command')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(millrace --help lists the commands, millrace help COMMAND their options)')
    .exitOverride()
    .addHelpText('after', examples);
  for (const add of [
    addRun,
    addStart,
    addSubmit,
    addVerify,
    addAudit,
    addList,
    addShow,
    addWhy,
    addExport,
    addWorkflows,
    addSchedule,
    addEval,
    addOperations,
    addForecast,
    addPublish,
    addSignal,
    addRename,
    addRuns,
    addConfig,
  ])
    add(program, ended);
  return program;
}
