// Faults 1, 4 and 8: of three engines in three processes under load the master is killed, and the next one stopped for
// three leases and let go on. A new master leads within the lease plus one second; nothing is lost, nothing is committed
// twice; whoever was given up joins anew; what the dead one held is audited as a failover.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { definitions } from '../fixtures/ledger/workflows.mjs';
import { check, type Verdict } from '../ledger/checker.js';
import { type AuditExportRow, auditOf, type HistoryRow, historyOf } from '../ledger/export.js';
import { readLedger, readRecords } from '../ledger/ledger.js';
import { nemesis } from '../ledger/nemesis.js';
import { shapeOf } from '../ledger/shape.js';
import { readSubmitLog } from '../ledger/submit-log.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';
import { Child } from './child-process.js';

const script = fileURLToPath(new URL('../ledger/load-child.mjs', import.meta.url));
const leaseMs = 3_000;
const limitMs = 120_000;
const master = /^says this engine is master$/;

const servers = redisAndPostgres();

interface Cluster {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly children: Child[];
}

/** Three engines under load; the first one leads. */
async function started(home: string): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-failover-'));
  const env = {
    LOAD_REDIS: servers.redis.socket,
    LOAD_CLUSTER: folder.slice(folder.lastIndexOf('/') + 1),
    LOAD_LEASE_MS: `${leaseMs}`,
    LOAD_EVERY_MS: '100',
    LOAD_MAX: '1500',
    ...(home === 'PostgreSQL' ? { LOAD_POSTGRES: await servers.postgres.newDatabase() } : {}),
  };
  const children: Child[] = [];
  for (const name of ['a', 'b', 'c']) {
    const child = new Child(script, [folder], { ...env, LOAD_NAME: name, LOAD_TELL: '1' });
    onTestFinished(() => child.kill());
    children.push(child);
    await child.line(/^ready/);
  }
  return { folder, env, children };
}

/** Stop the engine `a` at a moment at which it holds claims. */
async function stopHolding(first: Child, { env }: Cluster): Promise<void> {
  for (;;) {
    first.process.kill('SIGSTOP');
    // What it sent before is done, or on its way.
    await passed(20);
    const [running] = await servers.redis.client.keys(`{millrace:${env.LOAD_CLUSTER}}:*:running`);
    if (running !== undefined && Number(await servers.redis.client.hget(running, 'a')) >= 5) return;
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

/** An engine more brings all to its end; what the ledger and the audit tell then. */
async function verdictOf({ folder, env }: Cluster, faults: number): Promise<Verdict> {
  const last = { script, args: [folder], env: { ...env, LOAD_NAME: 'last' }, kills: 0, minMs: 0, maxMs: 0, limitMs };
  await nemesis(last);
  const verdict = check({
    submitted: readSubmitLog(join(folder, 'submits.jsonl')).submitted,
    effects: readLedger(join(folder, 'ledger.jsonl')).effects,
    history: historyOf(readRecords<HistoryRow>(join(folder, 'history.jsonl')).records),
    audit: auditOf(readRecords<AuditExportRow>(join(folder, 'audit.jsonl')).records),
    workflows: new Map(definitions.map(definition => [definition.name, shapeOf(definition)])),
    kills: faults,
    everythingEnded: true,
  });
  const { violations, ...numbers } = verdict;
  console.log(folder, { ...numbers, violations: violations.length });
  expect(violations.slice(0, 20), folder).toEqual([]);
  expect(numbers.acknowledged).toBeGreaterThan(200);
  rmSync(folder, { recursive: true });
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
      expect(tookMs).toBeLessThan(leaseMs + 1_000);
      await Promise.race(others.map(each => each.line(/^says leases ran out/)));
      for (const child of others) await child.kill();
      const { failovers } = await verdictOf(cluster, 3);
      expect(failovers).toBeGreaterThan(0);
    },
    limitMs,
  );
});

test(
  'a master stopped for three leases, then continued, is followed, joins anew and does no harm',
  async () => {
    const cluster = await started('PostgreSQL');
    const [first, ...others] = cluster.children as [Child, Child, Child];
    await first.line(master);
    await stopHolding(first, cluster);
    const [{ child, tookMs }] = await Promise.all([nextMaster(others), passed(3 * leaseMs)]);
    console.log(`a new master ${tookMs} ms after SIGSTOP, the lease is ${leaseMs} ms`);
    expect(tookMs).toBeLessThan(leaseMs + 1_000);
    first.process.kill('SIGCONT');
    const continuedMs = performance.now();
    await first.line(/^says this engine had been given up and has joined again$/);
    console.log(`joined anew ${Math.round(performance.now() - continuedMs)} ms after SIGCONT`);
    // It works on, and whoever leads since goes on leading.
    await passed(2_000);
    expect(first.lines.filter(line => master.test(line))).toHaveLength(1);
    expect(child.lines).not.toContain('says this engine is master no longer');
    for (const each of cluster.children) await each.kill();
    const { failovers } = await verdictOf(cluster, 4);
    expect(failovers).toBeGreaterThan(0);
  },
  limitMs,
);

test(
  'a stopped engine keeps the folder it holds: the others wait, and all go on when it does',
  async () => {
    const cluster = await started('one PGlite folder');
    const [first] = cluster.children as [Child, Child, Child];
    await first.line(master);
    await stopHolding(first, cluster);
    await passed(3 * leaseMs);
    first.process.kill('SIGCONT');
    await passed(2_000);
    for (const each of cluster.children) expect(each.process.exitCode).toBeNull();
    for (const each of cluster.children) await each.kill();
    await verdictOf(cluster, 4);
  },
  limitMs,
);
