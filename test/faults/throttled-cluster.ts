// Three engines in three processes under throttles that change, and what is known of them marked in the ledger for the sweep.
//
// A process is an engine of its own, and none has the name of one before it: so a mark names one.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/index.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { BranchSettings, ThrottleState } from '../../src/queue/contract.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { openCount } from '../fixtures/ledger/exported.mjs';
import { definitions } from '../fixtures/ledger/throttled.mjs';
import type { SweptBound } from '../ledger/sweep.js';
import { markLedger } from '../ledger/swept-ledger.js';
import type { RedisServer } from '../servers/redis-server.js';
import { standStill } from '../servers/standstill.js';
import type { Child } from './child-process.js';
import { child } from './setup.js';

/** Longer than a busy machine keeps an engine from its leases. */
const leaseMs = 5_000;
/** Generous, for machines that do much else. */
const inForceMs = 60_000;

type Limits = Pick<SweptBound, 'perEngine' | 'clusterWide'>;
export type LimitName = keyof Limits;

const properties: Readonly<Record<LimitName, string>> = {
  perEngine: 'CONCURRENCY_THROTTLE',
  clusterWide: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE',
};

export class ThrottledCluster {
  readonly folder: string;
  /** Those that run. */
  readonly children: Child[] = [];
  /** In which everything is submitted and set; it executes nothing. */
  readonly operator: Engine;
  readonly #redis: RedisServer;
  readonly #postgres: string;
  readonly #names = new Map<Child, string>();
  readonly #killed = new Set<string>();
  readonly #paused = new Set<string>();
  readonly #limits = new Map<string, Limits>();

  private constructor(folder: string, operator: Engine, redis: RedisServer, postgres: string) {
    this.folder = folder;
    this.operator = operator;
    this.#redis = redis;
    this.#postgres = postgres;
  }

  /** @param postgres URL of an empty database */
  static async start(redis: RedisServer, postgres: string): Promise<ThrottledCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-throttled-'));
    const operator = await createEngine({
      dataFolder: join(folder, 'data'),
      name: 'operator',
      cluster: clusterOf(folder),
      redis: redis.socket,
      postgres,
      leaseMs,
      threads: 1,
      loggers: nullLoggers,
    });
    onTestFinished(() => operator.dispose(0));
    const actions = new URL('../fixtures/ledger/', import.meta.url).pathname;
    for (const definition of definitions) await operator.deploy(definition, actions);
    return new ThrottledCluster(folder, operator, redis, postgres);
  }

  get ledger(): string {
    return join(this.folder, 'ledger.jsonl');
  }

  async join(): Promise<void> {
    const name = `engine-${this.#names.size + 1}`;
    const cluster = clusterOf(this.folder);
    const args = [this.folder, name, cluster, this.#redis.socket, this.#postgres, `${leaseMs}`];
    const joined = child('throttled.mjs', args);
    this.#names.set(joined, name);
    this.children.push(joined);
    await joined.line(/^ready/);
  }

  /** SIGKILL. Nobody is given its slots before its lease has ended, so it is of no account when it dies after the mark. */
  async kill(victim: Child): Promise<void> {
    markLedger(this.ledger, { kind: 'killed', engine: `${victim.process.pid}` });
    this.#killed.add(this.#names.get(victim)!);
    this.children.splice(this.children.indexOf(victim), 1);
    await victim.kill();
  }

  /** Stopped for longer than its lease: what it holds is given to others, and what it goes on executing is a zombie's. Meanwhile
   * it is none of `children`. */
  async pause(victim: Child): Promise<void> {
    const engine = `${victim.process.pid}`;
    this.#paused.add(this.#names.get(victim)!);
    this.children.splice(this.children.indexOf(victim), 1);
    await standStill(victim.process);
    markLedger(this.ledger, { kind: 'lapsed', engine });
    await passed(leaseMs + 1_000);
    victim.process.kill('SIGCONT');
    await victim.line(/^says this engine had been given up and has joined again/);
    markLedger(this.ledger, { kind: 'back', engine });
    this.children.push(victim);
  }

  /** Redis loses everything. */
  async wipe(): Promise<void> {
    await this.#redis.client.flushall();
  }

  /** Set a limit, or take it away (`null`), and see it in force. */
  async set(branch: string, limit: LimitName, value: number | null): Promise<void> {
    const before = this.#limits.get(branch) ?? { perEngine: null, clusterWide: null };
    const after = { ...before, [limit]: value };
    const isLowered = value !== null && (before[limit] === null || value < before[limit]);
    const mark = (): void => markLedger(this.ledger, { kind: 'bound', branch, ...after });
    if (!isLowered) mark();
    this.#limits.set(branch, after);
    const place = { branch, property: properties[limit] };
    if (value === null) await this.operator.configuration.unset(place);
    else await this.operator.configuration.set({ ...place, value });
    await this.#until(`${branch} ${limit} ${value} is in force`, async () =>
      isInForce(branch, after, await this.#ofQueue()),
    );
    if (isLowered) mark();
  }

  /** Until everything submitted has ended, and no slot is kept. */
  async settled(limitMs: number): Promise<void> {
    await this.#until('all has ended', async () => (await openCount(this.operator)) === 0, limitMs);
    await this.#until('slots come back', async () => {
      const there = await this.#ofQueue();
      return there !== null && [...there.throttles.values()].every(({ running }) => running === 0);
    });
  }

  /** Engines that lost leases although nobody stopped them: the machine was too busy. Their process ids. */
  get lapsedByThemselves(): string[] {
    const lapsed = new Set(
      [...this.#names.keys()]
        .flatMap(({ lines }) => lines)
        .flatMap(line => /^says leases ran out.* (\[.*\])$/.exec(line)?.slice(1) ?? [])
        .flatMap(names => JSON.parse(names) as string[]),
    );
    return [...this.#names]
      .filter(([, name]) => lapsed.has(name) && !this.#killed.has(name) && !this.#paused.has(name))
      .map(([{ process }]) => `${process.pid}`);
  }

  /** As the queue has them; `null` while it is lost, or not open. */
  async #ofQueue(): Promise<OfQueue | null> {
    const cluster = clusterOf(this.folder);
    const [state, store] = await this.#redis.client.hmget(`{millrace:${cluster}}:epoch`, 'state', 'store');
    if (state !== 'open' || store == null) return null;
    const queue = createRedisQueue({ url: this.#redis.socket, name: cluster, store });
    try {
      if ((await queue.attach('observer', 1)) !== 'open') return null;
      return { settings: await queue.settings(), throttles: await queue.throttles() };
    } catch (error) {
      if ((error as { code?: unknown }).code === 'QUEUE_LOST') return null;
      throw error;
    } finally {
      await queue.close();
    }
  }

  async #until(what: string, isSo: () => Promise<boolean>, limitMs = inForceMs): Promise<void> {
    for (const untilMs = performance.now() + limitMs; !(await isSo()); await passed(50)) {
      if (performance.now() > untilMs) throw new Error(`not within ${limitMs} ms: ${what}; ${this.folder}`);
    }
  }
}

interface OfQueue {
  readonly settings: ReadonlyMap<string, BranchSettings>;
  readonly throttles: ReadonlyMap<string, ThrottleState>;
}

/** Whether claims are held to it, and what was given out before has come back. */
function isInForce(branch: string, wanted: Limits, there: OfQueue | null): boolean {
  if (there === null || there.settings.get(branch)?.isWhole === false) return false;
  const { perEngine, clusterWide } = wanted;
  const set = there.throttles.get(branch);
  if (set === undefined) return perEngine === null && clusterWide === null;
  return (
    set.perEngine === perEngine &&
    set.clusterWide === clusterWide &&
    set.running <= (clusterWide ?? Number.POSITIVE_INFINITY) &&
    [...set.runningBy.values()].every(running => running <= (perEngine ?? Number.POSITIVE_INFINITY))
  );
}

function clusterOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1);
}
