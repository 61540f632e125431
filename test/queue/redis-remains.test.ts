// What is left in Redis of throttles, keys, shares and who has claimed, once none is set any more and all is done: nothing, whatever
// was done before. What is left over would be read again as if it were true when the same is set again.
//
// SEED (default 1; `random` draws one) and SEEDS (how many) in the environment make it a torture.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Claim, Queue } from '../../src/queue/contract.js';
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
const rules = [
  null,
  rulesOf({ each: { clusterWide: 2, rate: null } }),
  rulesOf({ isStrict: true }),
  rulesOf({ weights: { of: new Map([['x', 3]]), others: 1 } }),
];

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
    const kind = draw(10);
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
    } else if (isCut) {
      await setKeys(caller, { branch, rules: pick(rules), progress: null, most });
    } else {
      await queue.setKeys(branch, pick(rules));
    }
  }
  for (const branch of branches) {
    await queue.setThrottle(branch, null);
    await queue.setKeys(branch, null);
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
    await world.close();
  }
});
