// What waits for a far time: what a million of them cost, and how late those start that are due at one instant.
//
// An instance is a trigger and one action behind it. It has started when that action began, as its thread saw it and the audit
// tells; the trigger has fired before that, in the same transaction.
//
// Invariants, errors when they do not hold:
//   Z1. Nothing starts before its instant.
//   Z2. The audit has one firing an instance that was due, and none of one that was not.
//   Z3. All of them sleep when they become due (not at toy size, where the machine may be too slow for that).

import type { Engine } from '../src/engine/index.js';
import type { WorkflowDefinition } from '../src/workflow/model.js';
import type { Outcome, Setting } from './contestant.js';
import type { EngineDriver } from './engine-driver.js';
import { type Kept, keptNow } from './heap.js';
import { LatencyHistogram } from './latency-histogram.js';
import { actionPath, loadFilms } from './records.js';
import { batchSize } from './workload.js';

/** `sleepers`: those of them that wake after the restart. */
const wakingCount = { usual: 10_000, toy: 100 };
/** `sleepers`: before they are due. Usually longer than what waits is in the queue. */
const wakingLeadMs = { usual: 360_000, toy: 3_000 };
/** `due`: from the first submit. */
const dueLeadMs = { together: 10_000, apart: 120_000, toy: 3_000 };
const farMinutes = 5_256_000;
const lookMs = 20;

/** Put `size` to sleep, restart, wake 10,000 of them. `perSecond` are submits; latencies are start minus due. */
export async function sleepersRound(driver: EngineDriver, setting: Setting): Promise<Outcome> {
  const { size, isToy } = setting;
  const waking = Math.min(size, isToy ? wakingCount.toy : wakingCount.usual);
  await driver.start();
  const before = keptNow();
  const startedAtMs = performance.now();
  await submitFar(driver.engine, setting, size - waking);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const dueMs = Date.now() + (isToy ? wakingLeadMs.toy : wakingLeadMs.usual);
  await submitDue(driver.engine, setting, 'waking', dueMs, waking, batchSize);
  await allAsleep(driver.engine, setting, size, dueMs);
  const asleep = keptNow();
  const queueBytes = await driver.queueBytes();
  const storeBytes = await driver.storeBytes();
  const rows = await numberOf(driver.engine, 'select count(*) from millrace_segment');
  const restartedAtMs = performance.now();
  await driver.reopen();
  const openedAtMs = performance.now();
  await driver.start();
  const readyAtMs = performance.now();
  const again = keptNow();
  const lateness = await startsOf(driver.engine, 'waking', dueMs, waking);
  await firedOnce(driver.engine, waking);
  return {
    completed: size,
    seconds,
    perSecond: (size - waking) / seconds,
    ...percentiles(lateness),
    checksum: 0,
    actions: null,
    storeBytes,
    ratio: null,
    remarks: {
      'segments (rows)': String(rows),
      'more in memory, asleep / after the restart': `${growth(before, asleep)} / ${growth(before, again)}`,
      ...(queueBytes === null
        ? {}
        : { 'Redis with all asleep': `${(queueBytes / 1e6).toFixed(2)} MB more than empty` }),
      disk: `${(storeBytes / 1e6).toFixed(0)} MB`,
      restart: `closed and opened ${inSeconds(openedAtMs - restartedAtMs)}, started ${inSeconds(readyAtMs - openedAtMs)}`,
      [`start minus due of ${waking} that wake then`]: latenessText(lateness),
    },
  };
}

/** `size` due at one instant, which has been waited for; then as many, the engine having been restarted meanwhile. */
export async function dueRound(driver: EngineDriver, setting: Setting): Promise<Outcome> {
  const { scenario, size, isToy } = setting;
  const leadMs = isToy ? dueLeadMs.toy : scenario.isApart ? dueLeadMs.apart : dueLeadMs.together;
  await driver.start();
  const portion = async (name: string, restarts: boolean): Promise<LatencyHistogram> => {
    const dueMs = Date.now() + leadMs;
    await submitDue(driver.engine, setting, name, dueMs, size, scenario.isApart ? 1 : batchSize);
    await allAsleep(driver.engine, setting, size, dueMs);
    if (restarts) {
      await driver.reopen();
      await driver.start();
    }
    return startsOf(driver.engine, name, dueMs, size);
  };
  // Compiled code is measured, and not the compiler.
  await portion('first', false);
  const warm = await portion('warm', false);
  const cold = await portion('cold', true);
  await firedOnce(driver.engine, 3 * size);
  const seconds = warm.percentileMs(1) / 1_000;
  return {
    completed: 3 * size,
    seconds,
    perSecond: size / seconds,
    ...percentiles(warm),
    checksum: 0,
    actions: null,
    storeBytes: await driver.storeBytes(),
    ratio: null,
    remarks: {
      'start minus due': latenessText(warm),
      'start minus due, the engine restarted before': latenessText(cold),
    },
  };
}

/** Of each an input of some 350 bytes, and a time that never comes in a round. */
async function submitFar(engine: Engine, { scenario }: Setting, count: number): Promise<void> {
  const films = loadFilms();
  const workflow = '/bench/sleepers/far';
  await engine.deploy(
    sleeper(
      workflow,
      scenario.isApart
        ? { name: 'wait', type: 'delay', map: [{ from: 'flow.delay', to: 'action.delay' }] }
        : { name: 'wait', type: 'delay', delay: `+${farMinutes}m` },
    ),
  );
  function* all() {
    for (let index = 0; index < count; index++) {
      const record = films[index % films.length]!;
      yield { workflow, input: scenario.isApart ? { record, delay: `+${farMinutes + index}m` } : { record } };
    }
  }
  await engine.submitMany(all());
}

async function submitDue(
  engine: Engine,
  { isToy }: Setting,
  name: string,
  dueMs: number,
  count: number,
  atOnce: number,
): Promise<void> {
  const workflow = `/bench/due/${name}`;
  await engine.deploy(sleeper(workflow, { name: 'wait', type: 'timer', at: new Date(dueMs).toISOString() }));
  const films = loadFilms();
  for (let from = 0; from < count; from += atOnce) {
    const members = Math.min(atOnce, count - from);
    await engine.submit(
      Array.from({ length: members }, (_, at) => ({ workflow, input: { record: films[(from + at) % films.length]! } })),
    );
  }
  if (!isToy && Date.now() > dueMs) throw new Error(`${count} could not be submitted before they were due`);
}

function sleeper(name: string, trigger: WorkflowDefinition['actions'][number]): WorkflowDefinition {
  return {
    name,
    module: actionPath,
    actions: [trigger, { name: 'start', type: 'call', function: 'callScore' }],
    flows: [{ from: 'wait', to: 'start' }],
  };
}

/** Z3. */
async function allAsleep(engine: Engine, { isToy }: Setting, count: number, dueMs: number): Promise<void> {
  const asleep = 'select coalesce(sum(open), 0) from millrace_segment where waits_for is not null';
  while ((await numberOf(engine, asleep)) < count) {
    if (Date.now() < dueMs) await new Promise(resolve => setTimeout(resolve, lookMs));
    else if (isToy) return;
    else throw new Error('not all were asleep when they became due');
  }
}

/** How late each of `count` started, once all have ended. Z1. */
async function startsOf(engine: Engine, name: string, dueMs: number, count: number): Promise<LatencyHistogram> {
  const living = `select coalesce(sum(open), 0) from millrace_segment where name = '/bench/due/${name}'`;
  while ((await numberOf(engine, living)) > 0) await new Promise(resolve => setTimeout(resolve, lookMs));
  const lateness = new LatencyHistogram();
  const starts = await engine.query(
    "select at_ms from millrace_audit_event where workflow = $1 and action = 'start' and short_name = 'ExecutingAction'",
    [`/bench/due/${name}`],
  );
  for (const [atMs] of starts) {
    const lateMs = Number(atMs) - dueMs;
    if (lateMs < 0) throw new Error(`wrong work: one started ${-lateMs} ms before it was due`);
    lateness.add(lateMs);
  }
  if (starts.length !== count) throw new Error(`wrong work: ${count} were due, ${starts.length} have started`);
  return lateness;
}

/** Z2. */
async function firedOnce(engine: Engine, count: number): Promise<void> {
  const name = "short_name = 'ExitingTrigger'";
  const fired = await numberOf(engine, `select count(*) from millrace_audit_event where ${name}`);
  if (fired !== count) throw new Error(`wrong work: ${count} were due, ${fired} have fired`);
}

async function numberOf(engine: Engine, query: string): Promise<number> {
  return Number((await engine.query(query, []))[0]![0]);
}

function percentiles(lateness: LatencyHistogram): Pick<Outcome, 'p50Ms' | 'p99Ms'> {
  return { p50Ms: lateness.percentileMs(0.5), p99Ms: lateness.percentileMs(0.99) };
}

function latenessText(lateness: LatencyHistogram): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map(fraction => lateness.percentileMs(fraction).toFixed(0));
  return `p50 ${p50}, p99 ${p99}, max ${max} ms`;
}

function growth(before: Kept, now: Kept): string {
  const [heap, buffers] = [now.heapMb - before.heapMb, now.buffersMb - before.buffersMb];
  return `heap ${heap.toFixed(1)}, buffers ${buffers.toFixed(1)} MB`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
