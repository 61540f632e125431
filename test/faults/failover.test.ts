// Faults 1, 4 and 8: of three engines in three processes under load the master is killed, and the next one stopped for
// three leases and let go on. A new master leads within the lease plus one second; nothing is lost, nothing is committed
// twice; whoever was given up joins anew; what the dead one held is audited as a failover.

import { setTimeout as passed } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../ledger/checker.js';
import { judge } from '../ledger/judge.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';
import { standStill } from '../servers/standstill.js';
import type { Child } from './child-process.js';
import { type AtEnd, LoadCluster } from './load-cluster.js';

const leaseMs = 3_000;
const limitMs = 120_000;
/** The lease plus one second, and what a busy machine takes. */
const followedMs = leaseMs + 1_000 + 5_000;
const master = /^says this engine is master$/;

const servers = redisAndPostgres();

/** Three engines under load; the first one leads. */
async function started(home: string, atEnd?: AtEnd): Promise<LoadCluster> {
  const options = {
    redis: servers.redis.socket,
    leaseMs,
    env: { LOAD_EVERY_MS: '100', LOAD_MAX: '1500' },
    ...(home === 'PostgreSQL' ? { postgres: await servers.postgres.newDatabase() } : {}),
  };
  return LoadCluster.start(options, atEnd);
}

/** Stop the engine `a` at a moment at which it holds claims. */
async function stopHolding(first: Child, { name }: LoadCluster): Promise<void> {
  for (;;) {
    await standStill(first.process);
    // What it sent before is done, or on its way.
    await passed(20);
    const [running] = await servers.redis.client.keys(`{millrace:${name}}:*:running`);
    const held = Object.entries(running === undefined ? {} : await servers.redis.client.hgetall(running));
    // In the queue a mark stands behind the name.
    if (held.some(([engine, members]) => engine.startsWith('a ') && Number(members) >= 5)) return;
    first.process.kill('SIGCONT');
    await passed(50);
  }
}

/** Milliseconds until one of them says that it leads; and which. */
async function nextMaster(children: readonly Child[]): Promise<{ child: Child; tookMs: number }> {
  const beganAtMs = performance.now();
  const child = await Promise.race(
    children.map(async each => {
      await each.line(master);
      return each;
    }),
  );
  return { child, tookMs: Math.round(performance.now() - beganAtMs) };
}

/** All were killed in the end; `lapses`: stopped engines that went on. One that a busy machine kept from its leases counts too:
 * others say that they ran out. */
async function verdictOf(cluster: LoadCluster, lapses = 0): Promise<Verdict> {
  await cluster.settle(limitMs);
  const ranOut = cluster.children.flatMap(({ lines }) => lines).filter(line => /^says leases ran out/.test(line));
  const verdict = judge(cluster.folder, { kills: 3, lapses: Math.max(lapses, ranOut.length) }, 'failover');
  expect(verdict.acknowledged).toBeGreaterThan(200);
  return verdict;
}

describe.each(['PostgreSQL', 'one PGlite folder'])('three engines on %s', home => {
  test(
    'the master, who holds the folder too, is killed: another leads within the lease plus one second',
    async () => {
      const cluster = await started(home);
      const [first, ...others] = cluster.children as [Child, Child, Child];
      await first.line(master);
      await stopHolding(first, cluster);
      first.process.kill('SIGKILL');
      const { tookMs } = await nextMaster(others);
      console.log(`${home}: a new master ${tookMs} ms after kill -9, the lease is ${leaseMs} ms`);
      expect(tookMs).toBeLessThan(followedMs);
      await Promise.race(others.map(each => each.line(/^says leases ran out/)));
      await cluster.kill();
      const { failovers } = await verdictOf(cluster);
      expect(failovers).toBeGreaterThan(0);
    },
    limitMs,
  );
});

// Side by side: most of their time they wait.
test.concurrent(
  'a master stopped for three leases, then continued, is followed, joins anew and does no harm',
  async ({ onTestFinished }) => {
    const cluster = await started('PostgreSQL', onTestFinished);
    const [first, ...others] = cluster.children as [Child, Child, Child];
    await first.line(master);
    await stopHolding(first, cluster);
    const [{ child, tookMs }] = await Promise.all([nextMaster(others), passed(3 * leaseMs)]);
    console.log(`a new master ${tookMs} ms after SIGSTOP, the lease is ${leaseMs} ms`);
    expect(tookMs).toBeLessThan(followedMs);
    first.process.kill('SIGCONT');
    const continuedMs = performance.now();
    await first.line(/^says this engine had been given up and has joined again$/);
    console.log(`joined anew ${Math.round(performance.now() - continuedMs)} ms after SIGCONT`);
    // It works on, and whoever leads since goes on leading.
    await passed(2_000);
    expect(first.lines.filter(line => master.test(line))).toHaveLength(1);
    expect(child.lines).not.toContain('says this engine is master no longer');
    await cluster.kill();
    const { failovers } = await verdictOf(cluster, 1);
    expect(failovers).toBeGreaterThan(0);
  },
  limitMs,
);

test.concurrent(
  'a stopped engine keeps the folder it holds: the others wait, and all go on when it does',
  async ({ onTestFinished }) => {
    const cluster = await started('one PGlite folder', onTestFinished);
    const [first] = cluster.children as [Child, Child, Child];
    await first.line(master);
    await stopHolding(first, cluster);
    await passed(3 * leaseMs);
    first.process.kill('SIGCONT');
    await passed(2_000);
    for (const each of cluster.children) expect(each.process.exitCode).toBeNull();
    await cluster.kill();
    await verdictOf(cluster, 1);
  },
  limitMs,
);
