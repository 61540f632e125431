// Worlds of the engine's scenario tests: an engine on each home, workflows made of steps, and what the actions tell.
//
// A file has one engine a home (opening one costs a second); each test has a branch of its own below it, so that tests
// do not see each other. Tests that restart, or need options of their own, open their own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import { splitInstanceId } from '../../src/workflow/instance-id.js';
import type { Json } from '../../src/workflow/model.js';
import { atFileEnd } from '../at-file-end.js';
import { RedisServer } from '../servers/redis-server.js';
import '../store/postgres-module.js';
import { TestPostgres } from '../store/postgres-server.js';

/** Where an engine may keep its work, for tests that look into the store by themselves. */
export const homes = ['disk', 'memory'] as const;
/** The queue in Redis, with the store in memory, in a folder that processes share, and in PostgreSQL. */
export const everyHome = [...homes, 'redis', 'shared', 'cluster'] as const;
export type Home = (typeof everyHome)[number];

/** Folder of the actions' module. */
export const here = fileURLToPath(new URL('.', import.meta.url));

export interface Step {
  readonly name?: string;
  readonly function?: string;
  readonly type?: 'call' | 'null' | 'console';
  readonly message?: string;
  readonly stream?: 'stdout' | 'stderr';
  readonly break?: boolean;
  readonly timeoutMs?: number;
  readonly retry?: { retries?: number; delayMs?: number; factor?: number; delayMaxMs?: number };
}

/** No retries, for tests that want an error to be the end. */
export const noRetry = { retries: 0 } as const;

export interface Ran {
  readonly instance: string;
  readonly action: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly tag: string | null;
  /** By the thread's own clock. */
  readonly atMs: number;
}

type Told =
  | ({ readonly kind: 'ran' } & Ran)
  | { readonly kind: 'arrived'; readonly gate: string; readonly instance: string };

/** What the actions tell, and the gates that hold them. One a test process. */
class Signals {
  readonly ran: Ran[] = [];
  readonly arrived: { readonly gate: string; readonly instance: string }[] = [];
  readonly #open = new Set<string>();
  readonly #channel = new BroadcastChannel('millrace-engine-test');
  #waiting: { isDone: () => boolean; resolve: () => void }[] = [];

  constructor() {
    this.#channel.unref();
    this.#channel.onmessage = event => {
      const told = (event as { data: Told }).data;
      if (told.kind === 'ran') this.ran.push(told);
      else if (told.kind === 'arrived') {
        this.arrived.push(told);
        if (this.#open.has(told.gate)) this.#channel.postMessage({ kind: 'open', gate: told.gate });
      }
      for (const waiter of this.#waiting.filter(({ isDone }) => isDone())) {
        this.#waiting = this.#waiting.filter(each => each !== waiter);
        waiter.resolve();
      }
    };
  }

  /** Let everything through that waits at the gate, now and later. */
  open(gate: string): void {
    this.#open.add(gate);
    this.#channel.postMessage({ kind: 'open', gate });
  }

  /** What was told before, and what was opened, is of another home. */
  forget(): void {
    this.ran.length = 0;
    this.arrived.length = 0;
    this.#open.clear();
  }

  /** Until so many members stand (or stood) at the gate; their ids. */
  async atGate(gate: string, count = 1): Promise<string[]> {
    const found = () => this.arrived.filter(each => each.gate === gate).map(({ instance }) => instance);
    await this.until(() => found().length >= count);
    return found();
  }

  /** When an instance's first action ran. */
  async beganAtMs(instance: string): Promise<number> {
    await this.until(() => this.ranBy(instance).length > 0);
    return this.ranBy(instance)[0]!.atMs;
  }

  ranBy(instance: string): Ran[] {
    return this.ran.filter(each => each.instance === instance);
  }

  /** Looks again after everything the actions tell. */
  until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise(resolve => this.#waiting.push({ isDone, resolve }));
  }
}

export const signals = new Signals();

export interface AuditedEvent {
  readonly event: string;
  readonly action: string | null;
  readonly attempt: number;
  readonly message: string | null;
  readonly data: Json;
  readonly user: string;
  readonly engine: string;
  readonly atMs: number;
}

let branches = 0;

/** One engine, and a branch of it for one test. */
export class World {
  constructor(
    readonly engine: Engine,
    readonly home: Home,
    readonly folder: string,
    /** With slashes at both ends. */
    readonly branch: string,
  ) {}

  /** Deploy a straight workflow; its full name. */
  readonly deploy = async (
    steps: readonly (Step | string)[],
    name = 'flow',
    more: { priority?: number } = {},
  ): Promise<string> => {
    const full = `${this.branch}${name}`;
    await this.engine.deploy(definitionOf(full, steps, more), here);
    return full;
  };

  /** Everything in the audit of one instance, in order. */
  readonly audit = async (instance: string): Promise<AuditedEvent[]> => {
    const { root, ordinal } = splitInstanceId(instance)!;
    return auditRows(
      this.engine,
      'root = $1::uuid and ordinal = $2::int and instance is not null and workflow is not null',
      [root, String(ordinal)],
    );
  };

  readonly eventNames = async (instance: string): Promise<string[]> => {
    return (await this.audit(instance)).map(({ event, action }) => (action === null ? event : `${event} ${action}`));
  };

  /** Instances of this test's branch by state. */
  readonly counts = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const { state, instances } of await this.engine.count(this.branch))
      counts[state] = (counts[state] ?? 0) + instances;
    return counts;
  };

  /** Segments below the branch, as the store has them. */
  readonly segments = async (): Promise<number> => {
    const [row] = await this.engine.query(
      `select count(*) from millrace_segment where name >= $1::text and name < $2::text`,
      [this.branch, `${this.branch.slice(0, -1)}0`],
    );
    return Number(row![0]);
  };

  readonly until = until;

  readonly untilCounts = async (expected: Record<string, number>): Promise<void> => {
    let last: unknown;
    await this.until(async () => {
      last = await this.counts();
      return JSON.stringify(sorted(last as Record<string, number>)) === JSON.stringify(sorted(expected));
    }).catch(error => {
      throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(last)}`, { cause: error });
    });
  };
}

/** For what no signal tells: looks every few milliseconds. */
export async function until(isDone: () => Promise<boolean>, deadlineMs = 60_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await isDone())) {
    if (performance.now() > endMs) throw new Error(`${isDone.toString()} did not come true within ${deadlineMs} ms`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function sorted(counts: Record<string, number>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}

export async function auditRows(engine: Engine, where: string, parameters: readonly string[]): Promise<AuditedEvent[]> {
  const rows = await engine.query(
    `select short_name, action, attempt, message, data, username, engine, at_ms from millrace_audit_event
     where ${where} order by seq, group_no, step`,
    parameters,
  );
  return rows.map(([event, action, attempt, message, data, user, name, atMs]) => ({
    event: event!,
    action: action ?? null,
    attempt: Number(attempt),
    message: message ?? null,
    data: data === null || data === undefined ? null : (JSON.parse(data) as Json),
    user: user!,
    engine: name!,
    atMs: Number(atMs),
  }));
}

export function definitionOf(name: string, steps: readonly (Step | string)[], more: { priority?: number } = {}) {
  const all = steps.map(step => (typeof step === 'string' ? { function: step } : step));
  const names = all.map((step, at) => step.name ?? `a${at + 1}`);
  return {
    name,
    module: './actions.mjs',
    ...more,
    actions: all.map(({ type = 'call', function: call, break: isBreak, message, stream, timeoutMs, retry }, at) => ({
      name: names[at]!,
      ...(type === 'call'
        ? { type, function: call! }
        : type === 'null'
          ? { type }
          : { type, message: message!, ...(stream === undefined ? {} : { stream }) }),
      ...(isBreak ? { transactionBreak: true } : {}),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(retry === undefined ? {} : { retry }),
    })),
    flows: names.slice(1).map((to, at) => ({ from: names[at]!, to })),
  };
}

/** A folder that goes with the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-engine-'));
  atFileEnd(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function newBranch(): string {
  branches += 1;
  return `/test${branches}/`;
}

/** Servers of this test file, started when a home first needs them. */
class Servers {
  #redis: Promise<RedisServer> | null = null;
  #postgres: Promise<TestPostgres> | null = null;
  /** By folder: who opens an engine on a folder again finds what was there. */
  readonly #databases = new Map<string, Promise<string>>();

  redis(): Promise<RedisServer> {
    if (this.#redis === null) {
      this.#redis = RedisServer.start();
      atFileEnd(async () => {
        const server = this.#redis;
        this.#redis = null;
        await (await server)?.stop();
      });
    }
    return this.#redis;
  }

  async databaseOf(folder: string): Promise<string> {
    if (this.#postgres === null) {
      this.#postgres = TestPostgres.start();
      atFileEnd(async () => {
        const server = this.#postgres;
        this.#postgres = null;
        await (await server)?.remove();
      });
    }
    const server = await this.#postgres;
    const known = this.#databases.get(folder) ?? server.newDatabase();
    this.#databases.set(folder, known);
    return known;
  }
}

const servers = new Servers();

export async function homeOptions(home: Home, folder: string): Promise<Partial<EngineOptions>> {
  switch (home) {
    case 'disk':
      return { dataFolder: folder };
    case 'memory':
      return { dataFolder: 'memory' };
    case 'redis':
      return { dataFolder: 'memory', redis: (await servers.redis()).socket, cluster: path.basename(folder) };
    case 'shared':
      return { dataFolder: folder, redis: (await servers.redis()).socket, cluster: path.basename(folder) };
    case 'cluster': {
      const [redis, postgres] = [(await servers.redis()).socket, await servers.databaseOf(folder)];
      return { dataFolder: folder, postgres, redis, cluster: path.basename(folder) };
    }
  }
}

/** The Redis of this file's homes. */
export async function redisOfTests(): Promise<RedisServer> {
  return servers.redis();
}

/** Open an engine; whoever opens it disposes of it. */
export async function openEngine(home: Home, folder: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return createEngine({
    name: 'engine-under-test',
    ...(await homeOptions(home, folder)),
    threads: 1,
    actionGraceMs: 200,
    loggers: nullLoggers,
    ...options,
  });
}

/** A started engine of a test's own. */
export async function ownWorld(home: Home, options: Partial<EngineOptions> = {}): Promise<World> {
  const folder = temporaryFolder();
  const engine = await openEngine(home, folder, options);
  onTestFinished(() => engine.dispose(0));
  await engine.start();
  return new World(engine, home, folder, newBranch());
}

/** A home opens in a second; on a machine under load in many. */
const openingMs = 60_000;

/** Scenarios that every home plays. `world()` gives a test its branch of the file's engine, which is started. */
export function onEveryHome(
  title: string,
  scenarios: (world: () => World, home: Home) => void,
  options: Partial<EngineOptions> = {},
): void {
  describe.each(everyHome)(`${title}, %s`, home => {
    const folder = temporaryFolder();
    let engine: Engine;
    beforeAll(async () => {
      signals.forget();
      engine = await openEngine(home, folder, options);
      await engine.start();
    }, openingMs);
    afterAll(() => engine.dispose(0), openingMs);
    scenarios(() => new World(engine, home, folder, newBranch()), home);
  });
}
