// Two masters set the same of a branch in several calls each, one of them a moment after it was deposed: what its successor has set
// stands, and all below the branch is by that.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { setFairness } from '../../src/queue/redis/scripts/set-fairness.js';
import { type FilingProgress, setFifo } from '../../src/queue/redis/scripts/set-fifo.js';
import { type InheritingProgress, setInheritedPriority } from '../../src/queue/redis/scripts/set-inherited-priority.js';
import { setKeys } from '../../src/queue/redis/scripts/set-keys.js';
import { type HangingProgress, setThrottle } from '../../src/queue/redis/scripts/set-throttle.js';
import type { EpochCaller } from '../../src/queue/redis/scripts.js';
import { RedisServer } from '../servers/redis-server.js';
import { rulesOf } from './conformance-keys.js';
import { claimedPositions } from './queue-model.js';
import { claimOf, leaseMs, offerOf } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

let server!: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const nowMs = 1_000_000;
const branch = '/a/';
const most = 2;

/** The next calls of one who sets something; false: it has made its last. */
type Pages = () => Promise<boolean>;

function pagesOf<P>(page: (progress: P | null) => Promise<P | null>): Pages {
  let progress: P | null = null;
  let isDone = false;
  return async () => {
    if (isDone) return false;
    progress = await page(progress);
    isDone = progress === null;
    return !isDone;
  };
}

/** How each is set, by the deposed (true) and by its successor. */
const setters: Record<string, (caller: EpochCaller, isDeposed: boolean) => Pages> = {
  priority: (caller, isDeposed) =>
    pagesOf<InheritingProgress>(progress =>
      setInheritedPriority(caller, { branch, priority: isDeposed ? 3 : 30, progress, most }),
    ),
  fifo: (caller, isDeposed) =>
    pagesOf<FilingProgress>(progress => setFifo(caller, { branch, fifo: isDeposed, progress, most })),
  fairness: (caller, isDeposed) =>
    pagesOf<FilingProgress>(progress =>
      setFairness(caller, { branch, window: isDeposed ? 1_000 : 70_000, progress, most }),
    ),
  throttle: (caller, isDeposed) => {
    const throttle = isDeposed ? { perEngine: 1, clusterWide: null, rate: null } : bound;
    return pagesOf<HangingProgress>(progress => setThrottle(caller, { branch, throttle, progress, most }));
  },
  'throttle taken away': (caller, isDeposed) =>
    pagesOf<HangingProgress>(progress =>
      setThrottle(caller, { branch, throttle: isDeposed ? null : bound, progress, most }),
    ),
  keys: (caller, isDeposed) => {
    const rules = isDeposed ? rulesOf({ weights: { of: new Map([['x', 9]]), others: 1 } }) : strict;
    return pagesOf<HangingProgress>(progress => setKeys(caller, { branch, rules, progress, most }));
  },
  'keys taken away': (caller, isDeposed) =>
    pagesOf<HangingProgress>(progress => setKeys(caller, { branch, rules: isDeposed ? null : strict, progress, most })),
};
const bound = { perEngine: null, clusterWide: 5, rate: null };
const strict = rulesOf({ isStrict: true });

const members = Array.from({ length: 12 }, (_, at) => `s${at}`);

async function filled(world: RedisWorld): Promise<{ queue: Queue; caller: EpochCaller }> {
  const queue = world.connect({ nowMs: () => nowMs });
  await queue.attach('engine-1', leaseMs);
  await queue.open();
  await queue.offer(
    members.map((segment, at) =>
      offerOf(segment, 1, {
        name: `/a/${at % 6}/flow`,
        eligibleAtMs: 1_000 * (at + 1),
        createdAtMs: 500 - at,
        ...(at % 2 === 0 ? { key: at % 3 === 0 ? 'x' : 'y' } : {}),
      }),
    ),
  );
  await queue.offer([offerOf('elsewhere', 1, { name: '/b/flow', eligibleAtMs: 6_500, createdAtMs: 495 })]);
  return { queue, caller: queue as unknown as EpochCaller };
}

/** What is set, where each stands, and in which order they are claimed. */
async function seen(queue: Queue): Promise<unknown> {
  const settings = (await queue.settings()).get(branch);
  const places = [];
  for (const segment of members) places.push(await queue.whereIs(segment, 0));
  const order: (readonly string[])[] = [];
  for (;;) {
    const claim = await claimOf(queue, { engine: 'engine-1', limit: 3, leaseMs });
    if (claim === null) return { settings, places, order };
    order.push(claimedPositions(claim));
    await queue.settle(claim.id, claim.slices);
  }
}

const next = (queue: Queue) => claimOf(queue, { engine: 'engine-1', limit: 1, leaseMs });

async function toItsEnd(pages: Pages): Promise<void> {
  while (await pages());
}

const interleaved: Record<string, (deposed: Pages, successor: Pages) => Promise<void>> = {
  'between two calls': async (deposed, successor) => {
    expect(await deposed()).toBe(true);
    await toItsEnd(successor);
    expect(await deposed()).toBe(false);
  },
  'call by call': async (deposed, successor) => {
    expect(await deposed()).toBe(true);
    while (await successor()) await deposed();
  },
  'with the last call behind it': async (deposed, successor) => {
    await deposed();
    await deposed();
    expect(await successor()).toBe(true);
    await toItsEnd(deposed);
    await toItsEnd(successor);
  },
};

for (const [name, setter] of Object.entries(setters)) {
  test.each(Object.keys(interleaved))(`${name}: what the successor sets stands, set %s`, async how => {
    const world = new RedisWorld(server);
    const alone = new RedisWorld(server);
    const { queue, caller } = await filled(world);
    const other = world.connect({ nowMs: () => nowMs });
    await other.attach('engine-2', leaseMs);
    if (name.endsWith('away')) await toItsEnd(setter(caller, false));
    await interleaved[how]!(setter(caller, true), setter(other as unknown as EpochCaller, false));
    const expected = await filled(alone);
    await toItsEnd(setter(expected.caller, false));
    const after = await seen(queue);
    expect(after).toEqual(await seen(expected.queue));
    expect(after).toMatchObject({ settings: { isWhole: true } });
    await world.close();
    await alone.close();
  });
}

test('who files a lane by one setting leaves it to whoever files it by another since', async () => {
  const world = new RedisWorld(server);
  const time = { nowMs: () => 10_000 };
  const [queue, other] = [world.connect(time), world.connect(time)];
  await queue.attach('engine-1', leaseMs);
  await queue.open();
  await other.attach('engine-2', leaseMs);
  await queue.setFifo(branch, true);
  await queue.setInheritedPriority(branch, 1_000);
  const created = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'];
  await queue.offer(
    created.map((segment, at) =>
      offerOf(segment, 1, { name: '/a/flow', key: 'x', createdAtMs: 100 + at, eligibleAtMs: 9_000 - 100 * at }),
    ),
  );
  const window = pagesOf<FilingProgress>(progress =>
    setFairness(queue as unknown as EpochCaller, { branch, window: 100, progress, most: 4 }),
  );
  const rules = rulesOf({ isStrict: true });
  const keys = pagesOf<HangingProgress>(progress =>
    setKeys(other as unknown as EpochCaller, { branch, rules, progress, most: 3 }),
  );
  for (let page = 0; page < 3; page++) expect(await window()).toBe(true);
  expect(await keys()).toBe(true);
  await toItsEnd(window);
  await toItsEnd(keys);
  const order: string[] = [];
  for (let claim = await next(queue); claim !== null; claim = await next(queue)) {
    order.push(...claimedPositions(claim));
    await queue.settle(claim.id, claim.slices);
  }
  expect(order).toEqual(created.map(segment => `${segment}:0`));
  await world.close();
});
