// Throttles of branches as engines carry them out: no more at once than they allow, and at once as many as they do.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { type Clock, systemClock } from '../../src/observe/clock.js';
import { definitionOf, type Home, here, openEngine, redisOfTests, signals, temporaryFolder } from './setup.js';

/** On which nobody looks again by himself: what begins was told to. */
const clock: Clock = {
  ...systemClock,
  setTimer: (ms, fire) => systemClock.setTimer(ms < 1_000 ? ms : Number.POSITIVE_INFINITY, fire),
};

async function engineOn(home: Home, folder: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await openEngine(home, folder, { concurrency: 20, clock, leaseMs: 600_000, ...options });
  onTestFinished(() => engine.dispose(0));
  return engine;
}

const throttle = { branch: '/few/', property: 'CONCURRENCY_THROTTLE' } as const;

/** Each waits at a gate of its own. */
function submitGated(engine: Engine, workflow: string, name: string, count: number): Promise<string[]> {
  return engine.submit(
    Array.from({ length: count }, (_, n) => ({ workflow, input: { gate: `${name} ${n}`, tag: name } })),
  );
}

/** How many have come to their gates, of those of a name. */
const arrived = (name: string): number[] =>
  signals.arrived.flatMap(({ gate }) => (gate.startsWith(`${name} `) ? [Number(gate.slice(name.length + 1))] : []));

const untilArrived = (name: string, count: number): Promise<void> => signals.until(() => arrived(name).length >= count);

describe.each(['memory', 'redis'] as const)('a throttled branch, %s', home => {
  test('has as many at once as it may, others flow beside it; raised, the next begin at once, lowered none', async () => {
    signals.forget();
    const engine = await engineOn(home, temporaryFolder());
    for (const name of ['/few/flow', '/many/flow']) await engine.deploy(definitionOf(name, ['gated']), here);
    await engine.deploy(definitionOf('/many/echo', ['echo']), here);
    await engine.configuration.set({ ...throttle, value: 1 });
    await engine.start();
    // What a gate costs is known, so that several are given to a thread at once.
    const warm = await submitGated(engine, '/many/flow', `${home} warm`, 1);
    signals.open(`${home} warm 0`);
    await engine.result(warm[0]!);

    const few = await submitGated(engine, '/few/flow', `${home} few`, 9);
    await untilArrived(`${home} few`, 1);
    const others = await engine.submit(
      Array.from({ length: 300 }, (_, n) => ({ workflow: '/many/echo', input: { n } })),
    );
    await Promise.all(others.map(id => engine.result(id)));
    expect(arrived(`${home} few`)).toEqual([0]);
    expect((await engine.configuration.show()).throttles).toEqual([
      {
        branch: '/few/',
        perEngine: 1,
        clusterWide: null,
        rate: null,
        running: 1,
        runningBy: { 'engine-under-test': 1 },
      },
    ]);

    await engine.configuration.set({ ...throttle, value: 3 });
    await untilArrived(`${home} few`, 3);
    signals.open(`${home} few 1`);
    await untilArrived(`${home} few`, 4);
    await engine.configuration.set({ ...throttle, value: 1 });
    for (const n of [0, 2]) signals.open(`${home} few ${n}`);
    for (const n of [0, 1, 2]) await engine.result(few[n]!);
    expect(arrived(`${home} few`)).toEqual([0, 1, 2, 3]);
    signals.open(`${home} few 3`);
    await untilArrived(`${home} few`, 5);
    await engine.configuration.unset(throttle);
    await untilArrived(`${home} few`, 9);
    for (let n = 4; n < 9; n++) signals.open(`${home} few ${n}`);
    await Promise.all(few.map(id => engine.result(id)));
    expect(arrived(`${home} few`)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await engine.configuration.show()).throttles).toEqual([]);
  });
});

describe.each(['shared', 'cluster'] as const)('three engines, %s', home => {
  test('have no more at once than a branch may have in all, nor each more than its own; a slot goes to another engine', async () => {
    signals.forget();
    const folder = temporaryFolder();
    const engines: Engine[] = [];
    for (const name of ['a', 'b', 'c']) engines.push(await engineOn(home, folder, { name }));
    const [a, b] = engines as [Engine, Engine, Engine];
    await a.deploy(definitionOf('/few/flow', ['gated']), here);
    await a.deploy(definitionOf('/many/echo', ['echo']), here);
    for (const engine of engines) await engine.start();
    await b.configuration.set({ ...throttle, value: 2 });
    await b.configuration.set({ branch: '/few/', property: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE', value: 5 });
    const shown = async () => (await a.configuration.show({ branch: '/few/' })).throttles!;
    await expect.poll(shown).toMatchObject([{ branch: '/few/', perEngine: 2, clusterWide: 5, rate: null, running: 0 }]);
    const few = await submitGated(a, '/few/flow', `${home} few`, 12);
    await untilArrived(`${home} few`, 5);
    const ids = await b.submit(Array.from({ length: 300 }, (_, n) => ({ workflow: '/many/echo', input: { n } })));
    await Promise.all(ids.map(id => b.result(id)));
    expect(arrived(`${home} few`).sort()).toEqual([0, 1, 2, 3, 4]);
    const [state] = await shown();
    expect([state!.running, Object.values(state!.runningBy).sort()]).toEqual([5, [1, 2, 2]]);
    // Each slot that comes free is taken by whoever may, none of whom looks by itself.
    for (let n = 0; n < 7; n++) {
      signals.open(`${home} few ${n}`);
      await untilArrived(`${home} few`, 6 + n);
      expect((await shown())[0]!.running).toBeLessThanOrEqual(5);
    }
    for (let n = 7; n < 12; n++) signals.open(`${home} few ${n}`);
    await Promise.all(few.map(id => a.result(id)));
    expect(signals.ran.filter(({ tag }) => tag === `${home} few`)).toHaveLength(12);
  });
});

test('a queue that has lost everything bounds what runs as before, what runs on included, of branches and of keys', async () => {
  signals.forget();
  const folder = temporaryFolder();
  const looking = { clock: systemClock, leaseMs: 30_000 };
  const a = await engineOn('shared', folder, { name: 'a', ...looking });
  const b = await engineOn('shared', folder, { name: 'b', ...looking });
  await a.deploy(definitionOf('/few/flow', ['gated']), here);
  await a.configuration.set({ branch: '/few/', property: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE', value: 3 });
  await a.deploy(definitionOf('/keyed/flow', ['gated']), here);
  const keyed = { branch: '/keyed/', property: 'KEY_RATE' } as const;
  await a.configuration.set({ branch: '/keyed/', property: 'KEY_CONCURRENCY_THROTTLE', value: 1 });
  await a.configuration.set({ ...keyed, value: '1 per +1d' });
  await Promise.all([a.start(), b.start()]);
  const keys = ['x', 'x', 'y', 'y'];
  const ofKeys = await a.submit(
    keys.map((key, n) => ({ workflow: '/keyed/flow', key, input: { gate: `${key} ${n}`, tag: key } })),
  );
  const few = await submitGated(a, '/few/flow', 'wiped', 8);
  await untilArrived('wiped', 3);
  const { client } = await redisOfTests();
  await client.flushall();
  signals.open('wiped 0');
  await untilArrived('wiped', 4);
  expect(arrived('wiped')).toHaveLength(4);
  await expect
    .poll(async () => (await b.configuration.show()).throttles)
    .toMatchObject([{ clusterWide: 3, running: 3 }]);
  // Of each key the first one is a day away.
  expect([arrived('x'), arrived('y')]).toEqual([[], []]);
  await b.configuration.unset(keyed);
  await Promise.all(['x', 'y'].map(key => untilArrived(key, 1)));
  await client.flushall();
  signals.open(`x ${arrived('x')[0]}`);
  await untilArrived('x', 2);
  expect(arrived('y')).toHaveLength(1);
  for (let n = 1; n < 8; n++) signals.open(`wiped ${n}`);
  for (const [n, key] of keys.entries()) signals.open(`${key} ${n}`);
  await Promise.all([...few, ...ofKeys].map(id => b.result(id)));
  expect(signals.ran).toHaveLength(12);
});

test('of each key no more than its bound at once, and raised, the next begin at once', async () => {
  signals.forget();
  const engine = await engineOn('memory', temporaryFolder());
  const { configuration } = engine;
  await engine.deploy(definitionOf('/few/flow', ['gated']), here);
  await configuration.set({ branch: '/few/', property: 'KEY_CONCURRENCY_THROTTLE', value: 1 });
  await engine.start();
  const ids = await engine.submit(
    ['a', 'b'].flatMap(key =>
      Array.from({ length: 3 }, (_, n) => ({ workflow: '/few/flow', key, input: { gate: `${key} ${n}`, tag: key } })),
    ),
  );
  await untilArrived('a', 1);
  await untilArrived('b', 1);
  signals.open('b 0');
  await untilArrived('b', 2);
  expect([arrived('a'), arrived('b')]).toEqual([[0], [0, 1]]);
  await configuration.set({ branch: '/few/', property: 'KEY_CONCURRENCY_THROTTLE', value: 'unlimited' });
  await untilArrived('a', 3);
  await untilArrived('b', 3);
  for (const key of ['a', 'b']) for (let n = 0; n < 3; n++) signals.open(`${key} ${n}`);
  await Promise.all(ids.map(id => engine.result(id)));
});
