// What is left in Redis of throttles, keys, shares and who has claimed, once none is set any more and all is done: nothing, whatever
// was done before. What is left over would be read again as if it were true when the same is set again.
//
// SEED (default 1; `random` draws one) and SEEDS (how many) in the environment make it a torture.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Claim, Queue } from '../../src/queue/contract.js';
import { setFairness } from '../../src/queue/redis/scripts/set-fairness.js';
import { setFifo } from '../../src/queue/redis/scripts/set-fifo.js';
import { setKeys } from '../../src/queue/redis/scripts/set-keys.js';
import { setThrottle } from '../../src/queue/redis/scripts/set-throttle.js';
import { seeded } from '../ledger/nemesis.js';
import { seed } from '../seed.js';
import { RedisServer } from '../servers/redis-server.js';
import { rulesOf } from './conformance-keys.js';
import { claimOf, offerOf } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

let server!: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const seeds = Number(process.env.SEEDS ?? 12);
const steps = 120;
const leaseMs = 1_000_000_000;
const branches = ['/', '/a/', '/a/b/', '/a/b/c/', '/d/'];
const throttles = [
  null,
  { perEngine: 2, clusterWide: null, rate: null },
  { perEngine: null, clusterWide: 3, rate: null },
  { perEngine: 1, clusterWide: 4, rate: null },
];
const windows = [null, 'off', 700, 5_000, 90_000] as const;
const rules = [
  null,
  rulesOf({ each: { clusterWide: 2, rate: null } }),
  rulesOf({ isStrict: true }),
  rulesOf({ weights: { of: new Map([['x', 3]]), others: 1 } }),
];

const windowsOf = (world: RedisWorld): Promise<string | null> =>
  server.client.hget(`{millrace:${world.name}}:epoch`, 'windows');

/** @param cuts whether calls that set something may be their first page alone */
async function shaken(
  queue: Queue,
  draw: (below: number) => number,
  nowMs: { now: number },
  cuts: boolean,
): Promise<void> {
  const pick = <T>(all: readonly T[]): T => all[draw(all.length)]!;
  const caller = queue as unknown as Parameters<typeof setThrottle>[0];
  const held: Claim[] = [];
  const finish = async (claim: Claim | undefined): Promise<void> => {
    if (claim !== undefined) await queue.settle(claim.id, claim.slices);
  };
  for (let step = 0; step < steps; step++) {
    const kind = draw(13);
    const [branch, most] = [pick(branches), 1 + draw(4)];
    const isCut = cuts && draw(2) === 0;
    if (kind < 3) {
      const key = pick(['x', 'y', null]);
      const eligibleAtMs = nowMs.now - draw(1_000);
      await queue.offer([
        offerOf(`s${step}`, most, {
          name: `${branch}flow`,
          eligibleAtMs,
          createdAtMs: 1,
          ...(key === null ? {} : { key }),
        }),
      ]);
    } else if (kind < 5) {
      const claim = await claimOf(queue, { engine: pick(['A', 'B', 'C']), limit: most, leaseMs });
      if (claim !== null) held.push(claim);
    } else if (kind < 6) {
      await finish(held.splice(draw(held.length), 1)[0]);
    } else if (kind < 7) {
      nowMs.now += draw(70_000);
    } else if (kind < 9) {
      const throttle = pick(throttles);
      if (isCut) await setThrottle(caller, { branch, throttle, progress: null, most });
      else await queue.setThrottle(branch, throttle);
    } else if (kind < 10) {
      if (isCut) await setKeys(caller, { branch, rules: pick(rules), progress: null, most });
      else await queue.setKeys(branch, pick(rules));
    } else if (kind < 11) {
      if (isCut) await setFairness(caller, { branch, window: pick(windows), progress: null, most });
      else await queue.setFairness(branch, pick(windows));
    } else if (kind < 12) {
      if (isCut) await setFifo(caller, { branch, fifo: pick([true, false, null]), progress: null, most });
      else await queue.setFifo(branch, pick([true, false, null]));
    } else {
      await queue.setInheritedPriority(branch, pick([null, 1, 9, 40]));
    }
  }
  for (const branch of branches) {
    await queue.setThrottle(branch, null);
    await queue.setKeys(branch, null);
    await queue.setFairness(branch, null);
    await queue.setFifo(branch, null);
    await queue.setInheritedPriority(branch, null);
  }
  for (const claim of held) await finish(claim);
  for (let claim = await claimOf(queue, { engine: 'D', limit: 500, leaseMs }); claim !== null; ) {
    await finish(claim);
    claim = await claimOf(queue, { engine: 'D', limit: 500, leaseMs });
  }
}

test.each([false, true])(`nothing is left, over ${seeds} seeds (cut off: %s)`, { timeout: 120_000 }, async cuts => {
  for (let offset = 0; offset < seeds; offset++) {
    const world = new RedisWorld(server);
    const random = seeded(seed + offset);
    const clock = { now: 1_000_000 };
    const queue = world.connect({ nowMs: () => clock.now });
    await queue.attach('A', leaseMs);
    await queue.open();
    await shaken(queue, below => Math.floor(random() * below), clock, cuts);
    expect(await queue.counts()).toMatchObject({ ready: 0, delayed: 0, claimed: 0 });
    const left = (await world.keys()).filter(name => name !== 'epoch' && name !== 'epochs' && name !== queue.epoch);
    expect(left, `seed ${seed + offset}`).toEqual([]);
    expect(await windowsOf(world)).toBeNull();
    await world.close();
  }
});

test('of fairness windows set one after another nothing is left but of the one that stands', async () => {
  const sizes = async (windows: readonly number[]): Promise<unknown> => {
    const world = new RedisWorld(server);
    const queue = world.connect({ nowMs: () => 1_000_000 });
    await queue.attach('A', leaseMs);
    await queue.open();
    await queue.setThrottle('/a/b/', { perEngine: 2, clusterWide: null, rate: null });
    await queue.setKeys('/a/', rulesOf({ weights: { of: new Map([['x', 3]]), others: 1 } }));
    await queue.setFifo('/a/b/', true);
    const offers = ['x', 'y', null].map((key, at) =>
      offerOf(`s${at}`, 2, {
        name: '/a/b/flow',
        eligibleAtMs: 1_000 * at,
        createdAtMs: 9 - at,
        ...(key === null ? {} : { key }),
      }),
    );
    await queue.offer([...offers, offerOf('above', 2, { name: '/a/flow', eligibleAtMs: 1, createdAtMs: 1 })]);
    for (const window of windows) {
      await queue.setFairness('/', window);
      await queue.setFairness('/a/b/', window + 1);
      for (const engine of ['A', 'B']) {
        const held = await claimOf(queue, { engine, limit: 3, leaseMs });
        await queue.release(held!.id, held!.slices);
      }
      await queue.setFairness('/a/b/', null);
    }
    const found: Record<string, unknown> = { windows: await windowsOf(world) };
    for (const name of await world.keys()) {
      if (name.startsWith('epoch') || name === queue.epoch) continue;
      const key = world.keyOf('').slice(0, -1 - queue.epoch!.length) + name;
      const type = await server.client.type(key);
      if (type === 'hash') found[name.slice(queue.epoch!.length)] = await server.client.hlen(key);
      if (type === 'zset') found[name.slice(queue.epoch!.length)] = await server.client.zcard(key);
    }
    await world.close();
    return found;
  };
  const many = Array.from({ length: 40 }, (_, at) => 500 + 10 * at);
  expect(await sizes(many)).toEqual(await sizes(many.slice(-1)));
});
