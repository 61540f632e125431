// The engine's options: what may be given, what holds when it is not, and what is refused.

import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Auditing } from '../audit/events-of.js';
import type { Clock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import type { Loggers } from '../observe/loggers.js';
import { defaultScriptLimits, type ScriptLimits } from '../script/contract.js';

export interface EngineOptions {
  /** Name of the engine in claims, audit and logs. Default: host name and process id. */
  readonly name?: string;
  /** Folder of the store, made when absent; `memory` keeps nothing. Default `./millrace-data`. */
  readonly dataFolder?: string;
  /** URL of a PostgreSQL database that holds the store instead; the folder then has the logs alone. Default: none. */
  readonly postgres?: string | null;
  /** URL of the Redis that holds the queue: the engines with the same store, Redis and `cluster` share the work. Without
   * one the engine has its store for itself. Default: none. */
  readonly redis?: string | null;
  /** Name of the cluster in Redis: 1 to 64 letters, digits, `.`, `_`, `-`. Default `default`. */
  readonly cluster?: string;
  /** `strict`: an acknowledged commit has been fsynced. `relaxed`: it survives the process, not the machine. Default strict. */
  readonly durability?: 'strict' | 'relaxed';
  /** Worker threads that run actions. Default: the processors, at most 8, at least 2. */
  readonly threads?: number;
  /** Asynchronous actions at once in a thread. Default 100. */
  readonly concurrency?: number;
  /** Heap of a worker thread, MB. Default 256. */
  readonly threadHeapMb?: number;
  /** After an action's timeout, time to heed the abort signal before its thread is ended, ms. Default 1,000. */
  readonly actionGraceMs?: number;
  /** A thread whose event loop stands still so long is ended, ms. Default 30,000. */
  readonly actionBlockedMs?: number;
  /** The failover time window: an engine not heard of, or a claim not renewed, for so long is given up, and the work goes to
   * another engine, ms. Engines of a cluster should have the same. Default 30,000. */
  readonly leaseMs?: number;
  /**
   * File of the runtime configuration, which gives priorities to branches: the instances of a branch that have no priority of
   * their own, nor one of their workflow, have that of the nearest branch at or above theirs, else 10. A properties file
   * (`/branch/PRIORITY=5`), or, by its ending `.yaml`, `.yml` or `.json`, YAML (`/branch:` with `PRIORITY: 5` below it). It is
   * read again while the engine lives, and a change reorders what waits; a file with faults, or one that is gone, changes
   * nothing and is told in the log and in health. What is set by operation (`engine.configuration`) lies over it. Engines that
   * share a queue should have the same file; the master's holds.
   * Default: none.
   */
  readonly runtimeConfiguration?: string | null;
  /** How often that file is looked at again: a relative time expression, in UTC, a second or more. Default `+m`. */
  readonly runtimeConfigurationRefresh?: string;
  /**
   * Whether scripts in definitions are run (script actions, prescripts, postscripts), each in a sandbox: for at most `timeoutMs`
   * (default 1,000) in `memoryMb` of memory a thread (default and least 16). Off, they fail with `ScriptsDisabled`; definitions
   * may hold them all the same. Default false.
   */
  readonly scripts?: boolean | Partial<ScriptLimits>;
  /** Whether `sql` actions may run: whoever may deploy can then write into the database. Default false. */
  readonly sql?: boolean;
  /** Whether `process` actions may run: whoever may deploy can then execute any program as the engine's user. Default false. */
  readonly programs?: boolean;
  /** Memory for bodies kept beside the store, bytes. Default 67,108,864. */
  readonly cacheBytes?: number;
  /** Names of the audit events to record. Absent: all. `['']`: none. `recommended`: the seed's selection. */
  readonly auditFilter?: readonly string[] | 'recommended';
  /**
   * `synchronous`: the audit has what was committed and nothing else. Of an action that fails, is interrupted or still executes there is
   * nothing, nor of a call that fails, as if it had never been. `asynchronous`: it says what was tried, and what executes. Default
   * asynchronous.
   */
  readonly auditing?: Auditing;
  /** How long audit events are kept, ms. Default: what the folder was told before, else one week; in memory one hour. */
  readonly auditExpirationMs?: number;
  /** How long results and the history of instances are kept, ms. Default as `auditExpirationMs`. */
  readonly historyExpirationMs?: number;
  /**
   * When what has expired is thrown away: a time expression on the clocks of this machine, such as `0 0 0 3` for each night at three.
   * Audit, results and history are kept until then, and by up to a sixth longer than they expire. Default: none, whenever there is
   * enough of it, a little at a time.
   */
  readonly maintenance?: string | null;
  /** The application's loggers. Default: files in `logs/` of the data folder, errors on standard error too. */
  readonly loggers?: Loggers;
  /** How often the `Ok` heartbeat is recorded, ms. Default 3,600,000. */
  readonly heartbeatMs?: number;
  /** How often the engine says what it holds (`EngineContentsSummary`), ms. Default 3,600,000. */
  readonly contentsSummaryMs?: number;
  /** Main loop without progress for so long: blocked, ms. Default 5,000. */
  readonly blockedAfterMs?: number;
  /** Port for `/health`, on loopback; 0 takes a free one; `null`: no port. Default `null`. */
  readonly healthPort?: number | null;
  /** The clock; tests hand in their own, which is then the time of a queue in Redis, too: one for all engines that share it. */
  readonly clock?: Clock;
}

export interface ResolvedOptions
  extends Required<
    Omit<EngineOptions, 'loggers' | 'auditFilter' | 'clock' | 'auditExpirationMs' | 'historyExpirationMs' | 'scripts'>
  > {
  /** `null`: off. */
  readonly scripts: ScriptLimits | null;
  /** `null`: as the store was told last. */
  readonly auditExpirationMs: number | null;
  readonly historyExpirationMs: number | null;
  /** Nobody supplied loggers and there is a folder: log files lie in its `logs/`. */
  readonly logsToFolder: boolean;
  readonly auditFilter: readonly string[] | 'recommended' | undefined;
  /** Members of one claim at most. */
  readonly claimMembersMax: number;
}

const dayMs = 86_400_000;

/**
 * Worker threads of each of some engines that share this machine: the processors, shared among them, at most 8 each. One
 * alone has at least 2, so that an action that blocks its thread does not stop all others.
 */
export function threadsFor(engines: number): number {
  return Math.max(engines === 1 ? 2 : 1, Math.min(8, Math.floor(availableParallelism() / engines)));
}

/** Fill and check. @throws EngineError `OPTION_INVALID` naming the option and its value */
export function resolveOptions(given: EngineOptions): ResolvedOptions {
  const dataFolder = given.dataFolder ?? 'millrace-data';
  const inMemory = dataFolder === 'memory';
  const auditExpirationMs = given.auditExpirationMs ?? (inMemory ? dayMs / 24 : null);
  const options: ResolvedOptions = {
    name: given.name ?? `${hostname()}-${process.pid}`,
    dataFolder: inMemory ? 'memory' : resolve(dataFolder),
    postgres: given.postgres ?? null,
    redis: given.redis ?? null,
    cluster: given.cluster ?? 'default',
    runtimeConfiguration:
      given.runtimeConfiguration === undefined || given.runtimeConfiguration === null
        ? null
        : resolve(given.runtimeConfiguration),
    runtimeConfigurationRefresh: given.runtimeConfigurationRefresh ?? '+m',
    durability: given.durability ?? 'strict',
    threads: given.threads ?? threadsFor(1),
    concurrency: given.concurrency ?? 100,
    threadHeapMb: given.threadHeapMb ?? 256,
    actionGraceMs: given.actionGraceMs ?? 1_000,
    actionBlockedMs: given.actionBlockedMs ?? 30_000,
    leaseMs: given.leaseMs ?? 30_000,
    scripts: scriptLimits(given.scripts ?? false),
    sql: given.sql === true,
    programs: given.programs === true,
    cacheBytes: given.cacheBytes ?? 64 * 1_024 * 1_024,
    auditFilter: given.auditFilter,
    auditing: given.auditing ?? 'asynchronous',
    auditExpirationMs,
    historyExpirationMs: given.historyExpirationMs ?? auditExpirationMs,
    maintenance: given.maintenance ?? null,
    heartbeatMs: given.heartbeatMs ?? 3_600_000,
    contentsSummaryMs: given.contentsSummaryMs ?? 3_600_000,
    blockedAfterMs: given.blockedAfterMs ?? 5_000,
    healthPort: given.healthPort ?? null,
    logsToFolder: given.loggers === undefined && !inMemory,
    claimMembersMax: 512,
  };
  whole('threads', options.threads, 1, 256);
  whole('concurrency', options.concurrency, 1, 10_000);
  within('threadHeapMb', options.threadHeapMb, 16, 65_536);
  whole('actionGraceMs', options.actionGraceMs, 0, dayMs);
  whole('actionBlockedMs', options.actionBlockedMs, 100, dayMs);
  whole('leaseMs', options.leaseMs, 1_000, dayMs);
  if (options.scripts !== null) {
    whole('scripts.timeoutMs', options.scripts.timeoutMs, 1, 600_000);
    whole('scripts.memoryMb', options.scripts.memoryMb, 16, 1_024);
  }
  whole('cacheBytes', options.cacheBytes, 0, 64 * 1_024 ** 3);
  for (const name of ['auditExpirationMs', 'historyExpirationMs'] as const) {
    const value = options[name];
    if (value !== null) whole(name, value, 1_000, 3_660 * dayMs);
  }
  whole('heartbeatMs', options.heartbeatMs, 100, 366 * dayMs);
  whole('contentsSummaryMs', options.contentsSummaryMs, 100, 366 * dayMs);
  whole('blockedAfterMs', options.blockedAfterMs, 100, dayMs);
  if (options.healthPort !== null) whole('healthPort', options.healthPort, 0, 65_535);
  if (!/^[\x21-\x7e]{1,200}$/.test(options.name)) {
    throw new EngineError('OPTION_INVALID', `name: "${options.name}" must be 1 to 200 visible ASCII characters`);
  }
  if (options.durability !== 'strict' && options.durability !== 'relaxed') {
    throw new EngineError(
      'OPTION_INVALID',
      `durability: "${String(options.durability)}" must be "strict" or "relaxed"`,
    );
  }
  if (options.auditing !== 'asynchronous' && options.auditing !== 'synchronous') {
    throw new EngineError(
      'OPTION_INVALID',
      `auditing: "${String(options.auditing)}" must be "asynchronous" or "synchronous"`,
    );
  }
  return Object.freeze(options);
}

function scriptLimits(given: boolean | Partial<ScriptLimits>): ScriptLimits | null {
  if (given === false) return null;
  if (given === true) return defaultScriptLimits;
  if (typeof given === 'object' && given !== null) return Object.freeze({ ...defaultScriptLimits, ...given });
  throw new EngineError('OPTION_INVALID', `scripts: ${String(given)} must be true, false or { timeoutMs, memoryMb }`);
}

/** For counts, ports, bytes and milliseconds. */
function whole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new EngineError('OPTION_INVALID', `${name}: ${String(value)} must be a whole number from ${least} to ${most}`);
}

function within(name: string, value: number, least: number, most: number): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return;
  throw new EngineError('OPTION_INVALID', `${name}: ${String(value)} must be a number from ${least} to ${most}`);
}
