// The records of a file to a server, with a progress bar and a closing line.

import { newBatchKey, type SubmitRecord } from '../client/index.js';
import { systemClock } from '../observe/clock.js';
import type { JsonObject } from '../workflow/model.js';
import { codeOfError, exitCodes, linesOfError, Refusal } from './exit.js';
import { type InputRecords, openInput, openLines } from './input-records.js';
import { Interrupt } from './interrupt.js';
import { counted, figure, print, printSlowly, rounded, say, seconds, whenReaderLeaves } from './output.js';
import { Progress, type ProgressState } from './progress.js';
import { withPatientClient } from './server-place.js';
import type { SubmitCommandOptions } from './submit.js';

export async function submitRecords(file: string, options: SubmitCommandOptions): Promise<number> {
  const { url, workflow, workflowVersion, instanceKey, ids: printsIds = false } = options;
  if (workflowVersion !== undefined && workflow === undefined) {
    throw new Refusal(['--workflow-version: is for --workflow; records without it name their own workflowVersion']);
  }
  if (instanceKey !== undefined && workflow === undefined) {
    throw new Refusal(['--instance-key: is for --workflow; records without it have their own key']);
  }
  const common = {
    ...(workflowVersion === undefined ? {} : { workflowVersion }),
    ...(instanceKey === undefined ? {} : { key: instanceKey }),
  };
  const runs = workflow === undefined ? null : { workflow, ...common };
  const interrupt = new Interrupt();
  whenReaderLeaves(() => interrupt.readerLeft());
  const input = file === '-' ? openLines(interrupt.asked) : await openInput(`@${file}`);
  // What is read from a pipe is sent as it comes, and cannot be read again.
  const key = options.key ?? (file === '-' ? undefined : newBatchKey());
  const progress = new Progress(process.stderr, systemClock, options.quiet === true, wordsOfSubmit);
  const startedMs = systemClock.monotonicMs();
  let submitted = 0;
  let printed = Promise.resolve();
  let failure: { readonly error: unknown } | null = null;
  try {
    await withPatientClient(url, client =>
      client.submitMany(recordsOf(input, runs, interrupt), {
        ...(key === undefined ? {} : { key }),
        // Ids are printed as they come: one batch after the other.
        batchesUnderWay: printsIds ? 1 : 4,
        onAccepted: ids => {
          submitted += ids.length;
          if (printsIds) printed = printed.then(() => printSlowly(ids.join('\n')));
        },
        onProgress: () => progress.show({ total: input.count, submitted, ended: submitted, failed: 0, retrying: 0 }),
      }),
    );
  } catch (error) {
    failure = { error };
  }
  progress.clear();
  await printed;
  const tookSeconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  const code = endOf(input, interrupt, failure);
  const sum = `submitted ${counted(submitted, 'instance')}`;
  if (code === exitCodes.done) {
    const line = `${sum} in ${seconds(tookSeconds)} s (${figure(submitted / Math.max(tookSeconds, 0.001))} a second)`;
    if (options.json === true) print(JSON.stringify({ instances: submitted, seconds: rounded(tookSeconds) }));
    else if (printsIds) say(line);
    else print(line);
  } else if (submitted > 0) {
    say(key === undefined ? `${sum} before` : `${sum}; the same records with --key ${key} go on, nothing is doubled`);
  }
  return code;
}

/** The exit code; what is behind it is said. */
function endOf({ fault }: InputRecords, { exitCode }: Interrupt, failure: { readonly error: unknown } | null): number {
  if (failure !== null) {
    for (const line of linesOfError(failure.error)) say(line);
    return codeOfError(failure.error);
  }
  // A line cut by the interrupt is no fault.
  if (exitCode !== null) return exitCode;
  if (fault === null) return exitCodes.done;
  say(fault);
  return exitCodes.refused;
}

/** Ends when somebody wants to stop: what was given out before is sent. */
async function* recordsOf(
  input: InputRecords,
  runs: Omit<SubmitRecord, 'input'> | null,
  interrupt: Interrupt,
): AsyncGenerator<SubmitRecord> {
  for await (const record of input.records(false)) {
    if (interrupt.isAsked) return;
    // What a record must have is the server's to say: it names the record.
    yield runs === null ? (record as JsonObject & SubmitRecord) : { ...runs, input: record };
  }
}

function wordsOfSubmit({ total, submitted }: ProgressState, tookSeconds: number): string {
  const some =
    total === null ? counted(submitted, 'instance') : `${figure(submitted)} of ${counted(total, 'instance')}`;
  return `${some} submitted, ${figure(submitted / Math.max(tookSeconds, 0.001))} a second`;
}
