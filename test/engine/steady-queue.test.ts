// A queue that is out of reach or has lost everything is found again, and knows what it must.

import { describe, expect, onTestFinished, test } from 'vitest';
import { OrderSettings } from '../../src/engine/configuration/order-settings.js';
import { SteadyQueue } from '../../src/engine/queueing/steady-queue.js';
import { TestClock } from '../../src/observe/clock.js';
import { EngineError } from '../../src/observe/errors.js';
import type { Offer, Queue, Throttle } from '../../src/queue/contract.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import type { Segment } from '../../src/store/contract.js';
import { claimOf } from '../queue/queue-world.js';

const leaseMs = 30_000;

function offerOf(segment: string, from: number, to: number): Offer {
  return { segment, from, to, name: '/a/flow', priority: null, eligibleAtMs: 1, createdAtMs: 1 };
}

/** The embedded queue behind a connection that can be cut, and a memory that can be wiped. */
class World {
  readonly clock = new TestClock();
  readonly told: string[] = [];
  readonly calls: string[] = [];
  /** What the store has: offered whenever the queue is filled. */
  stored: Offer[] = [];
  others: string[] = [];
  fills = 0;
  isDown = false;
  #home = new EmbeddedQueue(() => this.clock.nowMs());
  #attached: EmbeddedQueue | null = null;
  readonly queue: SteadyQueue;
  readonly order: OrderSettings;
  /** What was set by operation is looked for before the queue is filled. */
  learn: () => void = () => undefined;
  /** This engine's configuration is the one that holds. */
  decides = true;

  constructor() {
    const behind = new Proxy({} as Queue, { get: (_, name: keyof Queue) => this.#member(name) });
    this.order = new OrderSettings(behind, () => this.decides);
    this.queue = new SteadyQueue({
      queue: behind,
      engine: 'a',
      leaseMs,
      clock: this.clock,
      order: this.order,
      learnOrder: async () => this.learn(),
      fill: async isOurs => {
        this.fills += 1;
        await behind.offer(this.stored);
        return isOurs();
      },
      offerOf: ({ id }, from, to) => offerOf(id, from, to),
      living: async () => ['a', ...this.others],
      wake: () => undefined,
      lost: () => this.told.push('lost'),
      found: ({ filled }) => this.told.push(filled ? 'found, filled' : 'found'),
      failed: error => this.told.push(String(error)),
    });
    onTestFinished(() => this.queue.close());
  }

  get home(): EmbeddedQueue {
    return this.#home;
  }

  wipe(): void {
    this.#home = new EmbeddedQueue(() => this.clock.nowMs());
  }

  /** Let what waits for nothing but promises and the clock go on. */
  async settle(ms = 5_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve));
      this.clock.advanceMs(50);
    }
  }

  #member(name: keyof Queue): unknown {
    if (name === 'epoch') return this.#attached?.epoch ?? null;
    if (name === 'onReady' || name === 'onLeft') return () => () => undefined;
    if (name === 'close') return async () => undefined;
    return async (...args: unknown[]) => {
      this.calls.push(name);
      if (this.isDown) throw new EngineError('QUEUE_UNAVAILABLE', 'no connection');
      if (name === 'attach') this.#attached = this.#home;
      if (this.#attached !== this.#home) throw new EngineError('QUEUE_LOST', 'another epoch');
      return (this.#home[name] as (...all: unknown[]) => unknown).apply(this.#home, args);
    };
  }
}

const executing = (id: string) => ({ held: { segment: { id } as Segment } });
const claim = (world: World, limit: number) => claimOf(world.queue, { engine: 'a', limit, leaseMs });

describe('a queue that has lost everything', () => {
  test('is filled from the store, and what is executing is not started again', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    await world.queue.open();
    const held = (await claim(world, 4))!;
    world.queue.handedOver(held.id, [executing('s')]);
    await world.queue.settle(held.id, [{ segment: 's', from: 0, to: 1 }]);
    world.stored = [offerOf('s', 1, 10)];
    world.wipe();
    expect(await claim(world, 4)).toBeNull();
    await world.settle();
    expect(world.told).toEqual(['lost', 'found, filled']);
    expect(world.queue.openings).toBe(2);
    expect(await world.home.counts()).toMatchObject({ ready: 6, claimed: 3 });
    expect((await claim(world, 100))!.slices).toMatchObject([{ from: 4, to: 10 }]);
    // The old claim is settled under its old id.
    await world.queue.settle(held.id, [{ segment: 's', from: 1, to: 4 }]);
    expect(await world.home.counts()).toMatchObject({ ready: 0, claimed: 6 });
  });

  test('is opened when all that live have said what they hold, or a lease has passed', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    await world.queue.open();
    world.others = ['b'];
    world.wipe();
    await claim(world, 1);
    await world.settle();
    expect(world.queue.isOpen).toBe(false);
    await world.home.announce('b', [{ id: 'of b', slices: [offerOf('s', 0, 5)] }], leaseMs);
    await world.settle();
    expect(world.queue.isOpen).toBe(true);
    expect(await world.home.counts()).toMatchObject({ ready: 5, claimed: 5 });
    world.others = ['b', 'silent'];
    world.wipe();
    await claim(world, 1);
    await world.settle(leaseMs / 2);
    expect(world.queue.isOpen).toBe(false);
    await world.settle(leaseMs);
    expect(world.queue.isOpen).toBe(true);
  });

  test('waits for each of the engines of one name', async () => {
    const world = new World();
    world.others = ['b', 'a'];
    const opening = world.queue.open();
    await world.home.announce('b', [], leaseMs);
    await world.settle();
    expect(world.queue.isOpen).toBe(false);
    await world.home.announce('a of another process', [{ id: 'its own', slices: [offerOf('s', 0, 5)] }], leaseMs);
    await world.settle();
    await opening;
    expect((await world.queue.counts()).running).toEqual(new Map([['a', 5]]));
    world.clock.advanceMs(2 * leaseMs);
    expect(await world.queue.expire()).toMatchObject([{ segment: 's', from: 0, to: 5, engine: 'a' }]);
  });

  test('twice in a row is filled anew, with what executes announced anew', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    await world.queue.open();
    const held = (await claim(world, 4))!;
    world.queue.handedOver(held.id, [executing('s')]);
    world.others = ['b'];
    world.wipe();
    await claim(world, 1);
    await world.settle(1_000);
    expect(world.queue.isOpen).toBe(false);
    world.wipe();
    await world.settle(1_000);
    await world.home.announce('b', [], leaseMs);
    await world.settle();
    expect(world.queue.isOpen).toBe(true);
    expect(await world.home.counts()).toMatchObject({ ready: 6, claimed: 4 });
  });

  test('knows nothing of a claim that was being read: its members are offered, and it is not to be run', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    await world.queue.open();
    const held = (await claim(world, 4))!;
    world.wipe();
    await claim(world, 1);
    await world.settle();
    expect(world.queue.holds(held.id)).toBe(false);
    expect(await world.home.counts()).toMatchObject({ ready: 10, claimed: 0 });
  });

  test('while another fills it nothing is claimed and nothing is offered; then what waited is', async () => {
    const world = new World();
    expect(await world.home.attach('b', leaseMs)).toBe('mine');
    // The embedded queue knows one object only: it says mine to all. Held back as a home that is being filled would.
    const attach = world.home.attach.bind(world.home);
    world.home.attach = async () => 'filling';
    const opened = world.queue.open();
    await world.queue.offer([offerOf('s', 0, 3)]);
    await world.settle();
    expect([world.queue.isOpen, world.fills, (await world.home.counts()).ready]).toEqual([false, 0, 0]);
    world.home.attach = attach;
    await world.home.open();
    world.home.attach = async () => 'open';
    await world.settle();
    await opened;
    expect((await claim(world, 9))!.slices).toEqual([{ segment: 's', from: 0, to: 3, redelivered: true }]);
  });
});

describe('the order of branches', () => {
  const inHome = async (world: World) =>
    Object.fromEntries([...(await world.home.settings())].map(([branch, { priority }]) => [branch, priority]));
  const want = (world: World, priorities: Record<string, number>, throttle: Throttle | null = null): void => {
    const none = { fifo: null, fairness: null, throttle, keys: null };
    world.order.want(new Map(Object.entries(priorities).map(([branch, priority]) => [branch, { ...none, priority }])));
  };

  test('are there before it is filled, and again when it has lost everything', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    want(world, { '/a/': 3 });
    await world.queue.open();
    expect(world.calls.indexOf('setInheritedPriority')).toBeLessThan(world.calls.indexOf('offer'));
    expect(await inHome(world)).toEqual({ '/a/': 3 });
    want(world, { '/a/': 4 });
    await world.queue.agree();
    expect(await inHome(world)).toEqual({ '/a/': 4 });
    world.wipe();
    await claim(world, 1);
    await world.settle();
    expect([world.told, await inHome(world)]).toEqual([['lost', 'found, filled'], { '/a/': 4 }]);
  });

  test('bounds what is claimed of one that has lost everything from the first claim on, as it was changed meanwhile', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    want(world, { '/a/': 3 }, { perEngine: null, clusterWide: 4, rate: null });
    await world.queue.open();
    const held = (await claim(world, 9))!;
    expect(held.count).toBe(4);
    world.queue.handedOver(held.id, [executing('s')]);
    world.wipe();
    // By another engine, which could tell nobody.
    world.learn = () => want(world, { '/a/': 3 }, { perEngine: null, clusterWide: 6, rate: null });
    expect(await claim(world, 9)).toBeNull();
    await world.settle();
    expect([world.told, (await claim(world, 9))!.count]).toEqual([['lost', 'found, filled'], 2]);
    expect(await claim(world, 9)).toBeNull();
    await world.queue.settle(held.id, held.slices);
    expect((await claim(world, 9))!.count).toBe(4);
  });

  test('that change while it is out of reach are there when it is found', async () => {
    const world = new World();
    await world.queue.open();
    world.isDown = true;
    want(world, { '/a/': 3 });
    await world.queue.agree();
    await world.settle();
    expect([world.queue.isOpen, await inHome(world)]).toEqual([false, {}]);
    want(world, { '/b/': 3 });
    await world.queue.agree();
    world.isDown = false;
    await world.settle();
    expect([world.queue.isOpen, await inHome(world)]).toEqual([true, { '/b/': 3 }]);
  });

  test('of an engine that does not decide are set when it fills the queue, and at no other time', async () => {
    const world = new World();
    world.decides = false;
    want(world, { '/a/': 3 });
    await world.queue.open();
    expect(await inHome(world)).toEqual({ '/a/': 3 });
    await world.home.setInheritedPriority('/a/', 9);
    want(world, { '/a/': 4 });
    await world.queue.agree();
    expect(await inHome(world)).toEqual({ '/a/': 9 });
    // Out of reach for a moment, not lost.
    world.home.attach = async () => 'open';
    world.isDown = true;
    await claim(world, 1);
    await world.queue.offer([offerOf('waits', 0, 1)]);
    world.isDown = false;
    await world.settle();
    expect([world.queue.isOpen, await inHome(world)]).toEqual([true, { '/a/': 9 }]);
    world.decides = true;
    await world.queue.agree();
    expect(await inHome(world)).toEqual({ '/a/': 4 });
  });
});

describe('a queue out of reach', () => {
  test('is told in the end what was offered, settled and released meanwhile', async () => {
    const world = new World();
    world.stored = [offerOf('s', 0, 10)];
    await world.queue.open();
    const held = (await claim(world, 6))!;
    world.isDown = true;
    await world.queue.settle(held.id, [{ segment: 's', from: 0, to: 2 }]);
    await world.queue.release(held.id, [{ segment: 's', from: 2, to: 3 }]);
    await world.queue.offer([offerOf('t', 0, 5)]);
    await world.settle();
    expect(await claim(world, 1)).toBeNull();
    expect(await world.home.counts()).toMatchObject({ ready: 4, claimed: 6 });
    world.isDown = false;
    await world.settle();
    expect(world.told).toEqual(['lost', 'found']);
    expect(await world.home.counts()).toMatchObject({ ready: 4 + 1 + 5, claimed: 3 });
    expect(world.queue.holds(held.id)).toBe(true);
  });

  test('refuses what cannot be answered without it, and is asked ever more rarely', async () => {
    const world = new World();
    await world.queue.open();
    world.isDown = true;
    await expect(world.queue.withdraw([{ segment: 's', from: 0, to: 1 }])).rejects.toThrow('QUEUE_UNAVAILABLE');
    await world.settle(60_000);
    const attempts = world.calls.filter(name => name === 'attach').length;
    expect(attempts).toBeGreaterThan(20);
    expect(attempts).toBeLessThan(50);
  });

  test('costs bounded memory: too many offers are forgotten, and the store is walked instead', async () => {
    const world = new World();
    await world.queue.open();
    world.isDown = true;
    const many = Array.from({ length: 60_000 }, (_, n) => offerOf(`s${n}`, 0, 1));
    for (let at = 0; at < many.length; at += 1_000) await world.queue.offer(many.slice(at, at + 1_000));
    world.stored = [offerOf('all of them', 0, 500)];
    world.isDown = false;
    await world.settle();
    expect(world.fills).toBe(2);
    expect((await world.home.counts()).ready).toBe(500);
  });
});
