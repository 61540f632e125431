// Many instances: submitted and executed at the same time, with a progress bar and a closing table.

import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EngineStatus } from '../engine/status.js';
import type { SubmitRecord } from '../engine/submit/submit-record.js';
import { systemClock } from '../observe/clock.js';
import { exitCodes } from './exit.js';
import { bytes, counted, figure, milliseconds, print, rounded, say, seconds } from './output.js';
import { OwnInstances, type OwnTotals } from './own-instances.js';
import { Progress } from './progress.js';
import { howToLook, type Run, whatStays } from './run-plan.js';

const pollMs = 10;
/** The store is asked so often whether ours are done: when the counts say so, and whatever they say. */
const askMs = { likely: 20, unlikely: 1_000 } as const;
const failedShownMax = 3;

export async function runMany(run: Run): Promise<number> {
  const { engine, input, interrupt } = run;
  const own = new OwnInstances(engine);
  const progress = new Progress(process.stderr, systemClock, run.isQuiet);
  const startedMs = systemClock.monotonicMs();
  const submitting = submit(run, own);
  await run.started;
  const status = await untilDone(run, own, submitting, progress);
  const tookSeconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  progress.clear();
  await submitting.done;
  await engine.stop();
  // What happens to its output from now on is not what stopped it.
  const stoppedWith = interrupt.exitCode;
  // Without instances of its own (`--count 0`) the run was for what others left.
  const totals =
    run.total === 0 ? { finished: status.finished, failed: status.failed, removed: 0 } : await own.totals();
  await report(run, own, { totals, tookSeconds, status, isStopped: stoppedWith !== null });
  const { ready, delayed } = await engine.status();
  if (stoppedWith !== null) {
    say(
      whatStays(
        run,
        `interrupted; ${counted(ready + delayed, 'instance')} ${ready + delayed === 1 ? 'stays' : 'stay'}`,
      ),
    );
    return stoppedWith;
  }
  if (ready + delayed > 0) say(whatStays(run, `${counted(ready + delayed, 'instance')} from before`));
  if (input.fault !== null) {
    say(input.fault);
    say(`submitting stopped there; the ${counted(own.accepted, 'instance')} before it were stored and run`);
    return exitCodes.refused;
  }
  if (totals.failed === 0) return exitCodes.done;
  const ids = await own.failedIds(failedShownMax);
  say(
    `${counted(totals.failed, 'instance')} FAILED; look at ${ids.length < totals.failed ? 'some of them' : 'them'} with`,
  );
  say(howToLook(run, ids));
  return exitCodes.failed;
}

interface Submitting {
  /** Resolves when all are durable. */
  readonly done: Promise<unknown>;
  readonly isDone: () => boolean;
  /** Throws what stopped it. */
  readonly check: () => void;
}

function submit({ engine, workflow, input, total, interrupt }: Run, own: OwnInstances): Submitting {
  async function* records(): AsyncGenerator<SubmitRecord> {
    let given = 0;
    if (total === 0) return;
    for await (const record of input.records(total !== null)) {
      // Ends here rather than throwing, so that what was given out before is stored.
      if (interrupt.isAsked) return;
      yield { workflow, input: record };
      given += 1;
      if (given === total) return;
    }
  }
  let isDone = false;
  let failure: { readonly error: unknown } | null = null;
  const done = engine
    .submitMany(records(), { onAccepted: ids => own.accept(ids) })
    .catch((error: unknown) => {
      failure = { error };
    })
    .finally(() => {
      isDone = true;
    });
  return {
    done,
    isDone: () => isDone,
    check: () => {
      if (failure !== null) throw failure.error;
    },
  };
}

/**
 * Until ours have ended or failed, or somebody wants to stop. Returns the last status.
 *
 * @throws EngineError `STORE_FAILED` when the store has failed: nothing would ever end
 */
async function untilDone(
  run: Run,
  own: OwnInstances,
  submitting: Submitting,
  progress: Progress,
): Promise<EngineStatus> {
  let askedMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const status = await run.engine.status();
    submitting.check();
    if (status.storeFailure !== null) throw status.storeFailure;
    const ended = status.finished + status.failed;
    progress.show({
      total: run.total === 0 ? status.ready + status.claimed + status.delayed + ended : run.total,
      submitted: run.total === 0 ? ended : own.accepted,
      ended: run.total === 0 ? ended : Math.min(ended, own.accepted),
      failed: status.failed,
      retrying: status.delayed,
    });
    if (run.interrupt.isAsked) return status;
    if (submitting.isDone()) {
      const nowMs = systemClock.monotonicMs();
      if (run.total === 0) {
        if (status.ready + status.claimed + status.delayed === 0) return status;
      } else if (nowMs - askedMs >= (ended >= own.accepted ? askMs.likely : askMs.unlikely)) {
        askedMs = nowMs;
        if (await own.areSettled()) return await run.engine.status();
      }
    }
    await wait(pollMs);
  }
}

interface Outcome {
  readonly totals: OwnTotals;
  readonly tookSeconds: number;
  readonly status: EngineStatus;
  readonly isStopped: boolean;
}

async function report(run: Run, own: OwnInstances, { totals, tookSeconds, status, isStopped }: Outcome): Promise<void> {
  if (run.isQuiet && !run.asJson) return;
  const { engine, workflow, version, data } = run;
  const instances = run.total === 0 ? totals.finished + totals.failed : own.accepted;
  const perSecond = (totals.finished + totals.failed) / Math.max(tookSeconds, 0.001);
  const [events, diskBytes] = [await own.events(), await engine.diskBytes()];
  const where = data === 'memory' ? 'memory' : resolve(data);
  if (run.asJson) {
    print(
      JSON.stringify({
        state: isStopped ? 'interrupted' : totals.failed > 0 ? 'failed' : 'finished',
        result: null,
        instances,
        seconds: rounded(tookSeconds),
        workflow,
        version,
        ...totals,
        perSecond: Math.round(perSecond),
        p50Ms: rounded(status.p50Ms),
        p99Ms: rounded(status.p99Ms),
        events,
        diskBytes,
        data: where,
      }),
    );
    return;
  }
  const rows: [string, string][] = [
    ['instances', figure(instances)],
    ['finished', figure(totals.finished)],
    ['failed', figure(totals.failed)],
    ['seconds', seconds(tookSeconds)],
    ['instances a second', figure(perSecond)],
    ['p50, p99 ms', `${milliseconds(status.p50Ms)}, ${milliseconds(status.p99Ms)}`],
    ...(run.total === 0 ? [] : [['events audited', figure(events)] as [string, string]]),
    [data === 'memory' ? 'bytes in memory' : 'bytes on disk', `${figure(diskBytes)} (${bytes(diskBytes)})`],
    ['data', where],
  ];
  print(`${workflow} (version ${version})`);
  for (const [name, value] of rows) print(`  ${name.padEnd(20)}${value}`);
}
