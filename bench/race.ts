// The race: rounds in turn (A B C, A B C, ...), each contestant's round in a fresh process and a fresh folder.

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildJob, FromChild } from './child.js';
import type { RedisFsync } from './contestant.js';
import { PeakMemory } from './process-tree.js';
import type { RaceResult, RoundResult } from './report.js';
import { scenarioNamed } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';

export interface RaceOptions {
  readonly scenario: Scenario;
  readonly subject: string | null;
  readonly peers: readonly string[];
  /** Instances a round; `null`: the scenario's own size. */
  readonly instances: number | null;
  readonly isToy: boolean;
  readonly rounds: number;
  readonly redisFsync: RedisFsync;
  readonly machine: string;
  /** Told what happens, a line at a time. */
  readonly onProgress: (line: string) => void;
}

/** How often the memory of a contestant is looked at. */
const sampleMs = { usual: 100, toy: 1_000 };

const childPath = fileURLToPath(new URL('./child.js', import.meta.url));

export async function race(options: RaceOptions): Promise<RaceResult> {
  const names = [...(options.subject === null ? [] : [options.subject]), ...options.peers];
  const results = new Map<string, RoundResult[]>(names.map(name => [name, []]));
  const baseline: RoundResult[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const name of names) {
      const label = `round ${round}/${options.rounds} ${name}`;
      results.get(name)!.push(await runRound(options, options.scenario, name, label));
    }
    if (options.scenario.baseline === null || options.subject === null) continue;
    const scenario = scenarioNamed(options.scenario.baseline.scenario);
    const label = `round ${round}/${options.rounds} ${options.subject} ${scenario.name}`;
    baseline.push(await runRound(options, scenario, options.subject, label));
  }
  return { ...options, results, baseline };
}

async function runRound(
  options: RaceOptions,
  scenario: Scenario,
  contestant: string,
  label: string,
): Promise<RoundResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-bench-'));
  const job: ChildJob = {
    contestant,
    scenario: scenario.name,
    size: options.instances ?? (options.isToy ? scenario.toySize : scenario.size),
    isToy: options.isToy,
    folder,
    redisFsync: options.redisFsync,
  };
  const child = fork(childPath, [JSON.stringify(job)], { env: { ...process.env, NO_LOG_SUCCESS: '1' } });
  const memory = new PeakMemory(child.pid!, options.isToy ? sampleMs.toy : sampleMs.usual);
  try {
    const answer = await listen(child, label, job.size, options.onProgress);
    const { perSecond, p50Ms } = answer.outcome;
    options.onProgress(`${label}: ${Math.round(perSecond)} per second, p50 ${p50Ms.toPrecision(3)} ms`);
    return { ...answer, peakMb: memory.peakMb };
  } finally {
    memory.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Resolves when the child has exited after a `done`; rejects with what it said otherwise. */
function listen(
  child: ChildProcess,
  label: string,
  size: number,
  onProgress: (line: string) => void,
): Promise<Omit<RoundResult, 'peakMb'>> {
  return new Promise((resolve, reject) => {
    let settings = '';
    let answer: Omit<RoundResult, 'peakMb'> | undefined;
    let failure = 'it exited without an answer';
    let shownTenths = 0;
    child.on('message', (message: FromChild) => {
      if (message.kind === 'prepared') settings = message.settings;
      if (message.kind === 'done') answer = { outcome: message.outcome, cpuMicros: message.cpuMicros, settings };
      if (message.kind === 'failed') failure = message.message;
      if (message.kind !== 'progress') return;
      const tenths = Math.floor((message.completed / size) * 10);
      if (tenths > shownTenths && tenths < 10) onProgress(`${label}: ${tenths * 10} %`);
      shownTenths = Math.max(shownTenths, tenths);
    });
    child.on('error', error => {
      failure = error.message;
    });
    child.on('close', (code, signal) => {
      if (answer !== undefined) resolve(answer);
      else reject(new Error(`${label} failed (exit ${signal ?? code}): ${failure}`));
    });
  });
}
