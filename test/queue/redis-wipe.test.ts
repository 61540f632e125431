// A queue that is wiped while engines work on it. The engines here are small: a claim loop, a store that is a set, and the
// way back to work after a loss as the contract asks for it.

import { setTimeout as passed } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AnnouncedClaim, Claim, Offer, Queue, Slice } from '../../src/queue/contract.js';
import { RedisServer } from '../servers/redis-server.js';
import { claimOf, offerOf } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

const leaseMs = 30_000;

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

/** What is durable, and what must never happen. */
class Store {
  readonly open = new Set<string>();
  readonly executing = new Set<string>();
  readonly faults: string[] = [];
  /** Names of the engines that are alive: who fills waits for what they announce. */
  readonly alive = new Set<string>();
  commits = 0;

  constructor(
    readonly segments: readonly string[],
    readonly size: number,
  ) {
    for (const segment of segments) for (let at = 0; at < size; at++) this.open.add(`${segment}:${at}`);
  }

  start(position: string): void {
    if (this.executing.has(position)) this.faults.push(`${position} was started twice`);
    if (!this.open.has(position)) this.faults.push(`${position} was started after it was done`);
    this.executing.add(position);
  }

  commit(position: string): void {
    this.executing.delete(position);
    this.open.delete(position);
    this.commits += 1;
  }

  /** What is open, as it was a moment ago: read first, offered later. */
  offers(): Offer[] {
    return this.segments.flatMap(segment =>
      Array.from({ length: this.size }, (_, at) => at)
        .filter(at => this.open.has(`${segment}:${at}`))
        .map(at => offerOf(segment, 1, { from: at, eligibleAtMs: 1, redelivered: true })),
    );
  }
}

class Worker {
  readonly #held = new Map<string, Set<string>>();
  #returning: Promise<void> | null = null;

  constructor(
    readonly name: string,
    readonly queue: Queue,
    readonly store: Store,
  ) {
    store.alive.add(name);
  }

  /** Work in several threads until nothing is open. */
  async run(): Promise<void> {
    await this.#surely(() => this.#comeBack());
    await Promise.all([1, 2, 3].map(() => this.#loop()));
    this.store.alive.delete(this.name);
  }

  async #loop(): Promise<void> {
    while (this.store.open.size > 0) {
      const claim = await this.#surely(() => claimOf(this.queue, { engine: this.name, limit: 7, leaseMs }));
      if (claim === null) await passed(5);
      else await this.#execute(claim);
    }
  }

  async #execute(claim: Claim): Promise<void> {
    const runs = claim.slices.flatMap(({ segment, from, to, redelivered }) =>
      Array.from({ length: to - from }, (_, at) => `${segment}:${from + at}`).filter(
        // What may have been committed is read before it runs.
        position => !redelivered || this.store.open.has(position),
      ),
    );
    this.#held.set(claim.id, new Set(runs));
    for (const position of runs) this.store.start(position);
    // Some last longer than it takes to rebuild a queue.
    await passed(runs.length > 0 && this.store.commits % 3 === 0 ? 80 : 3);
    for (const position of runs) {
      this.store.commit(position);
      this.#held.get(claim.id)?.delete(position);
    }
    this.#held.delete(claim.id);
    await this.#surely(() => this.queue.settle(claim.id, claim.slices));
  }

  /** Repeat what was not answered; come back from a loss first, one of the threads for all. */
  async #surely<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        await this.#returning;
        return await call();
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code === 'QUEUE_LOST') this.#returning ??= this.#return();
        else if (code === 'QUEUE_UNAVAILABLE') await passed(5);
        else throw error;
      }
    }
  }

  async #return(): Promise<void> {
    for (;;) {
      try {
        await this.#comeBack();
        this.#returning = null;
        return;
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code !== 'QUEUE_LOST' && code !== 'QUEUE_UNAVAILABLE') throw error;
        await passed(5);
      }
    }
  }

  async #comeBack(): Promise<void> {
    const attachment = await this.queue.attach(this.name, leaseMs);
    const claims: AnnouncedClaim[] = [...this.#held].map(([id, positions]) => ({
      id,
      slices: [...positions].map(position => ({ ...offerOf('', 1, { eligibleAtMs: 1 }), ...sliceOf(position) })),
    }));
    await this.queue.announce(this.name, claims, leaseMs);
    if (attachment !== 'mine') return;
    const offers = this.store.offers();
    await passed(5); // others commit meanwhile
    await this.queue.offer(offers);
    for (;;) {
      const announced = await this.queue.announced();
      if ([...this.store.alive].every(name => announced.includes(name))) break;
      await passed(5);
    }
    await this.queue.open();
  }
}

function sliceOf(position: string): Slice {
  const [segment, at] = position.split(':');
  return { segment: segment!, from: Number(at), to: Number(at) + 1 };
}

test('three engines finish everything once, though Redis is wiped and their connections are cut again and again', async () => {
  const segments = Array.from({ length: 12 }, (_, at) => `segment-${at}`);
  const store = new Store(segments, 150);
  const working = ['a', 'b', 'c'].map(name => new Worker(name, world.connect(), store).run());
  let harmed = 0;
  const harm = async (): Promise<void> => {
    for (let next = 100; store.open.size > 0; next += 150) {
      while (store.commits < next && store.open.size > 0) await passed(2);
      harmed += 1;
      if (harmed % 3 === 0) await server.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      else if (harmed % 3 === 1) await server.client.flushall();
      else await server.client.script('FLUSH');
    }
  };
  await Promise.all([...working, harm()]);
  expect(store.faults).toEqual([]);
  expect(store.commits).toBe(segments.length * 150);
  expect(harmed).toBeGreaterThanOrEqual(9);
});
