// Faults 19, 20, 22, 25 and 31: three engines in three processes under load, while their Redis and their PostgreSQL lose
// what they know, stand still, come back, and answer into the void. Nobody is killed, so every attempt of every action
// executes once; nobody helps. Printed: how soon after each disturbance an instance that began then has run to its end.
//
// ROUNDS (default 1) in the environment makes every disturbance happen so many times as often.

import { setTimeout as passed } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { judge } from '../ledger/judge.js';
import { readLedger } from '../ledger/ledger.js';
import { recovered } from '../ledger/recovery.js';
import { checkWipes } from '../ledger/wipe-check.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';
import { TcpProxy } from '../servers/tcp-proxy.js';
import { LoadCluster } from './load-cluster.js';

const rounds = Number(process.env.ROUNDS ?? 1);
const limitMs = 120_000 + rounds * 60_000;
/** Generous, for machines that do much else: seconds at most were seen. */
const recoverMs = 15_000;
/** One instance in twenty executes for 2 s, so that some do at every wipe. */
const load = {
  LOAD_BATCH: '10',
  LOAD_EVERY_MS: '250',
  LOAD_MAX: '1000000',
  LOAD_LONG_EVERY: '20',
  LOAD_LONG_MS: '2000',
};

const servers = redisAndPostgres();

async function proxyTo(path: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.start({ path });
  onTestFinished(() => proxy.close());
  return proxy;
}

class Disturbed {
  readonly cluster: LoadCluster;
  /** When the queue lost all it had. */
  readonly #wipesMs: number[] = [];

  constructor(cluster: LoadCluster) {
    this.cluster = cluster;
  }

  /** Do it, and see how soon work goes on. */
  async by(what: string, disturb: () => Promise<unknown>): Promise<void> {
    await disturb();
    const tookMs = await recovered(this.cluster.ledger, recoverMs);
    console.log(`${what}: work went on ${tookMs} ms later`);
  }

  wiped(): void {
    this.#wipesMs.push(Date.now());
  }

  async byWipes(): Promise<void> {
    await passed(1_000); // until there is something executing
    await this.by('FLUSHALL', async () => {
      await servers.redis.client.flushall();
      this.wiped();
    });
    await this.by('Redis killed and restarted empty', async () => {
      await servers.redis.kill();
      this.wiped();
      await servers.redis.restart();
    });
  }

  /** What the ledger and the audit tell when all has come to its end. */
  async end(what: string, lapses: number): Promise<void> {
    expect(await this.cluster.stop()).toEqual([0, 0, 0]);
    await this.cluster.settle(limitMs);
    const wipes = checkWipes(readLedger(this.cluster.ledger).effects, this.#wipesMs);
    console.log(`${what}: ${wipes.executing} executing at ${this.#wipesMs.length} wipes`);
    expect(wipes.startedTwice).toEqual([]);
    expect(wipes.executing).toBeGreaterThan(0);
    const { acknowledged } = judge(this.cluster.folder, { kills: 0, lapses }, what);
    expect(acknowledged).toBeGreaterThan(500);
  }
}

/**
 * Again and again for so long, and until it has done what it is for: let one request of five through, and lose its
 * answer. How many were lost that had run.
 */
async function loseReplies(
  proxy: TcpProxy,
  isAsked: (request: Buffer) => boolean,
  hasRun: (reply: Buffer) => boolean,
): Promise<number> {
  let ran = 0;
  let asked = 0;
  for (const untilMs = performance.now() + rounds * 4_000; ran <= 5 || performance.now() < untilMs; await passed(50)) {
    if (hasRun(await proxy.loseReplyTo(request => isAsked(request) && ++asked % 5 === 0))) ran += 1;
  }
  return ran;
}

test(
  'wiped queues, flushed scripts, lost replies, restarts of PostgreSQL: nothing is lost, nothing executes twice',
  async () => {
    const redis = await proxyTo(servers.redis.socket);
    const postgres = await proxyTo(servers.postgres.socketPath);
    const { pathname } = new URL(await servers.postgres.newDatabase());
    const cluster = await LoadCluster.start({
      redis: `redis://127.0.0.1:${redis.port}`,
      postgres: `postgres://postgres@127.0.0.1:${postgres.port}${pathname}`,
      leaseMs: 6_000,
      env: load,
    });
    const disturbed = new Disturbed(cluster);
    // All the while, beside the others. While Redis is away there is nothing to flush.
    const flush = async (): Promise<void> => void (await servers.redis.client.script('FLUSH'));
    const flushing = setInterval(() => void flush().catch(() => {}), 1_000);
    onTestFinished(() => clearInterval(flushing));

    for (let round = 0; round < 2 * rounds; round++) await disturbed.byWipes();
    await disturbed.by('replies of Redis lost after the script ran', async () => {
      const ran = await loseReplies(
        redis,
        request => request.includes('evalsha'),
        reply => reply[0] !== 0x2d,
      ); // -
      console.log(`${ran} replies of Redis lost`);
      expect(ran).toBeGreaterThan(5);
    });
    await disturbed.by('replies of PostgreSQL lost after the commit ran', async () => {
      const ran = await loseReplies(
        postgres,
        request => request.includes('commit_record'),
        reply => reply.includes('INSERT'),
      );
      console.log(`${ran} replies of PostgreSQL lost`);
      expect(ran).toBeGreaterThan(5);
    });
    for (let round = 0; round < 3 * rounds; round++) {
      await passed(3_500);
      await disturbed.by(`PostgreSQL ${round % 2 === 0 ? 'crashed' : 'shut down'} and restarted`, async () => {
        await (round % 2 === 0 ? servers.postgres.crash() : servers.postgres.shutDown());
        await passed(500);
        await servers.postgres.run();
      });
    }
    clearInterval(flushing);
    await disturbed.end('PostgreSQL', 0);
  },
  limitMs,
);

test(
  'wiped queues and a Redis that stands still for more than three leases, on one PGlite folder: the same',
  async () => {
    const cluster = await LoadCluster.start({ redis: servers.redis.socket, leaseMs: 3_000, env: load });
    const disturbed = new Disturbed(cluster);
    for (let round = 0; round < rounds; round++) {
      await disturbed.byWipes();
      const isPaused = round % 2 === 1;
      await disturbed.by(`Redis ${isPaused ? 'paused' : 'stopped'} for 10 s`, async () => {
        if (isPaused) await servers.redis.client.client('PAUSE', 10_000);
        else await servers.redis.standStill();
        await passed(10_000);
        if (!isPaused) servers.redis.goOn();
      });
    }
    // Leases ran out: what had begun and was not committed may have been begun again.
    await disturbed.end('one PGlite folder', rounds);
  },
  limitMs,
);
