// Never more than N, on the queue alone: engines claim, give back, die and come back by seeds while throttles are set, raised,
// lowered and taken away, keys have bounds of their own, and the queue is wiped; the intervals in which members are held are swept.
// Each seed comes to its end: no slot is lost, so nothing is stuck.
//
// SEED (default 1; `random` draws one) and SWEEPS (seeds on each home) in the environment make it a torture.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { seeded } from '../ledger/nemesis.js';
import { sweep } from '../ledger/sweep.js';
import { seed } from '../seed.js';
import { RedisServer } from '../servers/redis-server.js';
import { RedisWorld } from './redis-world.js';
import { type LoadHome, type LoadOptions, ThrottleLoad } from './throttle-load.js';

let server!: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

/** Its engines live in its process, and die with it. */
function embedded(): LoadHome {
  let queue: Queue | null = null;
  return {
    connect: nowMs => {
      queue ??= new EmbeddedQueue(nowMs);
      return queue;
    },
    wipe: async () => {
      queue = null;
      return false;
    },
  };
}

function redis(): LoadHome {
  const world = new RedisWorld(server);
  return {
    connect: nowMs => world.connect({ nowMs }),
    wipe: async () => {
      await server.client.flushall();
      return true;
    },
  };
}

async function swept(home: LoadHome, offset: number, fault?: LoadOptions['fault']) {
  const random = seeded(seed + offset);
  const draw = (below: number): number => Math.floor(random() * below);
  const load = new ThrottleLoad(home, { random: draw, rounds: 25, ...(fault === undefined ? {} : { fault }) });
  await load.run();
  return { load, found: sweep(load.marks) };
}

const asked = process.env.SWEEPS;
/** Fewer where a call is a round trip. */
const homes = [
  ['embedded', Number(asked ?? 30), embedded],
  ['Redis', Number(asked ?? 8), redis],
] as const;

describe.each(homes)('%s', (name, sweeps, home) => {
  test(
    `no throttle lets more than N be held at once, over ${sweeps} seeds`,
    async () => {
      const seen = { executions: 0, full: 0, fullByKey: 0, kills: 0, wipes: 0, zombies: 0 };
      for (let offset = 0; offset < sweeps; offset++) {
        const { load, found } = await swept(home(), offset);
        expect(found.violations.slice(0, 3), `${name}, seed ${seed + offset}`).toEqual([]);
        seen.executions += found.executions;
        seen.zombies += found.zombies;
        seen.kills += load.kills;
        seen.wipes += load.wipes;
        for (const [branch, { full }] of found.most) seen[branch.startsWith('key ') ? 'fullByKey' : 'full'] += full;
      }
      console.log(name, sweeps, 'seeds from', seed, seen);
      // The limits were what held it.
      expect(seen.full).toBeGreaterThan(seen.executions / 4);
      expect(seen.fullByKey).toBeGreaterThan(sweeps);
      expect(seen.kills).toBeGreaterThan(sweeps);
      expect(seen.wipes).toBeGreaterThan(sweeps);
    },
    60_000 + sweeps * 5_000,
  );
});

describe('what is planted is found', () => {
  test.each(['unannounced', 'late throttles'] as const)(
    'a wiped queue that opens with %s',
    async fault => {
      const violations = [];
      for (let offset = 0; offset < 10 && violations.length === 0; offset++) {
        violations.push(...(await swept(redis(), offset, fault)).found.violations);
      }
      expect(violations).not.toEqual([]);
    },
    60_000,
  );
});
