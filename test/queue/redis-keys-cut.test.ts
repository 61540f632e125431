// Rules for keys in Redis where somebody dies between two calls that set them, and what is set again by whoever comes next.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Offer, Queue, Throttle } from '../../src/queue/contract.js';
import type { KeyRules } from '../../src/queue/key-rules.js';
import { setKeys } from '../../src/queue/redis/scripts/set-keys.js';
import { setThrottle } from '../../src/queue/redis/scripts/set-throttle.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions } from './queue-model.js';
import { offerOf } from './queue-world.js';
import { TimedRedis } from './timed-redis.js';

const redis = new TimedRedis();
let queue!: Queue;
beforeEach(async () => {
  queue = await redis.opened();
});

const claim = (limit: number) => redis.claim(queue, limit);
const upTo = (clusterWide: number | null): KeyRules => rulesOf({ each: { clusterWide, rate: null } });
const bound: Throttle = { perEngine: null, clusterWide: 100, rate: null };

/** The first page of what sets them, of ten nodes and lanes; nobody goes on. */
const caller = () => queue as unknown as Parameters<typeof setKeys>[0];
const cutKeys = async (branch: string, rules: KeyRules | null): Promise<void> =>
  expect(await setKeys(caller(), { branch, rules, progress: null, most: 10 })).not.toBeNull();
const cutThrottle = async (branch: string, throttle: Throttle | null): Promise<void> =>
  expect(await setThrottle(caller(), { branch, throttle, progress: null, most: 10 })).not.toBeNull();

/** What a cut leaves as it was: a key in a lane behind twenty others below `/a/`, and claimed before them. */
const ofX = (segment: string, members: number): Offer =>
  offerOf(segment, members, { name: '/a/z/flow', key: 'x', eligibleAtMs: 1 });
const others = Array.from({ length: 20 }, (_, at) =>
  offerOf(`other-${at}`, 1, { name: `/a/b${String(at).padStart(2, '0')}/flow`, key: `k${at}`, eligibleAtMs: 2 }),
);

describe('rules for keys in Redis that were not carried out to their end', () => {
  test('what is held counts, though it was a throttle that brought its lane to the key', async () => {
    await queue.offer([ofX('x', 3), ...others]);
    const held = await claim(3);
    expect(claimedPositions(held)).toEqual(['x:0', 'x:1', 'x:2']);
    await queue.setThrottle('/a/', bound);
    await cutKeys('/a/', upTo(3));
    await queue.setThrottle('/a/', bound);
    await queue.setKeys('/a/', upTo(3));
    await queue.offer([ofX('more', 4)]);
    expect(claimedPositions(await claim(1))).toEqual(['other-0:0']);
    await queue.settle(held!.id, [{ segment: 'x', from: 0, to: 1 }]);
    expect(claimedPositions(await claim(2))).toEqual(['more:0', 'other-1:0']);
    await queue.settle(held!.id, [{ segment: 'x', from: 1, to: 3 }]);
    expect(claimedPositions(await claim(3))).toEqual(['more:1', 'more:2', 'other-2:0']);
  });

  test('what has been settled while a key had no limit holds nothing when it has one again', async () => {
    await queue.setKeys('/', upTo(3));
    await queue.offer([ofX('x', 6), ...others]);
    const held = await claim(3);
    expect(claimedPositions(held)).toEqual(['x:0', 'x:1', 'x:2']);
    await cutKeys('/', upTo(null));
    await queue.settle(held!.id, held!.slices);
    await queue.setKeys('/', upTo(3));
    expect(claimedPositions(await claim(4))).toEqual(['x:3', 'x:4', 'x:5', 'other-0:0']);
  });

  test('a branch that rules or a throttle are leaving stays until the same has gone to its end', async () => {
    const sharing = rulesOf({ each: upTo(3).each, weights: { of: new Map([['x', 2]]), others: 1 } });
    await queue.offer([ofX('x', 6), ...others]);
    await queue.setKeys('/a/', sharing);
    await cutKeys('/a/', null);
    await queue.setThrottle('/a/', null);
    expect((await queue.settings()).get('/a/')).toMatchObject({ keys: null, throttle: null, isWhole: false });
    await queue.setKeys('/a/', null);
    expect(await queue.settings()).toEqual(new Map());
    await queue.setThrottle('/a/', bound);
    await cutThrottle('/a/', null);
    await queue.setKeys('/a/', null);
    expect((await queue.settings()).get('/a/')).toMatchObject({ keys: null, throttle: null, isWhole: false });
    await queue.setThrottle('/a/', null);
    expect(await queue.settings()).toEqual(new Map());
    for (let left = 26; left > 0; ) {
      const held = await claim(left);
      await queue.settle(held!.id, held!.slices);
      left -= held!.count;
    }
    expect(await redis.world.keys()).toEqual(redis.plainKeys(queue));
  });
});
