// The file that is read again: what changes, what does not, and what is told.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigurationError } from '../../src/config/fault.js';
import { ordersOf } from '../../src/config/order-properties.js';
import { type ConfigurationTrouble, RuntimeConfiguration } from '../../src/config/runtime-configuration.js';
import { nearest } from '../../src/config/tree.js';
import { TestClock } from '../../src/observe/clock.js';

class World {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'millrace-config-'));
  readonly file: string;
  readonly clock = new TestClock();
  readonly told: string[] = [];

  constructor(name = 'runtime.properties') {
    this.file = path.join(this.folder, name);
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  write(text: string | Uint8Array): void {
    writeFileSync(this.file, text);
  }

  async open(refresh = '+m'): Promise<RuntimeConfiguration> {
    const configuration = await RuntimeConfiguration.open({ file: this.file, refresh, clock: this.clock });
    onTestFinished(() => configuration.close());
    configuration.watch({
      changed: tree =>
        this.told.push(
          `changed ${JSON.stringify([...ordersOf(tree)].map(([branch, { priority }]) => [branch, priority]))}`,
        ),
      refused: ({ faults }: ConfigurationTrouble) => this.told.push(`refused ${faults.map(({ code }) => code)}`),
      mended: () => this.told.push('mended'),
      failed: error => this.told.push(String(error)),
    });
    return configuration;
  }

  /** What was told since the last time. */
  heard(): string[] {
    return this.told.splice(0);
  }

  /** Let the time pass, and the look that is due then end. */
  async pass(configuration: RuntimeConfiguration, ms: number): Promise<void> {
    this.clock.advanceMs(ms);
    // One that the clock has begun is the one that is answered.
    if (this.clock.pendingCount === 0) await configuration.look();
    await new Promise(resolve => setImmediate(resolve));
  }
}

const priority = (configuration: RuntimeConfiguration) => nearest(configuration.tree, '/a/', 'PRIORITY')?.value;

describe('a runtime configuration', () => {
  test('is read again every minute, and changes with its content alone', async () => {
    const world = new World();
    world.write('/a/PRIORITY=5');
    const configuration = await world.open();
    expect(priority(configuration)).toBe(5);
    world.write('/a/PRIORITY=6');
    await world.pass(configuration, 59_999);
    expect([priority(configuration), world.heard()]).toEqual([5, []]);
    await world.pass(configuration, 1);
    expect([priority(configuration), world.heard()]).toEqual([6, ['changed [["/a/",6]]']]);
    const { tree } = configuration;
    // Written again, a new file, the same content.
    writeFileSync(`${world.file}.new`, '/a/PRIORITY=6');
    await rename(`${world.file}.new`, world.file);
    await world.pass(configuration, 60_000);
    expect([world.heard(), configuration.tree === tree]).toEqual([[], true]);
    world.write('/a/PRIORITY=7');
    await world.pass(configuration, 60_000);
    expect(world.heard()).toEqual(['changed [["/a/",7]]']);
  });

  test('with faults keeps the last good one, says so once, and again when the faults are others', async () => {
    const world = new World();
    world.write('/a/PRIORITY=5');
    const configuration = await world.open();
    const sinceMs = world.clock.nowMs() + 60_000;
    world.write('/a/PRIORITY=0\n/b/PRIORITY=1');
    for (let look = 0; look < 3; look++) await world.pass(configuration, 60_000);
    expect([priority(configuration), world.heard()]).toEqual([5, ['refused VALUE_INVALID']]);
    expect(configuration.trouble).toMatchObject({ sinceMs, faults: [{ file: world.file, line: 1, column: 13 }] });
    world.write('PRIORITY=0');
    await world.pass(configuration, 60_000);
    expect(world.heard()).toEqual(['refused NAMESPACE_INVALID']);
    expect(configuration.trouble?.sinceMs).toBe(sinceMs);
    // Back to what held.
    world.write('/a/PRIORITY=5');
    await world.pass(configuration, 60_000);
    expect([world.heard(), configuration.trouble]).toEqual([['mended'], null]);
    world.write('/a/PRIORITY=0');
    await world.pass(configuration, 60_000);
    world.write('/a/PRIORITY=8');
    await world.pass(configuration, 60_000);
    expect([priority(configuration), world.heard()]).toEqual([
      8,
      ['refused VALUE_INVALID', 'mended', 'changed [["/a/",8]]'],
    ]);
  });

  test.each([
    ['changed', '/a/PRIORITY=6'],
    ['refused', '/a/PRIORITY=0'],
  ] as const)('is looked at again, and told again, when whoever is told that it %s throws', async (what, text) => {
    const world = new World();
    world.write('/a/PRIORITY=5');
    const configuration = await RuntimeConfiguration.open({ file: world.file, refresh: '+m', clock: world.clock });
    onTestFinished(() => configuration.close());
    let throwing = 2;
    const tell = (event: string) => () => {
      if (event === what && throwing-- > 0) throw new Error('not now');
      world.told.push(event);
    };
    configuration.watch({
      changed: tell('changed'),
      refused: tell('refused'),
      mended: tell('mended'),
      failed: error => world.told.push(String(error)),
    });
    world.write(text);
    for (let look = 0; look < 4; look++) {
      await world.pass(configuration, 60_000).catch(() => undefined);
      await new Promise(resolve => setImmediate(resolve));
      expect(world.clock.pendingCount).toBe(1);
    }
    expect(world.heard()).toEqual(['Error: not now', 'Error: not now', what]);
  });

  test('that vanishes, or cannot be read, keeps the last good one and says so once', async () => {
    const world = new World();
    world.write('/a/PRIORITY=5');
    const configuration = await world.open();
    rmSync(world.file);
    for (let look = 0; look < 3; look++) await world.pass(configuration, 60_000);
    expect([priority(configuration), world.heard()]).toEqual([5, ['refused FILE_INVALID']]);
    expect(configuration.trouble?.faults[0]?.message).toBe('is not there (ENOENT)');
    await mkdir(world.file);
    for (let look = 0; look < 2; look++) await world.pass(configuration, 60_000);
    expect(world.heard()).toEqual(['refused FILE_INVALID']);
    rmSync(world.file, { recursive: true });
    world.write('/a/PRIORITY=5');
    await world.pass(configuration, 60_000);
    expect([priority(configuration), world.heard(), configuration.trouble]).toEqual([5, ['mended'], null]);
    world.write(new Uint8Array([0x2f, 0x61, 0xff]));
    await world.pass(configuration, 60_000);
    world.write('x'.repeat(4_194_305));
    await world.pass(configuration, 60_000);
    expect([priority(configuration), world.heard()]).toEqual([5, ['refused FILE_INVALID', 'refused FILE_INVALID']]);
  });

  test('with faults at the start there is none: every fault is told', async () => {
    const world = new World('runtime.yaml');
    world.write('PRIORITY: 0\n/a: 5\n');
    const error = await world.open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'OPTION_INVALID', faults: [{ line: 1 }, { line: 2 }] });
    await expect(new World().open()).rejects.toThrow(
      /^OPTION_INVALID: runtimeConfiguration: .*runtime\.properties: is not there \(ENOENT\) \(FILE_INVALID\)$/,
    );
  });

  test('a byte order mark is none of its text', async () => {
    const world = new World();
    world.write('\ufeff/a/PRIORITY=5');
    expect(priority(await world.open())).toBe(5);
  });

  test('looks as often as the expression says, never more often than once a second', async () => {
    const world = new World();
    world.write('/a/PRIORITY=5');
    for (const [refresh, words] of [
      ['m', /runtimeConfigurationRefresh: TIME_EXPRESSION_INVALID: "m"/],
      ['-m', /"-m" must be a relative time expression that leads on by a second or more/],
      ['+999ms', /"\+999ms" must be a relative time expression/],
      ['+b', /runtimeConfigurationRefresh: .*business/],
      ['', /runtimeConfigurationRefresh/],
    ] as const) {
      await expect(world.open(refresh), refresh).rejects.toThrow(words);
    }
    const configuration = await world.open('+3s');
    world.write('/a/PRIORITY=6');
    await world.pass(configuration, 2_999);
    expect(priority(configuration)).toBe(5);
    await world.pass(configuration, 1);
    expect(priority(configuration)).toBe(6);
    // An hour at a time, once, then never again: it is still looked at, a second or more apart.
    const own = new World();
    own.write('/a/PRIORITY=5');
    const once = await own.open('@13H');
    own.clock.advanceMs(3_600_000);
    await once.look();
    own.write('/a/PRIORITY=6');
    await own.pass(once, 1_000);
    expect(priority(once)).toBe(6);
  });

  test('is looked at no more when it is closed', async () => {
    const world = new World();
    world.write('/a/PRIORITY=5');
    const configuration = await world.open();
    await configuration.close();
    world.write('/a/PRIORITY=6');
    expect(world.clock.pendingCount).toBe(0);
    await configuration.look();
    expect([priority(configuration), world.heard()]).toEqual([5, []]);
  });
});
