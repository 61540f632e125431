// The Redis queue: the contract's suite on a real server, and what is its own: what it costs, what it leaves, whom it tells.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { setFairness } from '../../src/queue/redis/scripts/set-fairness.js';
import { setFifo } from '../../src/queue/redis/scripts/set-fifo.js';
import { setInheritedPriority } from '../../src/queue/redis/scripts/set-inherited-priority.js';
import { RedisServer } from '../servers/redis-server.js';
import { queueConformance } from './conformance.js';
import { claimedPositions, eligibleInMs, expiredPositions, stateOf } from './queue-model.js';
import { claimOf, leaseMs, minuteMs, nothing, offerOf, range } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

let server!: RedisServer;
let world!: RedisWorld;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  world = new RedisWorld(server);
});
afterEach(() => world.close());

queueConformance('Redis', {
  create: async nowMs => createRedisQueue({ url: server.socket, name: randomUUID() }, nowMs),
  randomRuns: 300,
});

async function opened(queue: Queue): Promise<Queue> {
  await queue.attach('engine-1', leaseMs);
  await queue.open();
  return queue;
}

/** Long past. */
const then = { eligibleAtMs: 1 };
const claim = (queue: Queue, limit: number) => claimOf(queue, { engine: 'engine-1', limit, leaseMs });

describe('Redis queue', () => {
  test('a million ready instances in slices of 500 take less than 10 MB', async () => {
    const queue = await opened(world.connect());
    const usedBytes = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(await server.client.info('memory'))![1]);
    const beforeBytes = await usedBytes();
    const branches = ['/', '/sales/', '/sales/emea/', '/finance/month-end/'];
    for (let page = 0; page < 20; page++) {
      await queue.offer(
        Array.from({ length: 100 }, (_, at) =>
          offerOf(randomUUID(), 500, {
            name: `${branches[at % 4]}flow`,
            priority: at % 3 === 0 ? null : 1 + (at % 10),
            eligibleAtMs: Date.now() - at,
          }),
        ),
      );
    }
    expect((await queue.counts()).ready).toBe(1_000_000);
    const takenBytes = (await usedBytes()) - beforeBytes;
    expect(takenBytes).toBeGreaterThan(0);
    expect(takenBytes).toBeLessThan(10_000_000);
  });

  test('what is done leaves nothing behind', async () => {
    const queue = await opened(world.connect());
    await queue.offer([
      offerOf('a', 8, then),
      offerOf('b', 2, { ...then, name: '/deep/er/flow', priority: 7 }),
      offerOf('c', 2, { eligibleAtMs: Date.now() + minuteMs }),
    ]);
    const held = await claim(queue, 7);
    await queue.release(held!.id, [{ segment: 'a', from: 1, to: 3 }]);
    await queue.settle(held!.id, held!.slices);
    const rest = await claim(queue, 100);
    await queue.settle(rest!.id, rest!.slices);
    await queue.withdraw([{ segment: 'c', from: 0, to: 2 }]);
    expect(await stateOf(queue)).toEqual(nothing);
    expect(await world.keys()).toEqual([queue.epoch, 'epoch', 'epochs'].sort());
  });

  test("without a test's, the time is the server's", async () => {
    const queue = await opened(world.connect());
    const [seconds] = await server.client.time();
    const serverMs = Number(seconds) * 1_000;
    await queue.offer([
      offerOf('due', 1, { eligibleAtMs: serverMs }),
      offerOf('soon', 1, { eligibleAtMs: serverMs + minuteMs }),
    ]);
    expect(claimedPositions(await claim(queue, 10))).toEqual(['due:0']);
    const inMs = await eligibleInMs(queue);
    expect(inMs).toBeGreaterThan(minuteMs - 10_000);
    expect(inMs).toBeLessThanOrEqual(minuteMs);
  });

  test('what is more than one script does is done in several, as a whole', async () => {
    let nowMs = 1_000;
    const queue = await opened(world.connect({ nowMs: () => nowMs }));
    const many = 1_200;
    const names = Array.from({ length: many }, (_, at) => `s${String(at).padStart(4, '0')}`);
    const one = (more: object) => names.map((name, at) => offerOf(name, 1, { createdAtMs: many - at, ...more }));
    // Made ready by one claim, which then takes the first in order.
    await queue.offer(one({ eligibleAtMs: 2_000 }));
    nowMs = 2_000;
    expect(claimedPositions(await claim(queue, 2))).toEqual(['s0000:0', 's0001:0']);
    expect(await queue.counts()).toMatchObject({ ready: many - 2, delayed: 0 });
    // A claim takes what one script takes; the rest is for the next.
    for (const count of [500, 500, many - 1_002]) expect((await claim(queue, 10_000))?.count).toBe(count);
    nowMs += leaseMs + 1;
    expect(await expiredPositions(queue)).toHaveLength(many);
    // All of one lane is filed another way, and back.
    const first = async (): Promise<string[]> => {
      const held = await claim(queue, 3);
      await queue.release(held!.id, held!.slices);
      return claimedPositions(held);
    };
    await queue.setFifo('/', true);
    expect(await first()).toEqual(['s1199:0!', 's1198:0!', 's1197:0!']);
    await queue.setFifo('/', null);
    expect(await first()).toEqual(['s0000:0!', 's0001:0!', 's0002:0!']);
    expect((await queue.withdraw(names.map(segment => ({ segment, from: 0, to: 1 })))).length).toBe(many);
    // A lane each.
    await queue.offer(
      names.map((name, at) => offerOf(name, 1, { ...then, name: `/lanes/${name}/flow`, eligibleAtMs: at })),
    );
    await queue.offer([offerOf('elsewhere', 1, { ...then, name: '/other/flow', eligibleAtMs: many })]);
    await queue.setInheritedPriority('/lanes/', 20);
    expect(claimedPositions(await claim(queue, 2))).toEqual(['elsewhere:0', 's0000:0']);
    await queue.setFifo('/lanes/', true);
    await queue.setInheritedPriority('/lanes/s1000/', 1);
    expect(claimedPositions(await claim(queue, 1))).toEqual(['s1000:0']);
    // One that was not carried out to its end is told so, until it is repeated.
    const page = { branch: '/lanes/', priority: 30, progress: null, most: 10 };
    const caller = queue as unknown as Parameters<typeof setInheritedPriority>[0];
    expect(await setInheritedPriority(caller, page)).not.toBeNull();
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ priority: 30, isWhole: false });
    await queue.setInheritedPriority('/lanes/', 30);
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ priority: 30, isWhole: true });
    expect(await setFifo(caller, { branch: '/lanes/', fifo: null, progress: null, most: 10 })).not.toBeNull();
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ fifo: null, isWhole: false });
    await queue.setFifo('/lanes/', null);
    const filing = { branch: '/lanes/', window: 7, progress: null, most: 10 } as const;
    expect(await setFairness(caller, filing)).not.toBeNull();
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ fairness: 7, isWhole: false });
    await queue.setFairness('/lanes/', null);
    expect((await queue.settings()).get('/lanes/')).toMatchObject({ fairness: null, isWhole: true });
    // Announced in several calls: the engine has announced with the last.
    await queue.announce('late', [{ id: 'late-1', slices: one({ name: '/late/flow' }) }], leaseMs);
    expect(await queue.announced()).toEqual(['late']);
    const { running, claimed } = await queue.counts();
    expect([running.get('late'), claimed]).toEqual([many - 2, many + 1]);
  });

  test('two objects share a queue; engines of several names see the same', async () => {
    const one = await opened(world.connect());
    const two = world.connect();
    expect(await two.attach('engine-2', leaseMs)).toBe('open');
    await one.offer([offerOf('a', 4, then)]);
    const held = await claimOf(two, { engine: 'engine-2', limit: 3, leaseMs });
    await one.settle(held!.id, [{ segment: 'a', from: 0, to: 1 }]);
    expect(await stateOf(one)).toEqual({ ...nothing, ready: 1, claimed: 2, running: { 'engine-2': 2 } });
    expect(await stateOf(two)).toEqual(await stateOf(one));
    expect(claimedPositions(await claim(one, 9))).toEqual(range('a', 3, 4));
  });
});

describe('the store a Redis queue belongs to', () => {
  test('another one is refused while it is in use, and may have the name after a lease of silence', async () => {
    let nowMs = 1_000_000;
    const connect = (store: string): Queue => world.connect({ store, nowMs: () => nowMs });
    const [one, two] = [connect('store-1'), connect('store-2')];
    expect(await one.attach('engine-1', leaseMs)).toBe('mine');
    await one.open();
    await one.offer([offerOf('a', 4, then)]);
    const refused = {
      code: 'QUEUE_UNSUITABLE',
      message: expect.stringMatching(/\(id store-1\), not of this one \(id store-2\): give .* a `cluster` name/),
    };
    await expect(two.attach('engine-2', leaseMs)).rejects.toMatchObject(refused);
    expect(await connect('store-1').attach('engine-3', leaseMs)).toBe('open');
    // Renewing is a sign of life, of no claim too.
    nowMs += leaseMs;
    await one.extend([], leaseMs);
    nowMs += leaseMs;
    await expect(two.attach('engine-2', leaseMs)).rejects.toMatchObject(refused);
    expect(await one.counts()).toMatchObject({ ready: 4 });
    nowMs += 1;
    expect(await two.attach('engine-2', leaseMs)).toBe('mine');
    expect(await two.counts()).toMatchObject({ ready: 0 });
    await expect(one.counts()).rejects.toMatchObject({ code: 'QUEUE_LOST' });
    await expect(one.attach('engine-1', leaseMs)).rejects.toMatchObject({ code: 'QUEUE_UNSUITABLE' });
  });
});

describe('hints of a Redis queue', () => {
  /** A listener that has begun to listen, and waits to be told. */
  async function listening(queue: Queue): Promise<() => Promise<void>> {
    let told = (): void => {};
    const next = () =>
      new Promise<void>(resolve => {
        told = resolve;
      });
    const begun = next();
    queue.onReady(() => told());
    await begun;
    return next;
  }

  test('come when something is ready on an idle queue: opened, offered, released, put back, sooner than what waits', async () => {
    let nowMs = 1_000;
    const queue = world.connect({ nowMs: () => nowMs });
    await queue.attach('engine-1', leaseMs);
    const other = world.connect({ nowMs: () => nowMs });
    await other.attach('engine-2', leaseMs);
    const hint = await listening(other);
    const hinted = async (act: () => Promise<unknown>): Promise<void> => {
      const told = hint();
      await act();
      await told;
    };
    await hinted(() => queue.open());
    await hinted(() => queue.offer([offerOf('a', 2, then)]));
    const held = await claim(queue, 2);
    await hinted(() => queue.release(held!.id, held!.slices));
    await claim(queue, 2);
    nowMs += leaseMs + 1;
    await hinted(() => queue.expire());
    await claim(queue, 2);
    await hinted(() => queue.offer([offerOf('late', 1, { eligibleAtMs: nowMs + minuteMs })]));
    await hinted(() => queue.offer([offerOf('sooner', 1, { eligibleAtMs: nowMs + 1 })]));
    nowMs += 1;
    await hinted(() => queue.counts());
  });

  test('come when an engine leaves, to those alone who listen for that', async () => {
    const queue = world.connect();
    const other = world.connect();
    await other.attach('engine-2', leaseMs);
    let ready = 0;
    other.onReady(() => ready++);
    let left = (): void => {};
    const next = () =>
      new Promise<void>(resolve => {
        left = resolve;
      });
    // When listening begins: somebody may have left before.
    const begun = next();
    const stop = other.onLeft(() => left());
    await begun;
    const told = next();
    const before = ready;
    await queue.tellLeft();
    await told;
    expect(ready).toBe(before);
    stop();
  });

  test('come again when listening was interrupted, for those in between were missed', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await queue.attach('engine-1', leaseMs);
    const hint = await listening(queue);
    const hinted = hint();
    proxy.cut();
    await hinted;
  });

  test('are not told to who has stopped listening', async () => {
    const queue = world.connect();
    await queue.attach('engine-1', leaseMs);
    let told = 0;
    const stop = queue.onReady(() => told++);
    const hint = await listening(queue);
    const before = told;
    stop();
    const hinted = hint();
    await queue.open();
    await hinted;
    expect(told).toBe(before);
  });
});
