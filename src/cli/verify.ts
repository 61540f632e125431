// millrace verify: every fault of definition files at once. Needs no engine.

import type { Command } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { counted, print, say } from './output.js';
import { branchModulesIn, runtimeConfigOption } from './runtime-config-option.js';

const examples = `
Examples:
  millrace verify flow.yaml                 prints what it holds, or every fault by line
  millrace verify flows/*.yaml              several at once
  millrace verify flow.yaml --json          {"files":[{"file","workflow","faults":[…]}]}

A fault is printed on standard error as  file:line:column field: message (CODE)
Exit codes: 0 no fault, 2 faults.`;

export function addVerify(program: Command, ended: Ended): void {
  program
    .command('verify')
    .summary('find every fault of definition files')
    .description('Find every fault of definition files (YAML or JSON), without running or storing anything.')
    .argument('<file...>', 'definition files')
    .addOption(runtimeConfigOption('runtime configuration whose LISTENER_CLASSPATH has modules for calls without one'))
    .option('--json', 'print the result as JSON on standard output')
    .addHelpText('after', examples)
    .action(async (files: string[], options: VerifyOptions) => ended(await verifyFiles(files, options)));
}

interface VerifyOptions {
  readonly runtimeConfig?: string;
  readonly json?: true;
}

async function verifyFiles(files: readonly string[], { runtimeConfig, json }: VerifyOptions): Promise<number> {
  const { faultLine, readDefinition } = await import('./definition-file.js');
  const hasModules = await branchModulesIn(runtimeConfig);
  const answers = await Promise.all(files.map(async file => ({ file, read: await readDefinition(file, hasModules) })));
  if (json === true) {
    print(
      JSON.stringify({
        files: answers.map(({ file, read }) =>
          'faults' in read
            ? { file, workflow: null, faults: read.faults }
            : { file, workflow: read.definition.name, faults: [] },
        ),
      }),
    );
  } else {
    for (const { file, read } of answers) {
      if ('faults' in read) for (const fault of read.faults) say(faultLine(fault));
      else print(`${file}: ${read.definition.name}, ${counted(read.definition.actions.length, 'action')}, no fault`);
    }
  }
  return answers.some(({ read }) => 'faults' in read) ? exitCodes.refused : exitCodes.done;
}
