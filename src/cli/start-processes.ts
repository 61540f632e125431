// millrace start --processes N: as many engines on this machine, each a process of its own that is started again when it
// dies. They share the folder or the database, and the Redis.

import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { threadsFor } from '../engine/options.js';
import { systemClock } from '../observe/clock.js';
import { exitCodes, Refusal } from './exit.js';
import { Interrupt } from './interrupt.js';
import { say } from './output.js';
import type { StartOptions } from './start.js';
import { healthPortOf } from './start-service.js';

const processesMax = 64;
/** Pauses before a process is started again: doubled from the first to the most, and the first again after a long life. */
const againMs = { first: 200, most: 30_000, longLife: 60_000 } as const;

export async function startProcesses(options: StartOptions): Promise<number> {
  const { processes, redis } = options;
  if (processes < 1 || processes > processesMax)
    throw new Refusal([`--processes ${processes}: must be 1 to ${processesMax}`]);
  if (options.data === 'memory' && options.postgres === undefined)
    throw new Refusal(['--processes: a store in memory cannot be shared; give a folder or --postgres']);
  if (redis === undefined)
    throw new Refusal(['--processes: engines that share a store need --redis to share its work by']);
  const children = new Set<ChildProcess>();
  // A further signal ends us at once, and with us them: in groups of their own, no terminal ends them.
  const interrupt = new Interrupt(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  // Not as arguments, which everybody on the machine can read.
  const env = {
    ...process.env,
    MILLRACE_REDIS: redis,
    ...(options.postgres === undefined ? {} : { MILLRACE_POSTGRES: options.postgres }),
  };
  const codes = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      keepUp({ args: argumentsOf(options, index), env, index, interrupt, children }),
    ),
  );
  return codes.find(code => code !== exitCodes.done) ?? exitCodes.done;
}

interface Kept {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly index: number;
  readonly interrupt: Interrupt;
  /** Those that run. */
  readonly children: Set<ChildProcess>;
}

/** Run one engine until the interrupt; resolves with its exit code. A refusal is not tried again. */
async function keepUp({ args, env, index, interrupt, children }: Kept): Promise<number> {
  let pauseMs: number = againMs.first;
  for (;;) {
    const startedMs = systemClock.monotonicMs();
    // In a group of its own, so that a terminal's Ctrl-C reaches it once, through us. The channel closes when we die.
    const child = spawn(process.execPath, [process.argv[1]!, ...args], {
      env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.add(child);
    void interrupt.asked.then(() => end(child));
    const { code, reason } = await endOf(child);
    children.delete(child);
    if (interrupt.isAsked || code === exitCodes.refused || code === exitCodes.done) return code ?? exitCodes.failed;
    if (systemClock.monotonicMs() - startedMs > againMs.longLife) pauseMs = againMs.first;
    say(`engine ${index + 1} has ended (${reason}) and is started again in ${pauseMs} ms`);
    await Promise.race([wait(pauseMs, undefined, { ref: true }), interrupt.asked]);
    if (interrupt.isAsked) return exitCodes.done;
    pauseMs = Math.min(againMs.most, pauseMs * 2);
  }
}

/** How a process ended; one that could not even begin (no processes left, no memory) has ended, too. */
export function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly reason: string }> {
  return new Promise(resolve => {
    child.once('exit', (code, signal) => resolve({ code, reason: signal ?? `code ${code}` }));
    // An error of a process that runs (a signal or a message that did not reach it) does not end it.
    child.on('error', error => {
      if (child.pid === undefined) resolve({ code: null, reason: error.message });
    });
  });
}

function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
}

function argumentsOf(options: StartOptions, index: number): string[] {
  const { data, host, port, threads, name, cluster, grace, rate, cors, json, failoverWindow, runtimeConfig, scripts } =
    options;
  const healthPort = healthPortOf(options);
  const own = (first: number): string => String(first === 0 ? 0 : first + index);
  const args = ['start', '--data', data, '--host', host, '--port', own(port), '--health-port', own(healthPort)];
  args.push('--grace', String(grace), '--rate', String(rate), '--failover-window', String(failoverWindow));
  args.push('--threads', String(threads ?? threadsFor(options.processes)));
  if (name !== undefined) args.push('--name', `${name}-${index + 1}`);
  if (cluster !== undefined) args.push('--cluster', cluster);
  for (const origin of cors) args.push('--cors', origin);
  if (runtimeConfig !== undefined) args.push('--runtime-config', runtimeConfig);
  if (scripts === true) args.push('--scripts');
  if (options.sql === true) args.push('--sql');
  if (options.programs === true) args.push('--programs');
  if (json === true) args.push('--json');
  return args;
}
