// The claim loop on the model of the store: what it hands over, and what it gives back.

import { expect, test, vi } from 'vitest';
import type { Batch } from '../../src/dispatch/protocol.js';
import { Feeder } from '../../src/engine/claims/feeder.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { offerOf } from '../../src/engine/queueing/offers.js';
import { SteadyQueue } from '../../src/engine/queueing/steady-queue.js';
import { type Body, request, type Segment } from '../../src/store/contract.js';
import { claimOf } from '../queue/queue-world.js';
import { CommitWorld, plan } from './commit-world.js';

class FeedWorld extends CommitWorld {
  readonly handedOver: Batch[] = [];
  appetite = 1_000;
  /** Held by tests that want something to happen while bodies are read. */
  reading: Promise<void> = Promise.resolve();
  reads = 0;
  storeFailed = (error: unknown): void => {
    throw error;
  };
  readonly feeder: Feeder;

  constructor() {
    super();
    const { clock, holdings, committer } = this;
    const queue = new SteadyQueue({
      queue: this.queue,
      engine: 'e',
      leaseMs: 1_000,
      clock,
      order: { isDue: false, agree: async () => undefined, doubt: () => undefined },
      learnOrder: async () => undefined,
      fill: async () => true,
      offerOf,
      living: async () => ['e'],
      wake: () => this.feeder.wake(),
      lost() {},
      found() {},
      failed(error) {
        throw error;
      },
    });
    void queue.open();
    const dispatcher = {
      appetite: () => this.appetite,
      capacity: () => this.appetite,
      run: (batch: Batch) => {
        this.appetite -= batch.count;
        this.handedOver.push(batch);
      },
      inFlight: 0,
    };
    this.feeder = new Feeder({
      clock,
      queue,
      holdings,
      committer,
      dispatcher,
      store: {
        segments: async (ids: readonly string[]) => ids.flatMap(id => this.store.model.segments.get(id) ?? []),
        bodies: async (ids: readonly string[]): Promise<Body[]> => {
          this.reads += 1;
          await this.reading;
          return ids.flatMap(id => this.store.model.bodies.get(id) ?? []);
        },
      },
      definitions: { byNumber: () => ({ plan }), ensure: async () => undefined },
      health: {
        turned() {},
        storeIsDead: false,
        storeFailed: (error: unknown) => this.storeFailed(error),
        mainFailed: (error: unknown) => this.mainFailed(error),
      },
      leases: { add() {} },
      mayClaim: () => true,
      build: { runsAs: () => null },
      options: { name: 'e', claimMembersMax: 512, leaseMs: 1_000 },
    } as unknown as EngineParts);
  }

  /** Let everything that waits for nothing but promises go on. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
  }

  change(segment: Segment, more: Partial<Segment>): void {
    const { model } = this.store;
    model.segments.set(segment.id, { ...model.segments.get(segment.id)!, ...more });
    this.holdings.dropSegment(segment.id);
  }

  ordinals(): number[] {
    return this.handedOver.flatMap(({ parts }) => parts.flatMap(({ ordinals }) => [...ordinals])).sort((a, b) => a - b);
  }
}

test('what is paused when it is claimed is given up, and is in the queue no more', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(10);
  world.change(segment, { requests: request.pause, revision: 1 });
  world.feeder.start();
  await world.settle();
  expect(world.ordinals()).toEqual([]);
  expect(await world.queue.counts()).toMatchObject({ ready: 0, delayed: 0, claimed: 0 });
});

test('a resume that comes while a claim is being read is not lost', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(10);
  world.change(segment, { requests: request.pause, revision: 1 });
  let goOn = (): void => undefined;
  world.reading = new Promise(resolve => (goOn = resolve));
  world.feeder.start();
  await world.settle();
  expect((await world.queue.counts()).claimed).toBe(10);
  world.change(segment, { requests: 0, revision: 2 });
  await world.queue.offer([offerOf(segment, 0, 10)]);
  goOn();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('members with operations of their own: the removed leave, the paused stay, the others run', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(6);
  world.change(segment, {
    memberRequests: { 1: request.pause, 3: request.remove, 5: request.pause | request.remove },
    revision: 1,
  });
  world.feeder.start();
  await world.settle();
  await world.committer.drained();
  expect(world.ordinals()).toEqual([0, 2, 4]);
  expect(world.store.model.outcomes.map(({ state, ordinals }) => [state, [...ordinals]])).toEqual([
    ['removed', [3, 5]],
  ]);
  expect(await world.queue.counts()).toMatchObject({ ready: 0, claimed: 3 });
});

test('members that have left are not run, whatever the queue says', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(8);
  world.change(segment, { gone: Uint8Array.of(0b1010_0000), open: 6 });
  world.feeder.start();
  await world.settle();
  expect(world.ordinals()).toEqual([1, 3, 4, 5, 6, 7]);
  expect((await world.queue.counts()).claimed).toBe(6);
});

test('no more is claimed than the threads take; the rest keeps its place', async () => {
  const world = new FeedWorld();
  await world.submit(10);
  world.appetite = 4;
  world.feeder.start();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2, 3]);
  expect(await world.queue.counts()).toMatchObject({ ready: 6, claimed: 4 });
  world.appetite = 100;
  world.feeder.wake();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('what is being read when the loop is stopped goes back, and the stop waits for it', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(10);
  world.holdings.dropSegment(segment.id);
  let goOn = (): void => undefined;
  world.reading = new Promise(resolve => {
    goOn = resolve;
  });
  world.feeder.start();
  await world.settle();
  let isStopped = false;
  const stopped = world.feeder.stop().then(() => {
    isStopped = true;
  });
  await world.settle();
  expect(isStopped).toBe(false);
  goOn();
  await stopped;
  expect(world.ordinals()).toEqual([]);
  expect(await world.queue.counts()).toMatchObject({ ready: 10, claimed: 0 });
});

test('what is held when a claim comes may be dropped while the rest is read', async () => {
  const world = new FeedWorld();
  const first = await world.submit(3);
  const second = await world.submit(3);
  for (const { root } of [first, second]) world.store.model.bodies.set(root.id, root);
  world.holdings.holdBody(first.root);
  let goOn = (): void => undefined;
  world.reading = new Promise(resolve => {
    goOn = resolve;
  });
  world.feeder.start();
  await world.settle();
  // The body of another claim takes its room.
  world.holdings.holdBody({ ...second.root, id: 'large', bytes: new Uint8Array(2_000_000) });
  expect(world.holdings.body(first.root.id)).toBeUndefined();
  world.holdings.dropSegment(first.segment.id);
  goOn();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 0, 1, 1, 2, 2]);
});

test('what cannot be read is read again after a while, however often the loop is woken meanwhile', async () => {
  const world = new FeedWorld();
  await world.submit(3);
  const told: unknown[] = [];
  world.storeFailed = error => told.push(error);
  world.reading = Promise.reject(new Error('no answer'));
  world.feeder.start();
  for (const reads of [1, 2, 3]) {
    for (let times = 0; times < 5; times++) {
      await world.settle();
      world.feeder.wake();
    }
    expect(world.reads).toBe(reads);
    expect(told.length).toBe(reads);
    world.clock.advanceMs(500);
  }
  await world.settle();
  world.reading = Promise.resolve();
  world.clock.advanceMs(500);
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2]);
  await world.feeder.stop();
  expect(world.clock.pendingCount).toBe(0);
});

test('what has been handed over is not given back, whatever fails afterwards', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(4);
  world.change(segment, { memberRequests: { 3: request.pause }, revision: 1 });
  const told: unknown[] = [];
  world.mainFailed = error => told.push(error);
  world.queue.settle = () => Promise.reject(new Error('no queue'));
  world.feeder.start();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2]);
  expect(told.map(String)).toEqual(['Error: no queue']);
  expect(await world.queue.counts()).toMatchObject({ ready: 0, claimed: 4 });
});

test('members whose body the store has lost are tried as often as their action, and then stand FAILED', async () => {
  const world = new FeedWorld();
  const lost = await world.submit(3);
  const whole = await world.submit(2);
  world.store.model.bodies.delete(lost.root.id);
  world.feeder.start();
  for (let attempt = 0; attempt < 5; attempt++) {
    await world.settle();
    await world.committer.drained();
    world.clock.advanceMs(1_000);
    world.feeder.wake();
  }
  expect(world.ordinals()).toEqual([0, 1]);
  const standing = [...world.store.model.segments.values()].filter(({ root }) => root === lost.root.id);
  expect(standing.map(({ state, attempt, ordinals }) => [state, attempt, [...ordinals]])).toEqual([
    ['failed', 1, [0, 1, 2]],
  ]);
  // Its action has one retry.
  expect(world.reads).toBe(2);
  expect(await world.queue.counts()).toMatchObject({ ready: 0, delayed: 0, claimed: whole.segment.open });
});

test('an engine whose lease has ended does not run again what it has in hand', async () => {
  const world = new FeedWorld();
  const { segment } = await world.submit(6);
  world.feeder.start();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2, 3, 4, 5]);
  // Two are answered, and their commit waits for the store; one has left.
  let goOn = (): void => undefined;
  const storing = new Promise<void>(resolve => (goOn = resolve));
  const apply = world.store.commit.bind(world.store);
  world.store.commit = async commit => {
    await storing;
    return apply(commit);
  };
  world.answer(world.handedOver[0]!.id, [0, 1], { reached: 1 });
  world.clock.advanceMs(2_000);
  expect(await world.queue.expire()).toHaveLength(1);
  world.feeder.wake();
  await world.settle();
  expect(world.ordinals()).toEqual([0, 1, 2, 3, 4, 5]);
  // Nor does anybody else, though a walk offers it all again.
  const others = async () => {
    await world.queue.offer([{ ...offerOf(segment, 0, 6), redelivered: true }]);
    return claimOf(world.queue, { engine: 'other', limit: 100, leaseMs: 60_000 });
  };
  expect(await others()).toBeNull();
  goOn();
  await world.committer.drained();
  world.answer(world.handedOver[0]!.id, [2, 3, 4, 5], { reached: 1 });
  await world.committer.drained();
  await world.settle();
  expect(world.store.model.segments.has(segment.id)).toBe(false);
  // What waits is the next transaction of all six.
  expect(await world.queue.counts()).toMatchObject({ ready: 6, claimed: 0 });
});

test.each(['claims', 'reads'] as const)(
  'what others have because this engine slept while it %s is not begun',
  async when => {
    const world = new FeedWorld();
    const { segment } = await world.submit(10);
    const sleep = async (): Promise<void> => {
      world.clock.advanceMs(2_000);
      expect(await world.queue.expire()).toHaveLength(1);
      expect((await claimOf(world.queue, { engine: 'other', limit: 100, leaseMs: 60_000 }))?.count).toBe(10);
    };
    if (when === 'claims') {
      const claim = world.queue.claim.bind(world.queue);
      vi.spyOn(world.queue, 'claim').mockImplementationOnce(async request => {
        const answer = await claim(request);
        await sleep();
        return answer;
      });
      // What is held is handed over in the same breath.
      world.holdings.holdSegment(segment);
      for (const body of world.store.model.bodies.values()) world.holdings.holdBody(body);
    } else {
      world.reading = new Promise(resolve => setImmediate(() => void sleep().then(resolve)));
    }
    world.feeder.start();
    await world.settle();
    expect(world.reads).toBe(when === 'claims' ? 0 : 1);
    expect(world.ordinals()).toEqual([]);
    expect((await world.queue.counts()).running).toEqual(new Map([['other', 10]]));
  },
);
