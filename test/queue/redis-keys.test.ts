// Rules for keys in Redis, beyond the contract's suite: what one script does not do in one go, what is left, who is told.

import { describe, expect, test } from 'vitest';
import type { Offer, Queue } from '../../src/queue/contract.js';
import { type KeyRules, virtualMax } from '../../src/queue/key-rules.js';
import { setKeys } from '../../src/queue/redis/scripts/set-keys.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions } from './queue-model.js';
import { leaseMs, offerOf } from './queue-world.js';
import { TimedRedis } from './timed-redis.js';

const redis = new TimedRedis();
const { opened, claim } = redis;
const oneOfEach: KeyRules = rulesOf({ each: { clusterWide: 1, rate: null } });
const strict: KeyRules = rulesOf({ isStrict: true });
const sharing: KeyRules = rulesOf({ weights: { of: new Map([['k0000', 2]]), others: 1 } });

/** Two members of each of so many keys, in order of key; created the other way round. */
function ofKeys(many: number, more: Partial<Offer> = {}): Offer[] {
  return Array.from({ length: many }, (_, at) => {
    const key = `k${String(at).padStart(4, '0')}`;
    return offerOf(key, 2, { key, eligibleAtMs: 1 + at, createdAtMs: 1 + many - at, ...more });
  });
}

/** Claim and settle until nothing is left. */
async function finishAll(queue: Queue): Promise<number> {
  let finished = 0;
  for (let held = await claim(queue, 500); held !== null; held = await claim(queue, 500)) {
    await queue.settle(held.id, held.slices);
    finished += held.count;
  }
  return finished;
}

describe('rules for keys in Redis', () => {
  test('more keys than one script looks at follow rules that come, change and go', { timeout: 60_000 }, async () => {
    const many = 600;
    const queue = await opened();
    await queue.offer(ofKeys(many));
    const held = await claim(queue, 3);
    expect(claimedPositions(held)).toEqual(['k0000:0', 'k0000:1', 'k0001:0']);
    await queue.setKeys('/branch/', oneOfEach);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0002:0', 'k0003:0']);
    await queue.setKeys('/', strict); // nearer ones hold
    expect(claimedPositions(await claim(queue, 1))).toEqual(['k0004:0']);
    await queue.setKeys('/branch/', strict);
    await queue.settle(held!.id, held!.slices);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0001:1', 'k0005:0']);
    await queue.setKeys('/branch/', rulesOf());
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0002:1', 'k0003:1']);
    await queue.setKeys('/branch/', null);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0006:0', 'k0007:0']);
    await queue.setKeys('/', null);
    expect(claimedPositions(await claim(queue, 3))).toEqual(['k0004:1', 'k0005:1', 'k0006:1']);
  });

  test('rules that were not carried out to their end are so when they are set again', async () => {
    const queue = await opened();
    await queue.offer(ofKeys(40));
    await queue.offer([offerOf('late', 1, { key: 'k0039', eligibleAtMs: redis.nowMs + 1_000, createdAtMs: 1 })]);
    const caller = queue as unknown as Parameters<typeof setKeys>[0];
    const begin = async (rules: KeyRules | null): Promise<void> => {
      let progress: Awaited<ReturnType<typeof setKeys>> = null;
      for (let page = 0; page < 3; page++) {
        progress = await setKeys(caller, { branch: '/branch/', rules, progress, most: 7 });
        expect(progress).not.toBeNull();
      }
    };
    await begin(strict);
    await queue.setKeys('/branch/', strict);
    const first = await claim(queue, 99);
    // The last key waits for what is delayed.
    expect(first!.count).toBe(39);
    await queue.settle(first!.id, first!.slices);
    await begin(oneOfEach);
    await queue.setKeys('/branch/', oneOfEach);
    const second = await claim(queue, 99);
    expect(second!.count).toBe(40);
    await begin(null);
    await queue.setKeys('/branch/', null);
    expect(claimedPositions(await claim(queue, 99))).toEqual(['k0039:1']);
    redis.nowMs += 1_000;
    expect(claimedPositions(await claim(queue, 99))).toEqual(['late:0']);
  });

  test('what is claimed of a key holds it back from the first call of its rules on', async () => {
    const queue = await opened();
    await queue.setKeys('/', rulesOf({ each: { clusterWide: 3, rate: null } }));
    await queue.offer(ofKeys(40).map(offer => ({ ...offer, to: 3 })));
    const held = await claim(queue, 80);
    expect(held!.count).toBe(80);
    const caller = queue as unknown as Parameters<typeof setKeys>[0];
    expect(await setKeys(caller, { branch: '/', rules: oneOfEach, progress: null, most: 7 })).not.toBeNull();
    const rest = await claim(queue, 99);
    // Of 26 keys three are held, of one two; 13 have none.
    expect(rest!.slices.map(({ from }) => from)).toEqual(Array.from({ length: 13 }, () => 0));
    expect(await claim(queue, 99)).toBeNull();
    expect((await queue.settings()).get('/')).toMatchObject({ keys: oneOfEach, isWhole: false });
    await queue.setKeys('/', oneOfEach);
    expect((await queue.settings()).get('/')).toMatchObject({ keys: oneOfEach, isWhole: true });
  });

  test('10,000 keys that are done leave nothing behind but the rules', { timeout: 120_000 }, async () => {
    const queue = await opened();
    for (const [many, rules] of [
      [10_000, { ...sharing, ...oneOfEach, weights: sharing.weights }],
      [600, oneOfEach],
      [600, { ...strict, weights: sharing.weights }],
    ] as const) {
      await queue.setKeys('/', rules);
      await queue.offer(ofKeys(many));
      expect(await finishAll(queue)).toBe(2 * many);
      const ofRules = ['key-rules', 'node-names', 'nodes', ...(rules.weights === null ? [] : ['weights:0'])];
      expect(await redis.world.keys()).toEqual(
        [...redis.plainKeys(queue), ...ofRules.map(key => `${queue.epoch}:${key}`)].sort(),
      );
      await queue.setKeys('/', null);
      expect(await redis.world.keys()).toEqual(redis.plainKeys(queue));
    }
  });

  test('a key may hold anything; it is no other key, no branch and no node', async () => {
    const queue = await opened();
    await queue.setKeys('/', { ...oneOfEach, weights: { of: new Map(), others: 1 } });
    await queue.setThrottle('/a/', { perEngine: 9, clusterWide: null, rate: null });
    const keys = [
      '0',
      '0.0',
      '1',
      '1.0',
      'x',
      'x|',
      '|',
      '}',
      '~',
      '%',
      '%7e',
      '/',
      '/a/',
      'ü',
      '\u{1f511}',
      'x y',
      '*',
      '"',
      'a',
    ];
    const each = (branch: string) =>
      keys.map((key, at) => offerOf(`${branch.length}-${at}`, 2, { key, name: `${branch}flow`, eligibleAtMs: 1 }));
    await queue.offer([...each('/'), ...each('/a/')]);
    const first = await claim(queue, 999);
    expect(first!.count).toBe(keys.length);
    expect(await claim(queue, 999)).toBeNull();
    await queue.settle(first!.id, first!.slices);
    expect(await finishAll(queue)).toBe(3 * keys.length);
  });

  test('more keys than one script makes due are due before the next claim', { timeout: 60_000 }, async () => {
    const many = 1_200;
    const queue = await opened();
    await queue.setKeys('/', sharing);
    await queue.offer(ofKeys(many, { priority: 300 }));
    for (let left = many; left > 0; ) left -= (await claim(queue, 2))!.slices.length;
    // All have had their turn; somebody of higher priority makes that long ago.
    await queue.offer(ofKeys(many, { priority: 300, from: 2 }).reverse());
    for (let at = 0; at < 9; at++)
      await queue.offer([offerOf(`urgent-${at}`, 1, { key: 'urgent', priority: 1, eligibleAtMs: 1 })]);
    // A claim ends where more are to be made due than it may make.
    for (let left = 9; left > 0; ) {
      const urgent = claimedPositions(await claim(queue, left));
      expect(urgent.every(position => position.startsWith('urgent'))).toBe(true);
      left -= urgent.length;
    }
    const next = await claim(queue, 5);
    expect(claimedPositions(next)).toEqual(['k0000:2', 'k0000:3', 'k0001:2', 'k0001:3', 'k0002:2']);
  });

  test('a virtual time that has gone too far begins anew, and so do all finishes', async () => {
    const queue = await opened();
    await queue.setKeys('/', sharing);
    await queue.offer([...ofKeys(3), ...ofKeys(3, { from: 2 })]);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0000:0', 'k0000:1']);
    const shares = `{millrace:${redis.world.name}}:${queue.epoch}:shares`;
    await redis.server.client.hset(shares, '0', `${virtualMax - 1}|${virtualMax + 7}`);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0000:2', 'k0000:3']);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0001:0', 'k0001:1']);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0002:0', 'k0002:1']);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['k0001:2', 'k0001:3']);
    expect((await claim(queue, 2))!.count).toBe(2);
    expect(Number((await redis.server.client.hget(shares, '0'))!.split('|')[0])).toBeLessThan(virtualMax);
  });

  test('who waits is told when a key has room again, and when its first in line has gone', async () => {
    const queue = await opened();
    const other = redis.connect();
    await other.attach('engine-2', leaseMs);
    let told = (): void => {};
    const next = () =>
      new Promise<void>(resolve => {
        told = resolve;
      });
    const begun = next();
    other.onReady(() => told());
    await begun;
    await queue.setKeys('/', strict);
    const then = { key: 'x', eligibleAtMs: 1 };
    await queue.offer([offerOf('x', 2, { ...then, createdAtMs: 2 }), offerOf('after', 1, { ...then, createdAtMs: 9 })]);
    await queue.offer([offerOf('delayed', 1, { key: 'x', eligibleAtMs: redis.nowMs + 9_000, createdAtMs: 3 })]);
    const first = await claim(queue, 9);
    expect(claimedPositions(first)).toEqual(['x:0']);
    const free = next();
    await queue.settle(first!.id, first!.slices);
    await free;
    const second = await claim(queue, 9);
    expect(claimedPositions(second)).toEqual(['x:1']);
    await queue.settle(second!.id, second!.slices);
    expect(await claim(queue, 9)).toBeNull();
    const gone = next();
    await queue.withdraw([{ segment: 'delayed', from: 0, to: 1 }]);
    await gone;
    expect(claimedPositions(await claim(queue, 9))).toEqual(['after:0']);
  });
});
