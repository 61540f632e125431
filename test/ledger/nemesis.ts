// The nemesis: runs a child process and kills it with SIGKILL at random moments, again and again, then lets it end.
//
// Each run but the last: start the child, wait for a line that matches `ready`, wait a random time from the seeded
// generator, kill. The last run has NEMESIS_LAST=1 in its environment, which tells the child to come to its end; it must
// exit with code 0. The child leads a process group of its own and the whole group is killed, so nothing outlives it.
//
// Invariants:
//   N1. A run has ended (its process is gone, its output read) before the next begins.
//   N2. The whole takes no longer than `limitMs`; a child that is not ready, or never ends, is a thrown error.
//   N3. The same seed gives the same waits. What they hit depends on the machine.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { optimizeLater } from '../optimize-later.js';
import { seed as runSeed } from '../seed.js';

export interface NemesisOptions {
  /** Path of the node program. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly kills: number;
  /** Shortest and longest wait between `ready` and the kill, milliseconds. */
  readonly minMs: number;
  readonly maxMs: number;
  /** Default: that of this run. Printed. */
  readonly seed?: number;
  /** The line of standard output after which a kill may come. Default: `ready`. */
  readonly ready?: RegExp;
  /** Share of the kills whose wait counts from the start of the process, so that they fall on its recovery. Default 0. */
  readonly duringStartShare?: number;
  /** Longest time for the whole, milliseconds. Default 120,000. */
  readonly limitMs?: number;
  readonly onLine?: (line: string, run: number) => void;
}

export interface NemesisRun {
  readonly pid: number;
  readonly killed: boolean;
  /** `ready` was seen before the end. */
  readonly wasReady: boolean;
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  readonly tookMs: number;
}

export interface NemesisReport {
  readonly seed: number;
  readonly kills: number;
  readonly runs: readonly NemesisRun[];
  /** Standard output of all runs. */
  readonly lines: readonly string[];
}

/** A small generator (mulberry32): numbers in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Run the child, kill it `kills` times, let it end. Throws (with the seed) when it ends otherwise than it should. */
export async function nemesis(options: NemesisOptions): Promise<NemesisReport> {
  const seed = options.seed ?? runSeed;
  console.log(`nemesis: seed ${seed}, ${options.kills} kills`);
  const random = seeded(seed);
  const deadlineMs = performance.now() + (options.limitMs ?? 120_000);
  const runs: NemesisRun[] = [];
  for (let run = 0; run <= options.kills; run += 1) {
    // Both numbers are drawn in every run, so that the waits of a seed do not depend on the share.
    const waitMs = options.minMs + random() * (options.maxMs - options.minMs);
    const fromStart = random() < (options.duringStartShare ?? 0);
    const kill = run < options.kills ? { waitMs, fromStart } : null;
    const ended = await runOnce(options, { run, kill, limitMs: deadlineMs - performance.now() });
    runs.push(ended.run);
    const wrong = ended.timedOut ? 'ran out of time' : kill === null ? wrongEnd(ended.run) : wrongKill(ended.run);
    if (wrong !== null) throw new Error(describe(seed, run, wrong, ended.run));
  }
  return { seed, kills: options.kills, runs, lines: runs.flatMap(run => run.lines) };
}

function wrongEnd(run: NemesisRun): string | null {
  return run.code === 0 ? null : `the last run exited with ${run.code}`;
}

function wrongKill(run: NemesisRun): string | null {
  return run.killed ? null : `ended by itself (code ${run.code}) before it was killed`;
}

function describe(seed: number, run: number, wrong: string, { lines, errors }: NemesisRun): string {
  const tail = lines.slice(-5).join('\n');
  return `nemesis (seed ${seed}), run ${run}: ${wrong}\nlast lines:\n${tail}\nstandard error:\n${errors.slice(-2_000)}`;
}

interface RunPlan {
  readonly run: number;
  readonly kill: { readonly waitMs: number; readonly fromStart: boolean } | null;
  readonly limitMs: number;
}

function runOnce(options: NemesisOptions, plan: RunPlan): Promise<{ run: NemesisRun; timedOut: boolean }> {
  const child = spawn(process.execPath, [optimizeLater, options.script, ...(options.args ?? [])], {
    env: {
      ...process.env,
      ...options.env,
      NEMESIS_RUN: `${plan.run}`,
      ...(plan.kill === null ? { NEMESIS_LAST: '1' } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own
  });
  const beganAtMs = performance.now();
  const ready = options.ready ?? /^ready\b/;
  const lines: string[] = [];
  let errors = '';
  let wasReady = false;
  let killed = false;
  let timedOut = false;
  let killTimer: NodeJS.Timeout | undefined;
  const killAfter = (waitMs: number): void => {
    killTimer = setTimeout(() => {
      killed = killGroup(child);
    }, waitMs);
  };
  const limitTimer = setTimeout(
    () => {
      timedOut = true;
      killGroup(child);
    },
    Math.max(0, plan.limitMs),
  );
  // If this process ends first (a test run that is interrupted), the child must not live on.
  const endWithUs = (): void => void killGroup(child);
  process.once('exit', endWithUs);

  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line);
    options.onLine?.(line, plan.run);
    if (wasReady || !ready.test(line)) return;
    wasReady = true;
    if (plan.kill !== null && !plan.kill.fromStart) killAfter(plan.kill.waitMs);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-20_000);
  });
  if (plan.kill?.fromStart) killAfter(plan.kill.waitMs);

  return new Promise((resolve, reject) => {
    const clear = (): void => {
      clearTimeout(killTimer);
      clearTimeout(limitTimer);
      process.removeListener('exit', endWithUs);
    };
    child.once('error', error => {
      clear();
      reject(error);
    });
    // `close`, not `exit`: the output has been read to its end (N1).
    child.once('close', (code, signal) => {
      clear();
      const tookMs = performance.now() - beganAtMs;
      const run = {
        pid: child.pid ?? -1,
        killed: killed && signal === 'SIGKILL',
        wasReady,
        code,
        lines,
        errors,
        tookMs,
      };
      resolve({ run, timedOut });
    });
  });
}

function killGroup(child: ChildProcess): boolean {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
  try {
    process.kill(-child.pid, 'SIGKILL');
    return true;
  } catch (error) {
    // It ended in this instant; `close` will say how.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
