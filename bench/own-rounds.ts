// The rounds in which Millrace is compared with itself: backlog, cold, sustained. What is measured is here; how the
// engine is driven is behind `Driver`, so that it can be tried on a model.

import type { Outcome, Setting } from './contestant.js';
import type { LatencyHistogram } from './latency-histogram.js';
import { type FilmRecord, loadFilms } from './records.js';
import { median } from './report.js';
import { batches, batchSize, type Work } from './workload.js';

/** An engine over one data folder, stopped at first. */
export interface Driver {
  /** Resolves when the batch is durable. */
  submit(batch: readonly Work[]): Promise<void>;
  /** Begin to execute. */
  start(): Promise<void>;
  /** Finish what is executing and claim nothing more; submit goes on working. */
  stop(): Promise<void>;
  /** A new engine over the same folder, nothing cached, stopped. */
  reopen(): Promise<void>;
  /** Ends stored since the driver was made, across `reopen`. */
  ended(): number;
  /** Sum of the scores of these ends. */
  checksum(): number;
  storeBytes(): Promise<number>;
  /** What the queue takes in Redis; `null` without one. */
  queueBytes(): Promise<number | null>;
  /** Longest commit since the driver was made, milliseconds. */
  longestCommitMs(): number;
  /** Submit to end, of all ends or of a fair sample. */
  readonly latencies: LatencyHistogram;
}

const pollMs = 2;
const backlogRepeats = 5;

/** Drain and submit `smallSize` instances at a time, with `smallSize` ready and then with `size` ready: `ratio` is the
 * lesser of the two quotients of medians, so that neither can hide behind the other. */
export async function backlogRound(driver: Driver, setting: Setting): Promise<Outcome> {
  const films = loadFilms();
  const { scenario, isToy } = setting;
  const portion = isToy ? scenario.smallToySize : scenario.smallSize;
  const small = await backlogSpeeds(driver, setting, films, portion);
  await fill(driver, setting, films, Math.max(0, setting.size - portion)); // the last portion comes with each repeat
  const queueBytes = await driver.queueBytes();
  const large = await backlogSpeeds(driver, setting, films, portion);
  const drain = large.drain / small.drain;
  const submit = large.submit / small.submit;
  return outcomeOf(driver, portion / large.drain, portion, {
    ratio: Math.min(drain, submit),
    storeBytes: null,
    remarks: {
      'drain with few / many ready': `${small.drain.toFixed(0)} / ${large.drain.toFixed(0)} a second`,
      'submit with few / many ready': `${small.submit.toFixed(0)} / ${large.submit.toFixed(0)} a second`,
      ...(queueBytes === null
        ? {}
        : { 'Redis with many ready': `${(queueBytes / 1e6).toFixed(2)} MB more than empty` }),
    },
  });
}

/** Drain `size` instances that were just submitted, then as many after a restart: `ratio` is cold over warm. */
export async function coldRound(driver: Driver, setting: Setting): Promise<Outcome> {
  const films = loadFilms();
  await fill(driver, setting, films, setting.size);
  const warm = setting.size / (await drainSeconds(driver, setting.size));
  await fill(driver, setting, films, setting.size);
  await driver.reopen();
  const coldSeconds = await drainSeconds(driver, setting.size);
  const cold = setting.size / coldSeconds;
  return outcomeOf(driver, coldSeconds, setting.size, {
    ratio: cold / warm,
    storeBytes: await driver.storeBytes(),
    remarks: { 'warm / cold': `${warm.toFixed(0)} / ${cold.toFixed(0)} a second` },
  });
}

/** Keep at most `size` open for a while; disk and memory are read ten times on the way. */
export async function sustainedRound(driver: Driver, setting: Setting): Promise<Outcome> {
  const films = loadFilms();
  const durationMs = setting.isToy ? setting.scenario.toyDurationMs : setting.scenario.durationMs;
  const source = batches(setting.scenario, films, Number.MAX_SAFE_INTEGER);
  const diskMb: string[] = [];
  const memoryMb: string[] = [];
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  let submitted = 0;
  await driver.start();
  // At least a batch, however long the start took.
  while (submitted === 0 || elapsedMs() < durationMs) {
    if (submitted - driver.ended() + batchSize > setting.size) {
      await pause();
      continue;
    }
    const batch = source.next().value as Work[];
    await driver.submit(batch);
    submitted += batch.length;
    if (elapsedMs() < (durationMs * (diskMb.length + 1)) / 10) continue;
    diskMb.push(((await driver.storeBytes()) / 1e6).toFixed(0));
    memoryMb.push((process.memoryUsage.rss() / 1e6).toFixed(0));
    setting.onProgress(Math.round((setting.size * diskMb.length) / 10));
  }
  await until(driver, submitted);
  const seconds = elapsedMs() / 1_000;
  await driver.stop();
  return outcomeOf(driver, seconds, submitted, {
    ratio: null,
    storeBytes: await driver.storeBytes(),
    remarks: {
      'disk, ten times': `${diskMb.join(' ')} MB`,
      'memory, ten times': `${memoryMb.join(' ')} MB`,
      'longest commit': `${driver.longestCommitMs().toFixed(1)} ms`,
    },
  });
}

async function backlogSpeeds(
  driver: Driver,
  setting: Setting,
  films: readonly FilmRecord[],
  portion: number,
): Promise<{ drain: number; submit: number }> {
  const drains: number[] = [];
  const submits: number[] = [];
  for (let repeat = 0; repeat < backlogRepeats; repeat++) {
    submits.push(portion / (await fill(driver, setting, films, portion)));
    drains.push(portion / (await drainSeconds(driver, portion)));
  }
  return { drain: median(drains), submit: median(submits) };
}

/** Seconds that the submit of `count` instances took. */
async function fill(driver: Driver, setting: Setting, films: readonly FilmRecord[], count: number): Promise<number> {
  const startedAtMs = performance.now();
  for (const batch of batches(setting.scenario, films, count)) await driver.submit(batch);
  return (performance.now() - startedAtMs) / 1_000;
}

/** Seconds from start until `count` more have ended. */
async function drainSeconds(driver: Driver, count: number): Promise<number> {
  const target = driver.ended() + count;
  const startedAtMs = performance.now();
  await driver.start();
  await until(driver, target);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await driver.stop();
  return seconds;
}

async function until(driver: Driver, target: number): Promise<void> {
  const stallMs = 60_000;
  let seen = -1;
  let giveUpAtMs = 0;
  while (driver.ended() < target) {
    const ended = driver.ended();
    if (ended !== seen) giveUpAtMs = performance.now() + stallMs;
    else if (performance.now() > giveUpAtMs) {
      throw new Error(`nothing ended for ${stallMs} ms: ${ended} of ${target} instances have`);
    }
    seen = ended;
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, pollMs));
}

function outcomeOf(
  driver: Driver,
  seconds: number,
  measured: number,
  more: Pick<Outcome, 'ratio' | 'storeBytes' | 'remarks'>,
): Outcome {
  return {
    completed: driver.ended(),
    seconds,
    perSecond: measured / seconds,
    p50Ms: driver.latencies.percentileMs(0.5),
    p99Ms: driver.latencies.percentileMs(0.99),
    checksum: driver.checksum(),
    actions: null,
    ...more,
  };
}
