// What a Redis queue does when Redis, or the way to it, fails: nothing is done twice, nothing waits for ever, and what is
// lost is known to be lost.

import { setTimeout as passed } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { RedisServer } from '../servers/redis-server.js';
import { TcpProxy } from '../servers/tcp-proxy.js';
import { claimedPositions, positionsOf, stateOf } from './queue-model.js';
import { claimOf, leaseMs, minuteMs, nothing, offerOf, range } from './queue-world.js';
import { RedisWorld, runs } from './redis-world.js';

const lost = expect.objectContaining({ code: 'QUEUE_LOST' });
const unavailable = expect.objectContaining({ code: 'QUEUE_UNAVAILABLE' });
/** Long past. */
const then = { eligibleAtMs: 1 };

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

async function opened(queue: Queue, engine = 'engine-1'): Promise<Queue> {
  expect(await queue.attach(engine, leaseMs)).toBe('mine');
  await queue.open();
  return queue;
}

const claim = (queue: Queue, limit: number, engine = 'engine-1') => claimOf(queue, { engine, limit, leaseMs });

/** The answer, once there is one: until the connection stands again, calls are refused. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'QUEUE_UNAVAILABLE') throw error;
      await passed(10);
    }
  }
}

describe('replies that are lost', () => {
  test('a claim is answered again by the next one, with the same slices, and nothing more is taken', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await opened(queue);
    await queue.offer([offerOf('a', 6, then), offerOf('b', 6, then)]);
    expect(await claim(queue, 0)).toBeNull(); // the server has seen the script
    const reply = proxy.loseReplyTo(runs('claim'));
    await expect(claim(queue, 8)).rejects.toEqual(unavailable);
    expect((await reply).toString()).toContain('claimed');
    const watcher = world.connect();
    await watcher.attach('watcher', leaseMs);
    expect((await watcher.counts()).claimed).toBe(8);
    // Another engine's claim is its own.
    expect(claimedPositions(await answered(() => queue.counts()).then(() => claim(queue, 1, 'engine-2')))).toEqual([
      'b:2',
    ]);
    const again = await claim(queue, 8);
    expect(claimedPositions(again)).toEqual([...range('a', 0, 6), ...range('b', 0, 2)]);
    expect(await stateOf(queue)).toEqual({
      ...nothing,
      ready: 3,
      claimed: 9,
      running: { 'engine-1': 8, 'engine-2': 1 },
    });
    await queue.settle(again!.id, again!.slices);
    expect((await queue.counts()).claimed).toBe(1);
  });

  test('one that is answered late gives back what is more than is asked for by then', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await opened(queue);
    await queue.offer([offerOf('a', 6, then), offerOf('b', 6, then)]);
    await claim(queue, 0);
    void proxy.loseReplyTo(runs('claim'));
    await expect(claim(queue, 8)).rejects.toEqual(unavailable);
    await answered(() => queue.counts());
    expect(claimedPositions(await claim(queue, 4))).toEqual(range('a', 0, 4));
    expect(await stateOf(queue)).toEqual({ ...nothing, ready: 8, claimed: 4, running: { 'engine-1': 4 } });
    expect(claimedPositions(await claim(queue, 100))).toEqual([...range('a', 4, 6), ...range('b', 0, 6)]);
  });

  test('a claim whose lost answer was nothing is a new one', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await opened(queue);
    await claim(queue, 0);
    void proxy.loseReplyTo(runs('claim'));
    await expect(claim(queue, 8)).rejects.toEqual(unavailable);
    await answered(() => queue.offer([offerOf('a', 4, then)]));
    expect(claimedPositions(await claim(queue, 8))).toEqual(range('a', 0, 4));
  });

  test('all other calls can be repeated', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    const repeated = async (name: Parameters<typeof runs>[0], ask: () => Promise<unknown>): Promise<unknown> => {
      void proxy.loseReplyTo(runs(name));
      await expect(ask()).rejects.toEqual(unavailable);
      return answered(ask);
    };
    await opened(queue);
    // The server has seen each of them.
    await queue.offer([offerOf('x', 2, then)]);
    const x = await claim(queue, 2);
    await queue.release(x!.id, [{ segment: 'x', from: 0, to: 1 }]);
    await queue.settle(x!.id, x!.slices);
    await queue.withdraw([{ segment: 'x', from: 0, to: 2 }]);
    await queue.announce('engine-1', [], leaseMs);
    await queue.extend([], leaseMs);
    expect(await stateOf(queue)).toEqual(nothing);

    await repeated('offer', () => queue.offer([offerOf('a', 6, then)]));
    const held = await claim(queue, 4);
    await repeated('settle', () => queue.settle(held!.id, [{ segment: 'a', from: 0, to: 1 }]));
    await repeated('release', () => queue.release(held!.id, [{ segment: 'a', from: 1, to: 2 }]));
    expect(await repeated('extend', () => queue.extend([held!.id], leaseMs))).toEqual([]);
    expect(await repeated('withdraw', () => queue.withdraw([{ segment: 'a', from: 4, to: 5 }]))).toEqual([]);
    await repeated('announce', () => queue.announce('e', [{ id: 'old', slices: [offerOf('b', 2, then)] }], leaseMs));
    expect(await stateOf(queue)).toEqual({ ...nothing, ready: 2, claimed: 4, running: { 'engine-1': 2, e: 2 } });
    expect(claimedPositions(await claim(queue, 9))).toEqual(['a:1', 'a:5']);
  });

  test('an epoch whose maker was not answered is still its own to fill', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await world.connect().attach('engine-0', leaseMs); // the server has seen the script
    await server.client.flushall();
    void proxy.loseReplyTo(runs('attach'));
    await expect(queue.attach('engine-1', leaseMs)).rejects.toEqual(unavailable);
    expect(await answered(() => queue.attach('engine-1', leaseMs))).toBe('mine');
  });
});

describe('the way to Redis', () => {
  test('a call that is not answered is given up in its time, and the connection is made again', async () => {
    const { queue, proxy } = await world.connectThroughProxy({ answerWithinMs: 2_000 });
    await opened(queue);
    proxy.silence();
    await expect(queue.counts()).rejects.toEqual(unavailable);
    await expect(claim(queue, 1)).rejects.toEqual(unavailable);
    proxy.up();
    expect(await answered(() => queue.counts())).toMatchObject({ ready: 0 });
  });

  test('while it is down calls reject at once, and what was there is there afterwards', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await opened(queue);
    await queue.offer([offerOf('a', 2, then)]);
    proxy.down();
    const startedMs = performance.now();
    for (let call = 0; call < 50; call++) await expect(queue.counts()).rejects.toEqual(unavailable);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    // Not one for each call.
    expect(world.errors.length).toBeLessThan(40);
    proxy.up();
    expect(await answered(() => queue.counts())).toMatchObject({ ready: 2 });
  });

  test('a Redis that is not there is said to be so by the first call, and found when it comes', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    proxy.down();
    await expect(queue.attach('engine-1', leaseMs)).rejects.toEqual(unavailable);
    proxy.up();
    expect(await answered(() => queue.attach('engine-1', leaseMs))).toBe('mine');
  });

  test('a slow one answers, in the order asked', async () => {
    const { queue, proxy } = await world.connectThroughProxy();
    await opened(queue);
    proxy.delay(20);
    await queue.offer([offerOf('a', 2, then)]);
    const [first, second] = await Promise.all([claim(queue, 1), claim(queue, 1)]);
    expect([claimedPositions(first), claimedPositions(second)]).toEqual([['a:0'], ['a:1']]);
  });

  test('a closed queue rejects', async () => {
    const queue = await opened(world.connect());
    await queue.close();
    await expect(queue.counts()).rejects.toEqual(unavailable);
  });
});

describe('a Redis that has forgotten', () => {
  test('scripts that were flushed are given to it again', async () => {
    const queue = await opened(world.connect());
    await queue.offer([offerOf('a', 2, then)]);
    await server.client.script('FLUSH');
    expect(claimedPositions(await claim(queue, 1))).toEqual(['a:0']);
    await server.client.script('FLUSH');
    expect(await stateOf(queue)).toEqual({ ...nothing, ready: 1, claimed: 1, running: { 'engine-1': 1 } });
  });

  test('after FLUSHALL every call tells it, and one engine makes a new epoch', async () => {
    const one = await opened(world.connect());
    const two = world.connect();
    await two.attach('engine-2', leaseMs);
    await one.offer([offerOf('a', 4, then)]);
    const held = await claim(one, 2);
    const { epoch } = one;
    await server.client.flushall();
    await expect(one.offer([offerOf('a', 4, then)])).rejects.toEqual(lost);
    await expect(claim(two, 1, 'engine-2')).rejects.toEqual(lost);
    expect(await two.attach('engine-2', leaseMs)).toBe('mine');
    // Bound to the epoch before: not taken for the new one.
    await expect(one.settle(held!.id, held!.slices)).rejects.toEqual(lost);
    expect(await one.attach('engine-1', leaseMs)).toBe('filling');
    expect([one.epoch, one.epoch === epoch]).toEqual([two.epoch, false]);
    await two.offer([offerOf('a', 4, { ...then, redelivered: true })]);
    await one.announce('engine-1', [{ id: held!.id, slices: [offerOf('a', 2, then)] }], leaseMs);
    await two.announce('engine-2', [], leaseMs);
    expect(await two.announced()).toEqual(['engine-1', 'engine-2']);
    await two.open();
    expect(claimedPositions(await claim(two, 9, 'engine-2'))).toEqual(['a:2!', 'a:3!']);
    await one.settle(held!.id, held!.slices);
    expect(positionsOf(await one.claimed(['a']))).toEqual(['a:2', 'a:3']);
  });

  test('an epoch that another version has left in another form is lost, and made anew', async () => {
    const queue = await opened(world.connect());
    await queue.offer([offerOf('a', 4, then)]);
    const name = `{millrace:${world.name}}:epoch`;
    const stamp = await server.client.hget(name, 'stamp');
    await server.client.hset(name, 'stamp', stamp!.replace(/\/\d+$/, ''));
    await expect(claim(queue, 1)).rejects.toEqual(lost);
    await opened(queue);
    expect(await stateOf(queue)).toEqual(nothing);
  });

  test('who deletes the epoch asks for a rebuild, and nothing is left of the one before', async () => {
    const queue = await opened(world.connect());
    await queue.offer([offerOf('a', 4, then), offerOf('b', 4, { eligibleAtMs: Date.now() + minuteMs })]);
    await queue.setFifo('/', true);
    await queue.setInheritedPriority('/', 5);
    await queue.announce('engine-1', [], leaseMs);
    await claim(queue, 2);
    const before = await world.keys();
    expect(before.length).toBeGreaterThan(12);
    await server.client.del(`{millrace:${world.name}}:epoch`);
    await expect(queue.counts()).rejects.toEqual(lost);
    await opened(queue);
    expect(await world.keys()).toEqual(['epoch', 'epochs']);
    expect(await stateOf(queue)).toEqual(nothing);
  });
});

describe('a Redis that is restarted', () => {
  let own!: RedisServer;
  beforeEach(async () => {
    own = await RedisServer.start();
    world = new RedisWorld(own);
  });
  afterEach(() => own.stop());

  test('empty: what was claimed is announced, what waited is offered, nothing is started twice', async () => {
    const queue = await opened(world.connect());
    await queue.offer([offerOf('a', 4, then)]);
    const held = await claim(queue, 2);
    await own.kill();
    await expect(queue.counts()).rejects.toEqual(unavailable);
    await own.restart();
    await expect(answered(() => queue.counts())).rejects.toEqual(lost);
    expect(await queue.attach('engine-1', leaseMs)).toBe('mine');
    await queue.announce('engine-1', [{ id: held!.id, slices: [offerOf('a', 2, then)] }], leaseMs);
    await queue.offer([offerOf('a', 4, then)]);
    await queue.open();
    expect(claimedPositions(await claim(queue, 9))).toEqual(['a:2', 'a:3']);
  });

  test('from a snapshot: what happened since is not in it, so it is lost', async () => {
    const queue = await opened(world.connect());
    await queue.offer([offerOf('a', 4, then)]);
    await own.client.save();
    const held = await claim(queue, 4);
    await queue.settle(held!.id, held!.slices);
    await own.kill();
    await own.restart();
    expect((await world.keys()).length).toBeGreaterThan(2);
    await expect(answered(() => queue.counts())).rejects.toEqual(lost);
    await opened(queue);
    expect(await stateOf(queue)).toEqual(nothing);
    expect(await world.keys()).toEqual(['epoch', 'epochs']);
  });

  test('one that stands still for a while is waited for or given up, and goes on', async () => {
    const queue = await opened(world.connect({ answerWithinMs: 300 }));
    await queue.offer([offerOf('a', 4, then)]);
    await own.standStill();
    await expect(queue.counts()).rejects.toEqual(unavailable);
    own.goOn();
    expect(await answered(() => queue.counts())).toMatchObject({ ready: 4 });
  });
});

describe('a Redis that is not set up for it', () => {
  test.each(['allkeys-lru', 'volatile-ttl'])('is refused: %s', async policy => {
    const evicting = await RedisServer.start({ 'maxmemory-policy': policy });
    const queue = createRedisQueue({ url: evicting.socket });
    try {
      await expect(queue.attach('engine-1', leaseMs)).rejects.toMatchObject({
        code: 'QUEUE_UNSUITABLE',
        message: expect.stringContaining(policy),
      });
    } finally {
      await queue.close();
      await evicting.stop();
    }
  });

  test('a full one refuses, and loses nothing', async () => {
    const full = await RedisServer.start({ maxmemory: '3mb' });
    const queue = createRedisQueue({ url: full.socket });
    try {
      await opened(queue);
      const taken: number[] = [];
      const fill = async (): Promise<void> => {
        for (let segment = 0; ; segment++) {
          await queue.offer([offerOf(`s${segment}`, 2, then)]);
          taken.push(segment);
        }
      };
      await expect(fill()).rejects.toEqual(unavailable);
      await full.client.config('SET', 'maxmemory', '0');
      const counts = await queue.counts();
      expect(counts.ready).toBe(2 * taken.length);
    } finally {
      await queue.close();
      await full.stop();
    }
  });

  test('one that asks for a password is said to, and takes it from the URL', async () => {
    const guarded = await RedisServer.start({ requirepass: 'open sesame' });
    const proxy = await TcpProxy.start({ path: guarded.socket });
    const refused = createRedisQueue({ url: `redis://127.0.0.1:${proxy.port}` });
    const taken = createRedisQueue({ url: `redis://:open%20sesame@127.0.0.1:${proxy.port}` });
    try {
      await expect(refused.attach('engine-1', leaseMs)).rejects.toMatchObject({ code: 'QUEUE_UNSUITABLE' });
      await expect(refused.attach('engine-1', leaseMs)).rejects.toMatchObject({ code: 'QUEUE_UNSUITABLE' });
      expect(await taken.attach('engine-1', leaseMs)).toBe('mine');
      proxy.down();
      await expect(taken.counts()).rejects.toMatchObject({ message: expect.not.stringContaining('sesame') });
    } finally {
      await refused.close();
      await taken.close();
      await proxy.close();
      await guarded.stop();
    }
  });

  test('the name of a queue is checked', () => {
    expect(() => createRedisQueue({ url: server.socket, name: 'a}b' })).toThrow('OPTION_INVALID');
  });
});
