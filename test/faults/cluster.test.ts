// Faults 1 to 8 and 20 of a cluster: three engines in three processes share one store and one Redis, each is killed with
// SIGKILL again and again under load, and Redis loses everything in between. Nothing acknowledged may be missing, nothing
// committed twice, no audit have a gap, and nobody helps.
//
// SEED (default 1; `random` draws one) and KILLS (default 4, of each) in the environment make it a torture.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { judge } from '../ledger/judge.js';
import { nemesis } from '../ledger/nemesis.js';
import { seed } from '../seed.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';

const script = fileURLToPath(new URL('../ledger/load-child.mjs', import.meta.url));
const kills = Number(process.env.KILLS ?? 4);
const names = ['a', 'b', 'c'];
const limitMs = kills * 10_000 + 150_000;

const servers = redisAndPostgres();

describe.each(['PostgreSQL', 'one PGlite folder'])('three engines on %s', home => {
  test.each([
    ['each killed again and again', async () => undefined],
    [
      'each killed again and again, while Redis loses everything',
      async () => void (await servers.redis.client.flushall()),
    ],
  ])(
    '%s, lose nothing and commit nothing twice',
    async (_, disturb) => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
      const env = {
        LOAD_REDIS: servers.redis.socket,
        LOAD_CLUSTER: folder.slice(folder.lastIndexOf('/') + 1),
        LOAD_LEASE_MS: '3000',
        LOAD_MAX: '300',
        ...(home === 'PostgreSQL' ? { LOAD_POSTGRES: await servers.postgres.newDatabase() } : {}),
      };
      const disturbing = setInterval(() => void disturb(), 4_000);
      const reports = await Promise.all(
        names.map((name, at) =>
          nemesis({
            script,
            args: [folder],
            env: { ...env, LOAD_NAME: name, LOAD_EXPORT: '0' },
            kills,
            minMs: 200,
            maxMs: 3_000,
            duringStartShare: 0.2,
            limitMs,
            seed: seed + at,
          }),
        ),
      ).finally(() => clearInterval(disturbing));
      await nemesis({
        script,
        args: [folder],
        env: { ...env, LOAD_NAME: 'last' },
        kills: 0,
        minMs: 0,
        maxMs: 0,
        limitMs,
      });
      const numbers = judge(folder, { kills: reports.length * kills }, `${home}, seed ${seed}`);
      expect(numbers.acknowledged).toBeGreaterThan(500);
      expect(numbers.states.finished).toBeGreaterThan(numbers.instances / 2);
    },
    limitMs * 2,
  );
});
