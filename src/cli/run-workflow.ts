// The work of `millrace run`: check everything, then deploy, submit and execute at the same time, then say how it went.
// Nothing is opened or made before the definition and the input (if it is not too large) are known to be good.

import { faultLine, readDefinition } from './definition-file.js';
import { Refusal } from './exit.js';
import { openInput } from './input-records.js';
import { Interrupt } from './interrupt.js';
import { keepOutputForAnswer, whenReaderLeaves } from './output.js';
import type { RunOptions } from './run.js';
import { runMany } from './run-many.js';
import { runOne } from './run-one.js';
import type { Run } from './run-plan.js';
import { branchModulesIn } from './runtime-config-option.js';

export async function runWorkflow(file: string, options: RunOptions): Promise<number> {
  const read = await readDefinition(file, await branchModulesIn(options.runtimeConfig));
  if ('faults' in read) throw new Refusal(read.faults.map(faultLine));
  const input = await openInput(options.input ?? null);
  const total = options.count ?? input.count;
  if (options.json === true) keepOutputForAnswer();
  const interrupt = new Interrupt();
  whenReaderLeaves(() => interrupt.readerLeft());
  const { createEngine } = await import('../engine/create-engine.js');
  const engine = await createEngine({
    dataFolder: options.data,
    // One instance runs one action at a time.
    ...(options.scripts === undefined ? {} : { scripts: options.scripts }),
    ...(options.sql === true ? { sql: true } : {}),
    ...(options.programs === true ? { programs: true } : {}),
    ...(options.runtimeConfig === undefined ? {} : { runtimeConfiguration: options.runtimeConfig }),
    ...(options.threads === undefined ? (total === 1 ? { threads: 1 } : {}) : { threads: options.threads }),
  });
  try {
    // The threads start while the definition and the first instances are made durable.
    const started = engine.start();
    // Whoever waits for it hears of a failure; what comes first may fail too.
    started.catch(() => undefined);
    const { name, version } = await engine.deploy(read.definition, read.folder);
    const run: Run = {
      engine,
      started,
      workflow: name,
      version,
      input,
      total,
      interrupt,
      file,
      data: options.data,
      asJson: options.json === true,
      isQuiet: options.quiet === true,
    };
    return total === 1 ? await runOne(run) : await runMany(run);
  } finally {
    await engine.dispose();
  }
}
