// One instance: its result on standard output, what happens meanwhile on standard error.

import type { InstanceRecord } from '../engine/reads/instances.js';
import { systemClock } from '../observe/clock.js';
import type { Json, JsonObject } from '../workflow/model.js';
import { exitCodes, Refusal } from './exit.js';
import type { InputRecords } from './input-records.js';
import { print, printable, rounded, say, seconds } from './output.js';
import { howToLook, type Run, whatStays } from './run-plan.js';

const lookMs = 250;

export async function runOne(run: Run): Promise<number> {
  const { engine, workflow, version, input, interrupt, data } = run;
  const startedMs = systemClock.monotonicMs();
  const record = { workflow, input: await firstOf(input) };
  const id = await engine.submit(record);
  await run.started;
  const watch = watchInstance(run, id);
  const outcome = await Promise.race([engine.result(id), watch.broken, interrupt.asked.then(() => null)]).finally(
    watch.stop,
  );
  const tookSeconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  await engine.stop();
  // It may have ended while the engine stopped.
  const shown = outcome?.state === 'finished' ? null : await engine.show(id);
  const state = shown?.state ?? 'finished';
  const result = shown?.result ?? outcome?.result ?? null;
  const error = shown?.error ?? null;
  if (run.asJson) {
    const answer = {
      state,
      result,
      instances: 1,
      seconds: rounded(tookSeconds),
      instance: id,
      workflow,
      version,
      error,
      data,
    };
    print(JSON.stringify(answer));
  } else if (state === 'finished' && result !== null) print(JSON.stringify(result, null, process.stdout.isTTY ? 2 : 0));
  if (state === 'finished') {
    if (!run.isQuiet) say(`finished in ${seconds(tookSeconds)} s: ${workflow}/${id}`);
    return exitCodes.done;
  }
  if (interrupt.exitCode !== null && state === 'ready') {
    say(whatStays(run, `interrupted; ${workflow}/${id} stays`));
    return interrupt.exitCode;
  }
  say(`${state === 'failed' ? `FAILED at action "${shown?.action}": ${words(error)}` : state}; look at it with`);
  say(howToLook(run, [id]));
  return exitCodes.failed;
}

async function firstOf(input: InputRecords): Promise<JsonObject> {
  for await (const record of input.records(false)) return record;
  throw new Refusal([input.fault ?? `${input.label}: holds no record (INPUT_INVALID)`]);
}

/**
 * Says when an attempt failed and the next is waited for. `broken` rejects when the store no longer answers: then there
 * will be no result.
 */
function watchInstance({ engine, isQuiet }: Run, id: string): { readonly broken: Promise<never>; stop(): void } {
  let toldAttempt = 1;
  const look = async (): Promise<void> => {
    const record: InstanceRecord = await engine.show(id);
    if (isQuiet || record.state !== 'ready' || record.attempt === null || record.attempt <= toldAttempt) return;
    toldAttempt = record.attempt;
    const inSeconds = Math.max(0, (record.eligibleAtMs ?? 0) - systemClock.nowMs()) / 1_000;
    say(
      `attempt ${record.attempt - 1} of "${record.action}" failed: ${words(record.error)}; ` +
        `waiting to retry, ${seconds(inSeconds)} s`,
    );
  };
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const broken = new Promise<never>((_, reject) => {
    timer = setTimeout(function again() {
      look().then(() => {
        if (!isStopped) timer = setTimeout(again, lookMs);
      }, reject);
    }, lookMs);
  });
  // Nobody listens once the race is over.
  broken.catch(() => undefined);
  return {
    broken,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Message of an error as the store has it. */
function words(error: Json): string {
  const message = typeof error === 'object' && error !== null && !Array.isArray(error) ? error.message : null;
  return printable(typeof message === 'string' ? message : 'no message', 300);
}
