// Never more than N: engines under throttles (per engine and cluster-wide, of a tree of branches) are killed, stopped for longer
// than their leases, and lose their queue, while limits are raised, lowered and taken away. What actions have written of
// themselves is swept: at no moment did more execute below a branch than its limit lets. A limit that is lowered counts once the queue
// tells that what it gave out before has come back.
//
// A stopped engine that goes on is a zombie: others may have been given what it held. It is left out by name, from the moment it
// stands still until it has joined again, and its executions are counted apart.
//
// SEED (default 1; `random` draws one) and ROUNDS (default 1) in the environment make it a torture.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openCount } from '../fixtures/ledger/exported.mjs';
import { branches, definitions } from '../fixtures/ledger/throttled.mjs';
import { nemesis, seeded } from '../ledger/nemesis.js';
import { sweepLedger } from '../ledger/swept-ledger.js';
import { seed } from '../seed.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';
import '../store/postgres-module.js';
import { type LimitName, ThrottledCluster } from './throttled-cluster.js';

const rounds = Number(process.env.ROUNDS ?? 1);
const openMax = 80;
/** One of so many instances executes so long that it does while its queue is lost and found. */
const longEvery = 12;
/** Each comes so often in a round, all through which one engine stands still. */
const disturbances = ['kill', 'wipe', 'wipe', 'set', 'set', 'set'] as const;

const servers = redisAndPostgres();
const random = seeded(seed);
const draw = (below: number): number => Math.floor(random() * below);

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map(each => ({ each, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

/** Until it is told to stop. */
function submitting(cluster: ThrottledCluster): () => Promise<number> {
  let isOver = false;
  let submitted = 0;
  const going = (async (): Promise<void> => {
    for (; !isOver; await passed(200)) {
      if ((await openCount(cluster.operator)) > openMax) continue;
      const records = Array.from({ length: 20 }, () => ({
        workflow: definitions[draw(definitions.length)]!.name,
        input: { sleepMs: draw(longEvery) === 0 ? 300 + draw(700) : draw(10) },
        ...(draw(2) === 0 ? {} : { priority: 1 + draw(20) }),
      }));
      await cluster.operator.submit(records);
      submitted += records.length;
    }
  })();
  return async () => {
    isOver = true;
    await going;
    return submitted;
  };
}

async function disturb(cluster: ThrottledCluster, what: (typeof disturbances)[number]): Promise<void> {
  const victim = cluster.children[draw(cluster.children.length)]!;
  switch (what) {
    case 'kill':
      await cluster.kill(victim);
      return cluster.join();
    case 'wipe':
      return cluster.wipe();
    case 'set': {
      const branch = ['/', ...branches][draw(1 + branches.length)]!;
      const limit = (['perEngine', 'clusterWide'] as const)[draw(2)]!;
      return cluster.set(branch, limit, draw(6) === 0 ? null : 1 + draw(8));
    }
  }
}

/** Fails when more than N executed at once, and when no limit was ever reached. What failed is left to be looked at. */
function judge(folder: string, lapsed: readonly string[]): { readonly executions: number } {
  const { most, violations, ...numbers } = sweepLedger(join(folder, 'ledger.jsonl'), lapsed);
  const full = [...most.values()].reduce((sum, each) => sum + each.full, 0);
  console.log(`seed ${seed}, ${folder}`, { ...numbers, full, lapsed }, most);
  expect(violations.slice(0, 3), `seed ${seed}, ${folder}`).toEqual([]);
  expect(full).toBeGreaterThan(0);
  rmSync(folder, { recursive: true });
  return numbers;
}

test(
  'three engines that are killed, stopped, and lose their queue never execute more than throttles let',
  async () => {
    const cluster = await ThrottledCluster.start(servers.redis, await servers.postgres.newDatabase());
    const limits: [string, LimitName, number][] = [
      ['/', 'clusterWide', 12],
      ['/sweep/a/', 'clusterWide', 5],
      ['/sweep/a/x/', 'perEngine', 1],
      ['/sweep/b/', 'perEngine', 2],
      ['/sweep/b/y/', 'clusterWide', 2],
    ];
    await cluster.join();
    for (const limit of limits) await cluster.set(...limit);
    await Promise.all([cluster.join(), cluster.join()]);
    const stop = submitting(cluster);
    for (let round = 0; round < rounds; round++) {
      await passed(500);
      const paused = cluster.pause(cluster.children[draw(cluster.children.length)]!);
      for (const what of shuffled(disturbances)) {
        await passed(100 + draw(500));
        await disturb(cluster, what);
      }
      await paused;
    }
    const submitted = await stop();
    await cluster.settled(120_000);
    const { executions } = judge(cluster.folder, cluster.lapsedByThemselves);
    expect(executions).toBeGreaterThanOrEqual(submitted * 4);
  },
  180_000 + rounds * 120_000,
);

test(
  'an engine with its own queue, killed again and again, never executes more than throttles let',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-throttled-'));
    const throttles = ['/', ...branches].map(branch => ({
      branch,
      perEngine: draw(2) === 0 ? null : 3 + draw(5),
      clusterWide: branch === '/sweep/b/y/' ? 1 : 3 + draw(7),
    }));
    writeFileSync(join(folder, 'throttles.json'), JSON.stringify(throttles));
    const script = fileURLToPath(new URL('children/throttled-alone.mjs', import.meta.url));
    const kills = 2 * rounds;
    const instances = 40 + 15 * kills;
    const limitMs = 120_000 + kills * 20_000;
    await nemesis({ script, args: [folder, `${instances}`], kills, minMs: 50, maxMs: 700, limitMs });
    const { executions } = judge(folder, []);
    expect(executions).toBeGreaterThanOrEqual(instances * 4);
  },
  150_000 + rounds * 60_000,
);
