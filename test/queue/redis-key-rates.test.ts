// A rate of each key in Redis, beyond the contract's suite: what one script does not do in one go, what is left behind, how many
// keys are remembered, and a queue that was wiped.

import { describe, expect, test } from 'vitest';
import type { Offer, Queue, Rate } from '../../src/queue/contract.js';
import { type KeyRules, spentKeysMax } from '../../src/queue/key-rules.js';
import { setKeys } from '../../src/queue/redis/scripts/set-keys.js';
import { ratedTo } from './conformance-key-rates.js';
import { claimedPositions, eligibleInMs } from './queue-model.js';
import { leaseMs, offerOf, range } from './queue-world.js';
import { RateModel } from './rate-model.js';
import { TimedRedis } from './timed-redis.js';

const redis = new TimedRedis();
const { opened, claim } = redis;
const aSecond = ratedTo({ members: 1, perMs: 1_000, burst: 3 });
const ofKey = (key: string, members: number, at = 1): Offer =>
  offerOf(key, members, { key, eligibleAtMs: at, createdAtMs: at });
const ofKeys = (many: number, members: number): Offer[] =>
  Array.from({ length: many }, (_, at) => ofKey(`k${at}`, members, 1 + at));

async function settleAll(queue: Queue): Promise<number> {
  let settled = 0;
  for (let held = await claim(queue, 10_000); held !== null; held = await claim(queue, 10_000)) {
    await queue.settle(held.id, held.slices);
    settled += held.count;
  }
  return settled;
}

describe('a rate of each key in Redis', () => {
  test('more keys that have a token again than one script brings back into sight, and none is left behind', async () => {
    const many = 1_100;
    const queue = await opened();
    await queue.setKeys('/branch/', aSecond);
    await queue.offer(ofKeys(many, 2));
    expect(await claim(queue, 9)).toBeNull();
    redis.nowMs += 1_000;
    expect(await settleAll(queue)).toBe(many);
    expect(await eligibleInMs(queue)).toBe(1_000);
    redis.nowMs += 1_000;
    expect(await settleAll(queue)).toBe(many);
    // None has anything in the queue: they rest.
    expect(await eligibleInMs(queue)).toBeNull();
    const plain = redis.plainKeys(queue);
    const ofRules = [
      ...plain,
      ...['node-names', 'nodes', 'key-rules', 'buckets:1'].map(part => `${queue.epoch}:${part}`),
    ];
    const ofRest = ['spending', 'spent:1'].map(part => `${queue.epoch}:${part}`);
    expect(await redis.world.keys()).toEqual([...ofRules, ...ofRest].sort());
    redis.nowMs += 2_999;
    for (let call = 0; call < 4; call++) expect(await claim(queue, 1)).toBeNull();
    redis.nowMs += 1;
    for (let call = 0; call < 3; call++) expect(await claim(queue, 1)).toBeNull();
    expect(await redis.world.keys()).toEqual([...ofRules].sort());
    expect(await redis.server.client.hkeys(`{millrace:${redis.world.name}}:${queue.epoch}:buckets:1`)).toEqual(['1~']);
    await queue.setKeys('/branch/', null);
    expect(await redis.world.keys()).toEqual(plain);
  });

  test('another rate while more keys wait than one script has follow, and have a token: all are claimed, and none is due twice', async () => {
    const many = 1_100;
    const queue = await opened();
    await queue.setKeys('/branch/', aSecond);
    await queue.offer(ofKeys(many, 2));
    expect(await claim(queue, 9)).toBeNull();
    redis.nowMs += 1_500;
    await queue.setKeys('/branch/', ratedTo({ members: 1, perMs: 2_000, burst: 3 }));
    // Nothing may be claimed, and nothing says to look again at once.
    await queue.setThrottle('/branch/', { perEngine: null, clusterWide: 0, rate: null });
    expect(await claim(queue, 9)).toBeNull();
    expect(await eligibleInMs(queue)).toBeNull();
    await queue.setThrottle('/branch/', null);
    expect(await settleAll(queue)).toBe(many);
    // Half a token was kept.
    expect(await eligibleInMs(queue)).toBe(1_000);
  });

  test('taken away while keys wait, are claimed and rest, it leaves nothing behind', async () => {
    const queue = await opened();
    await queue.setKeys('/', aSecond);
    redis.nowMs += 3_000;
    await queue.offer(ofKeys(3, 4));
    const held = await claim(queue, 9);
    expect(held!.count).toBe(9);
    await queue.settle(held!.id, held!.slices.slice(0, 1));
    await queue.withdraw([{ segment: 'k0', from: 0, to: 9 }]);
    await queue.setKeys('/', null);
    await queue.settle(held!.id, held!.slices);
    expect(await settleAll(queue)).toBe(2);
    expect(await eligibleInMs(queue)).toBeNull();
    expect(await redis.world.keys()).toEqual(redis.plainKeys(queue));
  });

  test('of keys that rest so many are remembered; who comes later has no more than the one that was let go', async () => {
    const queue = await opened();
    await queue.setKeys('/', aSecond);
    redis.nowMs += 3_000;
    // So many that have two tokens; those they had would be all there in a second.
    const at = (part: string): string => `{millrace:${redis.world.name}}:${queue.epoch}:${part}`;
    await redis.server.client.eval(
      `for index = 1, ${spentKeysMax} do
         redis.call('ZADD', KEYS[1], ARGV[1] + 1000, '0~once' .. index)
         redis.call('HSET', KEYS[2], '0~once' .. index, '2000|' .. ARGV[1] .. '|1')
       end
       redis.call('ZADD', KEYS[3], ARGV[1] + 1000, '0')`,
      3,
      ...['spent:0', 'buckets:0', 'spending'].map(at),
      redis.nowMs,
    );
    await queue.offer([ofKey('x', 3)]);
    expect(await settleAll(queue)).toBe(3);
    expect(await redis.server.client.zcard(at('spent:0'))).toBe(spentKeysMax);
    await queue.offer([ofKey('x', 3), ofKey('new', 9, 2), ofKey('once9', 9, 3)]);
    expect(claimedPositions(await claim(queue, 99))).toEqual([...range('new', 0, 2), ...range('once9', 0, 2)]);
    redis.nowMs += 1_000;
    await queue.offer([ofKey('newer', 9, 4)]);
    expect(claimedPositions(await claim(queue, 99))).toEqual(['x:0', 'new:2', 'once9:2', ...range('newer', 0, 3)]);
  });

  test('of rules that are half set no key has more than they let it', async () => {
    const queue = await opened();
    await queue.setKeys('/', aSecond);
    await queue.offer(ofKeys(40, 9));
    redis.nowMs += 3_000;
    const caller = queue as unknown as Parameters<typeof setKeys>[0];
    const begin = (rules: KeyRules) => setKeys(caller, { branch: '/', rules, progress: null, most: 7 });
    expect(await begin(ratedTo({ members: 1, perMs: 60_000, burst: 2 }))).not.toBeNull();
    const counts = [await claim(queue, 999), await claim(queue, 999)].map(held => held?.count ?? 0);
    expect(counts).toEqual([80, 0]);
    await queue.setKeys('/', rulesWithoutRate);
    expect((await claim(queue, 40))!.count).toBe(40);
    // New again, and set to its end only by whoever comes next.
    expect(await begin(aSecond)).not.toBeNull();
    expect(await claim(queue, 999)).toBeNull();
    redis.nowMs += 1_000;
    // Of five keys all has been claimed.
    expect((await claim(queue, 999))!.count).toBe(35);
    await queue.setKeys('/', aSecond);
    expect(await eligibleInMs(queue)).toBe(1_000);
  });

  test('a rate that becomes another in many pages: between them no key has more than its rate lets it, and behind them just that', async () => {
    // A small hash is scanned in one go.
    await redis.server.client.config('SET', 'hash-max-listpack-entries', 0);
    const queue = await opened();
    const caller = queue as unknown as Parameters<typeof setKeys>[0];
    const names = Array.from({ length: 24 }, (_, at) => `k${at}`);
    const model = new RateModel();
    const follow = (rate: Rate | null) => {
      for (const name of names) model.set(name, rate, redis.nowMs);
    };
    /** Claims all there is, and settles it. @returns whether each key had all that the model lets it */
    const claimAll = async (): Promise<boolean> => {
      const claimed = new Map<string, number>();
      for (let held = await claim(queue, 999); held !== null; held = await claim(queue, 999)) {
        for (const { segment, from, to } of held.slices) claimed.set(segment, (claimed.get(segment) ?? 0) + to - from);
        await queue.settle(held.id, held.slices);
      }
      const isAllOf = names.map(name => {
        const tokens = model.tokens([name], redis.nowMs);
        const members = claimed.get(name) ?? 0;
        expect(members).toBeLessThanOrEqual(tokens);
        for (let each = 0; each < members; each++) model.take([name]);
        return members === tokens;
      });
      return isAllOf.every(isAll => isAll);
    };
    const first = { members: 2, perMs: 1_000, burst: 5 };
    await queue.setKeys('/', ratedTo(first));
    follow(first);
    await queue.offer(ofKeys(24, 400));
    redis.nowMs += 1_700;
    expect(await claimAll()).toBe(true);
    const rates: (Rate | null)[] = [
      { members: 7, perMs: 900, burst: 3 },
      { members: 1, perMs: 3_000, burst: 9 },
      null,
      { members: 3, perMs: 1_100, burst: 4 },
      { members: 3, perMs: 700, burst: 2 },
      first,
    ];
    // Each set after so many pages of the one before that it, and then that none of them, has gone to its end.
    for (const pages of [2, 1, 0, 100]) {
      for (const rate of rates) {
        redis.nowMs += 437;
        follow(rate);
        const rules = rate === null ? rulesWithoutRate : ratedTo(rate);
        let progress = await setKeys(caller, { branch: '/', rules, progress: null, most: 7 });
        for (let page = 0; page < pages && progress !== null; page++) {
          redis.nowMs += 211;
          if (rate !== null) await claimAll();
          progress = await setKeys(caller, { branch: '/', rules, progress, most: 7 });
        }
      }
      redis.nowMs += 350;
      await queue.setKeys('/', ratedTo(first));
      expect(await claimAll()).toBe(true);
    }
    await queue.setKeys('/', null);
    await queue.withdraw(names.map(segment => ({ segment, from: 0, to: 400 })));
    expect(await redis.world.keys()).toEqual(redis.plainKeys(queue));
  });

  test('a queue that is wiped and filled anew has no tokens, and nothing of the one before', async () => {
    const queue = await opened();
    await queue.setKeys('/', aSecond);
    redis.nowMs += 60_000;
    await queue.offer([ofKey('x', 2), ofKey('y', 9, 2)]);
    const held = await claim(queue, 3);
    await queue.settle(held!.id, held!.slices);
    await redis.server.client.del(`{millrace:${redis.world.name}}:epoch`);
    await expect(claim(queue, 9)).rejects.toMatchObject({ code: 'QUEUE_LOST' });
    expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
    expect(await redis.world.keys()).toEqual(['epoch', 'epochs']);
    await queue.setKeys('/', aSecond);
    await queue.offer([ofKey('x', 2)]);
    await queue.open();
    expect(await claim(queue, 9)).toBeNull();
    expect(await eligibleInMs(queue)).toBe(1_000);
  });
});

const rulesWithoutRate: KeyRules = { ...aSecond, each: { clusterWide: null, rate: null } };
