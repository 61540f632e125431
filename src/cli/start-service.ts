// An engine and its service, from start to a graceful stop.

import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type RunningService, serve } from '../api/service.js';
import { createEngine } from '../engine/create-engine.js';
import type { Engine } from '../engine/engine.js';
import { exitCodes, Refusal } from './exit.js';
import { Interrupt } from './interrupt.js';
import { print, say, whenReaderLeaves } from './output.js';
import { packageVersion } from './package-version.js';
import type { StartOptions } from './start.js';
import { startedUnless } from './start-outcome.js';

/** How often it is asked whether the store still lives, ms: a dead one does not come back. */
const storeLookMs = 1_000;

export async function startService(options: StartOptions): Promise<number> {
  const { data, host, port, threads, name, rate, postgres, redis, cluster, runtimeConfig, scripts } = options;
  const healthPort = healthPortOf(options);
  for (const [option, value, most] of [
    ['--port', port, 65_535],
    ['--health-port', healthPort, 65_535],
    ['--grace', options.grace, 86_400],
    ['--failover-window', options.failoverWindow, 3_600],
  ] as const) {
    if (value > most) throw new Refusal([`${option} ${value}: must be at most ${most}`]);
  }
  if (options.failoverWindow < 1) throw new Refusal(['--failover-window 0: must be at least 1']);
  if (rate < 1) throw new Refusal(['--rate 0: must be at least 1']);
  // A server goes on when nobody reads what it prints.
  whenReaderLeaves(() => undefined);
  const interrupt = new Interrupt();
  process.once('disconnect', () => interrupt.parentLeft());
  if (process.send !== undefined && !process.connected) interrupt.parentLeft();
  process.channel?.unref();
  const engine = await createEngine({
    dataFolder: data,
    healthPort,
    leaseMs: options.failoverWindow * 1_000,
    ...(threads === undefined ? {} : { threads }),
    ...(name === undefined ? {} : { name }),
    ...(postgres === undefined ? {} : { postgres }),
    ...(redis === undefined ? {} : { redis }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(scripts === undefined ? {} : { scripts }),
    ...(options.sql === true ? { sql: true } : {}),
    ...(options.programs === true ? { programs: true } : {}),
    ...(runtimeConfig === undefined ? {} : { runtimeConfiguration: runtimeConfig }),
  });
  let service: RunningService | null = null;
  try {
    service = await serve(engine, {
      host,
      port,
      requestsPerSecondMax: rate,
      version: packageVersion(),
      origins: options.cors,
    });
    const { isStarted, ended } = await startedUnless(() => engine.start(), interrupt.asked);
    if (isStarted) tellReady(service, engine, options);
    const failure = await Promise.race([interrupt.asked.then(() => null), storeDeath(engine, interrupt)]);
    if (failure === null) say('stopping: what is under way is answered, what executes may end');
    else say(failure.message);
    await stop(service, engine, failure === null ? options.grace * 1_000 : 0);
    const fault = await ended;
    if (fault !== null) throw fault;
    if (failure === null) say('stopped');
    return failure === null ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    await service?.close(0);
    await engine.dispose(0);
    throw error;
  }
}

/** The first health port: behind the last API port, or a free one beside free ones. */
export function healthPortOf({ port, processes, healthPort }: StartOptions): number {
  return healthPort ?? (port === 0 ? 0 : port + processes);
}

function tellReady({ url }: RunningService, engine: Engine, { data, json }: StartOptions): void {
  const health = `${new URL(url).protocol}//127.0.0.1:${engine.healthPort}/health`;
  const folder = data === 'memory' ? 'memory' : resolve(data);
  if (json === true) print(JSON.stringify({ url, health, data: folder, pid: process.pid }));
  else print(`millrace is ready on ${url}  (health ${health}, data ${folder}, ${engine.threads} threads)`);
}

/** The fault of a store that has died; `null` when the engine is stopped before. */
async function storeDeath(engine: Engine, interrupt: Interrupt): Promise<Error | null> {
  for (;;) {
    if (interrupt.isAsked) return null;
    const { storeFailure } = await engine.status();
    if (storeFailure !== null) return storeFailure;
    await wait(storeLookMs, undefined, { ref: false });
  }
}

async function stop(service: RunningService, engine: Engine, graceMs: number): Promise<void> {
  // Together: a request that waits for an instance is answered when the instance ends, or when the service stops.
  await Promise.all([service.close(graceMs), engine.stop(graceMs)]);
  await engine.dispose(0);
}
