// The runtime configuration of an engine: branches have priorities, and what waits follows a change.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigurationError } from '../../src/config/fault.js';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { loggersTo } from '../../src/observe/loggers.js';
import { definitionOf, type Home, here, openEngine, redisOfTests, signals, temporaryFolder } from './setup.js';
import { hold, order, prioritiesInRedis, submitTo } from './waiting-order.js';

const read = 'runtime configuration read';

/** A file of the configuration, and engines that have it. */
class World {
  readonly #place = temporaryFolder();
  readonly file = path.join(this.#place, 'runtime.properties');
  /** The store wants its folder for itself; its name is that of the cluster. */
  readonly folder = path.join(this.#place, path.basename(this.#place));
  readonly home: Home;
  readonly said: string[] = [];

  constructor(home: Home, text: string) {
    this.home = home;
    this.write(text);
    signals.forget();
  }

  write(text: string): void {
    writeFileSync(this.file, text);
  }

  async engine(options: Partial<EngineOptions> = {}): Promise<Engine> {
    const engine = await openEngine(this.home, this.folder, {
      concurrency: 1,
      runtimeConfiguration: this.file,
      runtimeConfigurationRefresh: '+s',
      loggers: loggersTo(({ message }) => this.said.push(message)),
      ...options,
    });
    onTestFinished(() => engine.dispose(0));
    return engine;
  }

  /** Until a message has been logged since the last time. */
  async until(message: string): Promise<void> {
    await expect.poll(() => this.said.includes(message)).toBe(true);
    this.said.length = 0;
  }

  async change(text: string): Promise<void> {
    this.said.length = 0;
    this.write(text);
    await this.until(read);
  }
}

describe.each(['memory', 'redis', 'shared'] as const)('the runtime configuration, %s', home => {
  test('a changed PRIORITY reorders what waits; own priorities of instances and workflows beat it', async () => {
    const world = new World(home, '/a/PRIORITY=5\n/a/deep/PRIORITY=600');
    const engine = await world.engine();
    for (const name of ['/a/flow', '/a/deep/flow', '/b/flow']) await engine.deploy(definitionOf(name, ['echo']), here);
    await engine.deploy(definitionOf('/own/flow', ['echo'], { priority: 4 }), here);
    await engine.start();
    // The first takes what the threads take beforehand.
    await hold(engine, `${home}-1`);
    const taken = await submitTo(engine, '/b/flow', 20, 1);
    const ids = [
      ...(await submitTo(engine, '/a/deep/flow', 2)),
      ...(await submitTo(engine, '/b/flow', 2)),
      ...(await submitTo(engine, '/b/flow', 2, 500)),
      ...(await submitTo(engine, '/own/flow', 2)),
      ...(await submitTo(engine, '/a/flow', 2)),
      ...(await submitTo(engine, '/a/flow', 2, 6)),
    ];
    await world.change('/b/PRIORITY=2\n/own/PRIORITY=900\n/PRIORITY=20');
    signals.open(`${home}-1`);
    expect((await order([...taken, ...ids])).slice(taken.length)).toEqual([
      ...['/b/', '/b/', '/own/', '/own/', '/a/6', '/a/6'],
      ...['/a/deep/', '/a/deep/', '/a/', '/a/', '/b/500', '/b/500'],
    ]);
  });

  test('what was read at the start holds for what waited before it; and a stopped engine follows a change', async () => {
    const world = new World(home, '/z/PRIORITY=3');
    const engine = await world.engine();
    for (const name of ['/y/flow', '/z/flow']) await engine.deploy(definitionOf(name, ['echo']), here);
    const first = [...(await submitTo(engine, '/y/flow', 2)), ...(await submitTo(engine, '/z/flow', 2))];
    await engine.start();
    expect(await order(first)).toEqual(['/z/', '/z/', '/y/', '/y/']);
    await engine.stop();
    const second = [...(await submitTo(engine, '/z/flow', 2)), ...(await submitTo(engine, '/y/flow', 2))];
    await world.change('/y/PRIORITY=3');
    await engine.start();
    expect(await order(second)).toEqual(['/y/', '/y/', '/z/', '/z/']);
  });

  test('a file with faults, or none, changes nothing and is told in log, status and health', async () => {
    const world = new World(home, '/z/PRIORITY=3');
    const engine = await world.engine({ healthPort: 0 });
    for (const name of ['/y/flow', '/z/flow']) await engine.deploy(definitionOf(name, ['echo']), here);
    await engine.start();
    const health = async (): Promise<{ code: number; remarks?: string[] }> => {
      const response = await fetch(`http://127.0.0.1:${engine.healthPort}/health`);
      return { code: response.status, ...((await response.json()) as object) };
    };
    expect((await health()).remarks).toBeUndefined();
    world.write('/z/PRIORITY=0\n/y/PRIORITY=1');
    const refused = 'runtime configuration refused, the last good one holds';
    await world.until(refused);
    const { remarks } = await engine.status();
    expect(remarks).toEqual([
      expect.stringMatching(
        /^the runtime configuration is refused since \d{4}-.*Z, the last good one holds: .*runtime\.properties:1:13 \/z\/PRIORITY: found "0", /,
      ),
    ]);
    await expect.poll(health).toMatchObject({ code: 200, remarks });
    await engine.stop();
    const ids = [...(await submitTo(engine, '/y/flow', 2)), ...(await submitTo(engine, '/z/flow', 2))];
    await engine.start();
    expect(await order(ids)).toEqual(['/z/', '/z/', '/y/', '/y/']);
    rmSync(world.file);
    await world.until(refused);
    expect((await engine.status()).remarks[0]).toContain('is not there (ENOENT)');
    world.write('/z/PRIORITY=3');
    await world.until('runtime configuration has no faults any more');
    expect((await engine.status()).remarks).toEqual([]);
    await expect.poll(async () => (await health()).remarks).toBeUndefined();
  });
});

describe('the runtime configuration and a Redis', () => {
  /** What the queue has. */
  const inRedis = (world: World, engine: Engine) => prioritiesInRedis(world.home, world.folder, engine);

  test('one that has lost everything is told again, and the order holds', async () => {
    const world = new World('redis', '/z/PRIORITY=3');
    const engine = await world.engine();
    for (const name of ['/y/flow', '/z/flow']) await engine.deploy(definitionOf(name, ['echo']), here);
    await engine.start();
    await hold(engine, 'lost');
    const taken = await submitTo(engine, '/y/flow', 20, 1);
    const ids = [...(await submitTo(engine, '/y/flow', 2)), ...(await submitTo(engine, '/z/flow', 2))];
    const { client } = await redisOfTests();
    await client.del(`{millrace:${path.basename(world.folder)}}:epoch`);
    await world.until('queue found again');
    expect(await inRedis(world, engine)).toEqual({ '/z/': 3 });
    signals.open('lost');
    expect((await order([...taken, ...ids])).slice(taken.length)).toEqual(['/z/', '/z/', '/y/', '/y/']);
  });

  test('what an earlier engine left there, by another file or none, is no longer there', async () => {
    const world = new World('shared', '/y/PRIORITY=3\n/z/PRIORITY=4');
    const before = await world.engine();
    await before.start();
    await expect.poll(() => inRedis(world, before)).toEqual({ '/y/': 3, '/z/': 4 });
    await before.dispose(0);
    world.write('/z/PRIORITY=5');
    const after = await world.engine();
    await after.start();
    await expect.poll(() => inRedis(world, after)).toEqual({ '/z/': 5 });
    await after.dispose(0);
    const without = await world.engine({ runtimeConfiguration: null });
    await without.start();
    await expect.poll(() => inRedis(world, without)).toEqual({});
  });

  test('of engines with different files the master is heard, and the next master when it leaves', async () => {
    const world = new World('shared', '/a/PRIORITY=3');
    const master = await world.engine({ name: 'a' });
    await master.start();
    const own = `${world.file}.other`;
    writeFileSync(own, '/a/PRIORITY=7\n/b/PRIORITY=8');
    const other = await world.engine({ name: 'b', runtimeConfiguration: own });
    await other.start();
    await expect.poll(() => inRedis(world, other)).toEqual({ '/a/': 3 });
    writeFileSync(own, '/a/PRIORITY=9');
    await world.until(read);
    expect(await inRedis(world, other)).toEqual({ '/a/': 3 });
    await master.dispose(0);
    await expect.poll(() => inRedis(world, other)).toEqual({ '/a/': 9 });
  });
});

test('an engine is not made with a file that has faults, or with none: all are told, and nothing is opened', async () => {
  const folder = path.join(temporaryFolder(), 'store');
  const file = path.join(path.dirname(folder), 'runtime.yaml');
  writeFileSync(file, 'PRIORITY: 0\n/a:\n  PRIORITY: x\n');
  const error = await openEngine('disk', folder, { runtimeConfiguration: file }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as ConfigurationError).faults.map(({ line, path: field }) => [line, field])).toEqual([
    [1, '/PRIORITY'],
    [3, '/a/PRIORITY'],
  ]);
  await expect(openEngine('disk', folder, { runtimeConfiguration: `${file}.none` })).rejects.toThrow(/is not there/);
  const options = { runtimeConfiguration: file, runtimeConfigurationRefresh: 'm' };
  await expect(openEngine('disk', folder, options)).rejects.toThrow(/^OPTION_INVALID: runtimeConfigurationRefresh: /);
  expect(existsSync(folder)).toBe(false);
});
