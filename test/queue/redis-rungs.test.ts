// A lane of many rungs in Redis, ordered by creation with a fairness window: what is set of its branch costs as much as for a lane
// of few, and the claims after it are in the order of a queue where it was set from the first.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { RedisServer } from '../servers/redis-server.js';
import { claimedPositions } from './queue-model.js';
import { claimOf, leaseMs, offerOf } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

let server!: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const nowMs = 10_000_000;
const windowMs = 1_000;
const branch = '/a/';

/** A rung each, of which the ones that became eligible first were created last, and a lane beside them. */
async function laneOf(world: RedisWorld, rungs: number): Promise<Queue> {
  const queue = world.connect({ nowMs: () => nowMs });
  await queue.attach('engine-1', leaseMs);
  await queue.open();
  await queue.setFifo('/', true);
  await queue.setFairness('/', windowMs);
  await queue.offer(
    Array.from({ length: rungs }, (_, at) =>
      offerOf(`s${at}`, 1, { name: '/a/flow', eligibleAtMs: nowMs - at * windowMs, createdAtMs: 100 + at }),
    ),
  );
  await queue.offer([offerOf('other', 1, { name: '/b/flow', eligibleAtMs: nowMs, createdAtMs: 1, priority: 40 })]);
  return queue;
}

const claim = (queue: Queue, limit: number) => claimOf(queue, { engine: 'engine-1', limit, leaseMs });

/** What the calls of one script run in Redis. */
async function commandsOf(call: () => Promise<void>): Promise<number> {
  const count = async (): Promise<number> => {
    const stats = await server.client.info('commandstats');
    const calls = [...stats.matchAll(/^cmdstat_(?!info|client|config)[^:]*:calls=(\d+)/gm)];
    return calls.reduce((sum, [, each]) => sum + Number(each), 0);
  };
  const before = await count();
  await call();
  return (await count()) - before;
}

test('another priority, bound or place of a lane costs the same whatever its rungs', async () => {
  const costs: number[][] = [];
  // The first also has the server learn the scripts.
  for (const rungs of [4, 40, 400]) {
    const world = new RedisWorld(server);
    const queue = await laneOf(world, rungs);
    const held = await claim(queue, 1);
    await queue.release(held!.id, held!.slices);
    const calls = [
      () => queue.setInheritedPriority(branch, 5),
      () => queue.setInheritedPriority(branch, 5_000),
      () => queue.setThrottle(branch, { perEngine: 3, clusterWide: null, rate: null }),
      () => queue.setThrottle(branch, null),
    ];
    const cost: number[] = [];
    for (const call of calls) cost.push(await commandsOf(call));
    costs.push(cost);
    await world.close();
  }
  expect(costs[2]).toEqual(costs[1]);
});

test('what has aged by one priority has not by another; the order is that of a queue that knew no other', async () => {
  const rungs = 1_200;
  const orderOf = async (priorities: readonly number[]): Promise<string[]> => {
    const world = new RedisWorld(server);
    const queue = await laneOf(world, rungs);
    for (const priority of priorities) {
      await queue.setInheritedPriority(branch, priority);
      // All that has aged by now is found so.
      const held = await claim(queue, 2);
      await queue.release(held!.id, held!.slices);
    }
    const order: string[] = [];
    for (let held = await claim(queue, 400); held !== null; held = await claim(queue, 400)) {
      order.push(...claimedPositions(held));
      await queue.settle(held.id, held.slices);
    }
    expect(await server.client.exists(world.keyOf('heads'), world.keyOf('ageing'), world.keyOf('rungs'))).toBe(0);
    await world.close();
    return order;
  };
  for (const last of [1, 600, 5_000]) {
    expect(await orderOf([2, 900, last])).toEqual(await orderOf([last]));
  }
  expect(new Set(await orderOf([300])).size).toBe(rungs + 1);
});

test('where something is counts what is before it of a lane of many rungs, its own or another', async () => {
  const world = new RedisWorld(server);
  const queue = await laneOf(world, 30);
  await queue.setInheritedPriority(branch, 20);
  const all = await claim(queue, 99);
  const [first, ...order] = claimedPositions(all).map(position => position.split(':')[0]!);
  // Eleven have aged to priority 1, and are by creation; of the others who has waited longer is before.
  const younger = Array.from({ length: 19 }, (_, at) => `s${18 - at}`);
  expect([first, ...order]).toEqual([...Array.from({ length: 11 }, (_, at) => `s${19 + at}`), ...younger, 'other']);
  await queue.release(all!.id, all!.slices);
  const held = await claim(queue, 1);
  await queue.settle(held!.id, held!.slices);
  for (const [at, segment] of order.entries())
    expect(await queue.whereIs(segment, 0)).toMatchObject({ kind: 'ready', before: at });
  await world.close();
});

test('what has aged too early under a lower priority is taken back in every lane before the next is claimed', async () => {
  const world = new RedisWorld(server);
  const queue = await laneOf(world, 0);
  await queue.setInheritedPriority(branch, 2);
  // More lanes than a call looks at, in which nothing changes; behind them those that have aged under the lower priority alone.
  const old = Array.from({ length: 600 }, (_, at) =>
    offerOf(`old${at}`, 1, { name: `/a/${1_000 + at}/flow`, eligibleAtMs: 1_000, createdAtMs: 1_000 + at }),
  );
  const young = Array.from({ length: 400 }, (_, at) =>
    offerOf(`young${at}`, 1, { name: `/a/z${1_000 + at}/flow`, eligibleAtMs: nowMs - 10 * windowMs, createdAtMs: 1 }),
  );
  await queue.offer([...old, ...young]);
  for (let round = 0; round < 5; round++) {
    const held = await claim(queue, 1);
    await queue.release(held!.id, held!.slices);
  }
  await queue.setInheritedPriority(branch, 400);
  expect(claimedPositions(await claim(queue, 3))).toEqual(['old0:0', 'old1:0', 'old2:0']);
  await world.close();
});

test('where one is, it is before what has aged under a lower priority alone', async () => {
  const world = new RedisWorld(server);
  const queue = await laneOf(world, 0);
  await queue.setInheritedPriority(branch, 2);
  await queue.offer(
    [10, 11, 12].map(age =>
      offerOf(`s${age}`, 10, { name: '/a/flow', eligibleAtMs: nowMs - age * windowMs, createdAtMs: 1 }),
    ),
  );
  const held = await claim(queue, 1);
  await queue.release(held!.id, held!.slices);
  await queue.setInheritedPriority(branch, 4_000);
  expect(await queue.whereIs('other', 0)).toMatchObject({ kind: 'ready', before: 0 });
  expect(claimedPositions(await claim(queue, 1))).toEqual(['other:0']);
  await world.close();
});
