// The threads' life: room, code replaced on disk, stopping.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MessagePort } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { compilePlan } from '../../src/workflow/plan.js';
import { ledger, numbers, planOf, setup, standStill, type World } from './setup.js';

/** Hand over whatever there is room for, until `count` members were; returns the sizes of the batches. */
async function feed(
  world: World,
  count: number,
  inputOf: (n: number) => object,
  seen: () => void = () => {},
): Promise<number[]> {
  const sizes: number[] = [];
  let sent = 0;
  while (sent < count) {
    const room = Math.min(world.dispatcher.capacity(1, 0), count - sent);
    if (room === 0) {
      const { rooms } = world;
      await world.until(() => world.rooms > rooms);
      continue;
    }
    world.run(numbers(room).map(n => inputOf(sent + n)));
    sizes.push(room);
    sent += room;
    seen();
  }
  await world.until(() => world.answers.size === count);
  return sizes;
}

describe('room', () => {
  it('grows from one member to batches of 500 and more within a few rounds', async () => {
    const world = await setup(planOf([{ function: 'double' }]));
    expect(world.dispatcher.appetite()).toBe(2);
    let appetite = 0;
    const look = (): void => {
      appetite = Math.max(appetite, world.dispatcher.appetite());
    };
    const sizes = await feed(world, 20_000, n => ({ n }), look);
    expect(sizes.slice(0, 2)).toEqual([1, expect.any(Number)]);
    expect(sizes[1]).toBeLessThanOrEqual(8);
    // Four rounds on an idle machine; on a busy one a member may seem to take long, and the room grows anew.
    expect(sizes.slice(0, 40).some(size => size >= 500)).toBe(true);
    expect(appetite).toBeGreaterThan(500);
  });

  it('for actions of 10 ms never lets more wait than 25 ms hold', async () => {
    const world = await setup(planOf([{ function: 'busy' }]));
    let most = 0;
    await feed(
      world,
      40,
      n => ({ n, ms: 10 }),
      () => {
        most = Math.max(most, world.dispatcher.inFlight);
      },
    );
    // In each of two threads one executing and two waiting.
    expect(most).toBeLessThanOrEqual(6);
  });

  it('for an action that waits long does not take its first end to grow', async () => {
    const world = await setup(planOf([{ function: 'doubleAfter' }]), { threads: 1 });
    let beforeAnswers = 0;
    await feed(
      world,
      100,
      n => ({ n, ms: 3_000 }),
      () => {
        if (world.answers.size === 0) beforeAnswers = world.dispatcher.inFlight;
      },
    );
    expect(beforeAnswers).toBeGreaterThan(1);
  });

  it('beside those that await something is as great as without them, before one of them ends', async () => {
    const world = await setup(planOf([{ function: 'busyThenAfter' }]), { threads: 1, concurrency: 12, waitingMs: 1 });
    await feed(world, 30, n => ({ n, busyMs: 3, ms: 0 }));
    let executing = 0;
    while (executing < 12) {
      // What keeps the thread for 3 ms comes one by one where 1 ms may wait.
      const { rooms } = world;
      if (world.dispatcher.capacity(1, 0) === 0) await world.until(() => world.rooms > rooms);
      else world.run([{ n: executing++, busyMs: 3, ms: 600_000 }]);
    }
    await expect.poll(() => world.dispatcher.executing().length).toBe(12);
    expect(world.answers.size).toBe(30);
  });

  it('is not looked for by a thread that is full while all it has awaits something', async () => {
    const world = await setup(planOf([{ function: 'busyShare' }]), { threads: 1, concurrency: 2 });
    world.run([{ ms: 500 }, { ms: 500 }, { ms: 500 }]);
    await world.until(() => world.answers.size === 3);
    for (const answer of world.answers.values()) {
      expect(answer).toMatchObject({ kind: 'completed', value: expect.toSatisfy((share: number) => share < 0.9) });
    }
  });

  it('is asked for again by an event', async () => {
    const world = await setup(planOf([{ function: 'double' }]));
    world.run([{ n: 1 }]);
    expect(world.dispatcher.capacity(1, 0)).toBe(0);
    await world.until(() => world.rooms > 0);
    const room = world.dispatcher.capacity(1, 0);
    expect(room).toBeGreaterThan(0);
    expect(room).toBeLessThanOrEqual(8);
  });
});

describe('code on disk', () => {
  for (const [kind, file, source] of [
    ['an ES module', 'code.mjs', (text: string) => `export const say = () => '${text}';`],
    ['a CommonJS module', 'code.cjs', (text: string) => `exports.say = () => '${text}';`],
  ] as const) {
    it(`is taken anew when it is replaced: ${kind}`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'millrace-code-'));
      const definition = {
        name: '/test/code',
        module: file,
        actions: [{ name: 'say', type: 'call' as const, function: 'say' }],
        flows: [],
      };
      writeFileSync(path.join(folder, file), source('before'));
      const world = await setup(compilePlan(definition, folder), { threads: 1 });
      const say = async () => (await world.answersTo([{}]))[0]!;
      expect((await say()).value).toBe('before');
      writeFileSync(path.join(folder, file), source('and after'));
      await expect.poll(async () => (await say()).value, { interval: 100 }).toBe('and after');
      writeFileSync(path.join(folder, file), 'this is no JavaScript');
      await expect.poll(async () => (await say()).error?.code, { interval: 100 }).toBe('ActionModuleFailed');
      writeFileSync(path.join(folder, file), source('mended'));
      await expect.poll(async () => (await say()).value, { interval: 100 }).toBe('mended');
    });
  }
});

describe('plans', () => {
  it('that were not used for long are forgotten by a thread, and sent again when they are', async () => {
    const plan = planOf([{ function: 'double' }]);
    const world = await setup(plan, { threads: 1 });
    const posted = vi.spyOn(MessagePort.prototype, 'postMessage');
    onTestFinished(() => posted.mockRestore());
    const sent = (kind: string) => posted.mock.calls.filter(([message]) => message.kind === kind).length;
    for (let version = 1; version <= 300; version++) {
      world.dispatcher.define(version, plan);
      await world.answersTo([{ n: version }], { workflow: version });
      // Used all the time.
      await world.answersTo([{ n: 0 }], { workflow: 1 });
    }
    expect([sent('plan'), sent('forget')]).toEqual([300, 300 - 256]);
    expect((await world.answersTo([{ n: 3 }], { workflow: 1 }))[0]!.value).toBe(6);
    expect(sent('plan')).toBe(300);
    expect((await world.answersTo([{ n: 4 }], { workflow: 2 }))[0]!.value).toBe(8);
    expect(sent('plan')).toBe(301);
  });
});

describe('withdraw', () => {
  it('aborts the signal, begins no further action, and nothing that has not begun; each is answered', async () => {
    const plan = planOf([{ function: 'endOnAbort', module: 'harmful.mjs' }, { function: 'double' }]);
    const world = await setup(plan, { threads: 1, concurrency: 1, graceMs: 30_000 });
    const { file, executions } = ledger();
    writeFileSync(file, '');
    const batch = world.run(
      numbers(3).map(n => ({ n, ledger: file })),
      { partMembers: 2 },
    );
    const executing = () => world.dispatcher.executing().map(({ slot }) => slot);
    await expect.poll(executing).toEqual([0]);
    const firstTwo = [
      { part: 0, index: 0 },
      { part: 0, index: 1 },
    ];
    world.dispatcher.withdraw(batch, firstTwo, 'withdrawn');
    await expect.poll(executing).toEqual([2]);
    expect([...world.answers.keys()].sort()).toEqual([`${batch}:0:0`, `${batch}:0:1`]);
    // Who has been answered is not meant any more.
    const others = [
      { part: 0, index: 0 },
      { part: 1, index: 0 },
    ];
    world.dispatcher.withdraw(batch, others, 'withdrawn');
    await world.until(() => world.answers.size === 3);
    for (const answer of world.answers.values())
      expect(answer).toMatchObject({ kind: 'failed', killed: false, error: { code: 'ContextWithdrawn' } });
    expect([...world.answers.values()].map(({ path: taken }) => taken)).toEqual([[0, 1], [0], [0, 1]]);
    expect(executions().size).toBe(0);
    expect(world.dispatcher.inFlight).toBe(0);
  });
});

it.each([
  ['its thread', 'loop', { harmful: true }],
  ['nothing, deaf to its signal', 'ignoreAbort', { harmful: true }],
] as const)(
  'what is taken off and holds %s has its thread ended; of those with it none runs again that was',
  async (_, action, input) => {
    const plan = planOf([{ function: action, module: 'harmful.mjs' }]);
    const world = await setup(plan, { threads: 1, concurrency: 1, graceMs: 200 });
    const { file, executions } = ledger();
    writeFileSync(file, '');
    world.dispatcher.define(2, planOf([{ function: 'double' }]));
    const batch = world.run([0, 1].map(n => ({ ...input, n, ledger: file })));
    const other = world.run([{ n: 4 }], { workflow: 2 });
    await expect.poll(() => executions().size, { timeout: 30_000 }).toBe(1);
    const taken = [0, 1].map(index => ({ part: 0, index }));
    world.dispatcher.withdraw(batch, taken, 'removed');
    await world.until(() => world.answers.size === 3);
    expect(world.lost).toMatchObject([{ reason: 'removed', rerun: 1 }]);
    for (const { index } of taken) {
      expect(world.answers.get(`${batch}:0:${index}`)).toMatchObject({ kind: 'failed', error: { code: 'Removed' } });
    }
    expect(world.answers.get(`${other}:0:0`)).toMatchObject({ kind: 'completed', value: 8 });
    expect([...executions().values()]).toEqual([1]);
    expect(world.dispatcher.inFlight).toBe(0);
  },
);

describe('stop', () => {
  it('starts no thread in the place of one that it ends', async () => {
    const world = await setup(planOf([{ function: 'double' }]));
    let started = 0;
    const count = (): void => {
      started += 1;
    };
    process.on('worker', count);
    onTestFinished(() => void process.off('worker', count));
    await world.dispatcher.stop(0);
    expect(started).toBe(0);
  });

  it('lets what is executing end', async () => {
    const world = await setup(planOf([{ function: 'doubleAfter' }]));
    world.run(numbers(10).map(n => ({ n, ms: 200 })));
    await world.dispatcher.stop(60_000);
    expect(world.answers.size).toBe(10);
  });

  it('aborts signals when its time has run out', async () => {
    const world = await setup(planOf([{ function: 'endOnAbort' }], 'harmful.mjs'), { graceMs: 30_000 });
    world.run([{}]);
    await expect.poll(() => world.dispatcher.executing().length).toBe(1);
    await world.dispatcher.stop(50);
    expect([...world.answers.values()]).toMatchObject([{ kind: 'completed', value: 'clean' }]);
  });

  it('ends threads that neither end nor heed, and leaves their members unanswered', async () => {
    const world = await setup(planOf([{ function: 'loop' }], 'harmful.mjs'));
    world.run([{ harmful: true }, { n: 2 }]);
    await expect.poll(() => world.dispatcher.executing().length).not.toBe(0);
    // It ends: the loop does not.
    await world.dispatcher.stop(50);
    expect(world.answers.size).toBe(0);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('does not wait for a thread held by native code', async () => {
    const world = await setup(planOf([{ function: 'wedge' }], 'harmful.mjs'));
    world.run([{ harmful: true, seconds: 12 }]);
    await expect.poll(() => world.dispatcher.executing().length).toBe(1);
    const startedMs = performance.now();
    await world.dispatcher.stop(50);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('begins nothing on another thread when one is lost after the abort', async () => {
    const plan = planOf(
      [
        { function: 'loop', timeoutMs: 50 },
        { function: 'ignoreAbort', break: true },
      ],
      'harmful.mjs',
    );
    // The stop aborts after 2 s, the loop is given up after 4 s, and the stop gives up waiting after 6 s.
    const world = await setup(plan, { graceMs: 4_000 });
    const { file, executions } = ledger();
    world.run([
      { n: 1, harmful: true, ledger: file },
      { n: 2, ledger: file },
    ]);
    // Keeps the stop waiting long after the other thread was lost.
    world.run([{ n: 3, harmful: true, ledger: file }], { place: 1 });
    await expect.poll(() => [...executions().keys()].sort()).toEqual([1, 3]);
    await world.dispatcher.stop(2_000);
    expect(world.lost).toMatchObject([{ reason: 'timeout', rerun: 0 }]);
    expect([...world.answers.values()]).toMatchObject([{ kind: 'failed', killed: true }]);
    expect([...executions().keys()].sort()).toEqual([1, 3]);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('takes a request to end a thread that it finds in the port last of all', async () => {
    const world = await setup(planOf([{ function: 'ignoreAbort', timeoutMs: 50 }], 'harmful.mjs'), { threads: 1 });
    world.run([{ n: 1, harmful: true }]);
    await expect.poll(() => world.dispatcher.executing().length).toBe(1);
    const stopped = world.dispatcher.stop(0);
    // The main thread stands still while the thread asks and the time of the stop runs out. After an immediate come the
    // timers, then the ports: the stop goes on first.
    setTimeout(() => setImmediate(() => standStill(2_000)), 20);
    await stopped;
    await world.dispatcher.start();
    world.dispatcher.define(2, planOf([{ function: 'double' }]));
    expect((await world.answersTo([{ n: 4 }], { workflow: 2 }))[0]!.value).toBe(8);
    expect(world.lost).toHaveLength(1);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('followed by a start gives up what a thread held by native code had', async () => {
    const world = await setup(planOf([{ function: 'wedge', timeoutMs: 50 }], 'harmful.mjs'), { threads: 1 });
    const { file, executions } = ledger();
    world.run([
      { n: 1, harmful: true, ledger: file },
      { n: 2, ledger: file },
    ]);
    world.dispatcher.define(2, planOf([{ function: 'doubleAfter' }]));
    // At once: a second later the lost thread is no longer waited for, and what it had is begun elsewhere.
    await world.until(() => world.lost.length === 1);
    await world.dispatcher.stop(0);
    await world.dispatcher.start();
    // Outlasts the moment at which the lost thread is no longer waited for.
    await world.answersTo([{ n: 3, ms: 1_500, ledger: file }], { workflow: 2 });
    expect([...executions()]).toEqual([
      [1, 1],
      [3, 1],
    ]);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('can be followed by another start', async () => {
    const world = await setup(planOf([{ function: 'double' }]));
    await world.dispatcher.stop(0);
    await world.dispatcher.start();
    expect((await world.answersTo([{ n: 4 }]))[0]!.value).toBe(8);
  });
});
