// Calls without a module: the modules of their branch, by the LISTENER_CLASSPATH of the runtime configuration.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { loggersTo } from '../../src/observe/loggers.js';
import { openEngine, temporaryFolder } from './setup.js';

const read = 'runtime configuration read';

class World {
  readonly folder = temporaryFolder();
  readonly #said: string[] = [];
  #engine: Engine | null = null;

  get engine(): Engine {
    return this.#engine!;
  }

  /** A file with these functions, each returning its text; whole at once, as an editor or a deployment does it. */
  module(file: string, functions: Readonly<Record<string, string>>, ending = 'mjs'): void {
    const parts = Object.entries(functions).map(([name, text]) =>
      ending === 'cjs'
        ? `exports.${name} = () => ${JSON.stringify(text)};`
        : `export const ${name} = () => ${JSON.stringify(text)};`,
    );
    this.text(`${file}.${ending}`, parts.join('\n'));
  }

  text(file: string, text: string): void {
    const whole = path.join(this.folder, file);
    mkdirSync(path.dirname(whole), { recursive: true });
    writeFileSync(`${whole}.new`, text);
    renameSync(`${whole}.new`, whole);
  }

  async start(configuration: string): Promise<void> {
    this.text('runtime.properties', configuration);
    this.#engine = await openEngine('memory', this.folder, {
      concurrency: 4,
      runtimeConfiguration: path.join(this.folder, 'runtime.properties'),
      runtimeConfigurationRefresh: '+s',
      loggers: loggersTo(({ message }) => this.#said.push(message)),
    });
    onTestFinished(() => this.engine.dispose(0));
    await this.engine.start();
  }

  async change(configuration: string): Promise<void> {
    this.#said.length = 0;
    this.text('runtime.properties', configuration);
    await expect.poll(() => this.#said.includes(read), { timeout: 60_000 }).toBe(true);
  }

  async deploy(workflow: string, name: string, own: { readonly module?: string } = {}): Promise<void> {
    const action = { name: 'act', type: 'call', function: name, retry: { retries: 0 } } as const;
    await this.engine.deploy({ name: workflow, ...own, actions: [action], flows: [] }, this.folder);
  }

  /** What the function returned, or its error as `code: message`. */
  async result(workflow: string): Promise<unknown> {
    const [id] = await this.engine.submit([{ workflow }]);
    const ended = await this.engine.result(id!);
    return ended.state === 'finished' ? ended.result : `${ended.error?.code}: ${ended.error?.message}`;
  }

  async ran(workflow: string, name: string, own: { readonly module?: string } = {}): Promise<unknown> {
    await this.deploy(workflow, name, own);
    return this.result(workflow);
  }
}

test('a file, a folder by name, a list: the first that exports the function has it', async () => {
  const world = new World();
  world.module('one', { score: 'one', rank: 'one' });
  world.module('more/b', { score: 'b', rate: 'b' });
  world.module('more/a', { rate: 'a' }, 'cjs');
  world.text('more/notes.txt', 'export const note = () => "no module";');
  world.module('more/deep/c', { deep: 'c' });
  await world.start(
    '/file/LISTENER_CLASSPATH=one.mjs\n/folder/LISTENER_CLASSPATH=more\n/list/LISTENER_CLASSPATH=absent, more:one.mjs',
  );
  expect(await world.ran('/file/flow', 'score')).toBe('one');
  expect(await world.ran('/folder/score', 'score')).toBe('b');
  expect(await world.ran('/folder/rate', 'rate')).toBe('a');
  expect(await world.ran('/list/score', 'score')).toBe('b');
  expect(await world.ran('/list/rank', 'rank')).toBe('one');
  expect(await world.ran('/folder/deep', 'deep')).toMatch(/^ActionModuleNotFound: /);
});

test('own modules of workflow and action beat the branch; of branches the nearest counts, and it alone', async () => {
  const world = new World();
  world.module('root', { score: 'root', only: 'root' });
  world.module('near', { score: 'near' });
  world.module('own', { score: 'own' });
  await world.start('/LISTENER_CLASSPATH=root.mjs\n/a/LISTENER_CLASSPATH=near.mjs');
  expect(await world.ran('/flow', 'score')).toBe('root');
  expect(await world.ran('/a/flow', 'score')).toBe('near');
  expect(await world.ran('/a/deep/flow', 'score')).toBe('near');
  expect(await world.ran('/b/flow', 'score')).toBe('root');
  expect(await world.ran('/a/own', 'score', { module: './own.mjs' })).toBe('own');
  await world.engine.deploy(
    {
      name: '/a/action',
      actions: [
        { name: 'own', type: 'call', function: 'score', module: './own.mjs' },
        { name: 'branch', type: 'call', function: 'score' },
      ],
      flows: [{ from: 'own', to: 'branch' }],
    },
    world.folder,
  );
  expect(await world.result('/a/action')).toBe('near');
  expect(await world.ran('/a/only', 'only')).toBe(
    `ActionModuleNotFound: no module of branch /a/ exports a function "only"; looked at ${world.folder}/near.mjs`,
  );
});

test('changes without a restart: of a module, of what a folder holds, of the configuration', async () => {
  const world = new World();
  world.module('modules/m', { score: 'first' });
  world.module('other', { score: 'other' });
  await world.start('/a/LISTENER_CLASSPATH=modules');
  const becomes = async (expected: unknown): Promise<void> => {
    await expect.poll(() => world.result('/a/flow'), { timeout: 60_000 }).toEqual(expected);
  };
  expect(await world.ran('/a/flow', 'score')).toBe('first');
  world.module('modules/m', { score: 'second' });
  await becomes('second');
  world.module('modules/a', { score: 'from the new one' });
  await becomes('from the new one');
  world.module('modules/a', { another: 'x' });
  await becomes('second');
  world.text('modules/a.mjs', 'export const score = ;');
  await becomes(expect.stringMatching(/^ActionModuleFailed: module .*modules\/a\.mjs does not load: /));
  await world.change('/a/LISTENER_CLASSPATH=other.mjs');
  await becomes('other');
  await world.change('/b/LISTENER_CLASSPATH=other.mjs');
  await becomes('ActionModuleNotFound: function "score" has no module: no branch from /a/ up has a LISTENER_CLASSPATH');
});

test('what is not there is named, and no more than 100 files are searched', async () => {
  const world = new World();
  for (let at = 0; at <= 100; at++) world.module(`many/m${String(at).padStart(3, '0')}`, { [`f${at}`]: 'found' });
  mkdirSync(path.join(world.folder, 'empty'));
  await world.start('/LISTENER_CLASSPATH=absent:empty\n/empty/LISTENER_CLASSPATH=empty\n/many/LISTENER_CLASSPATH=many');
  const { folder } = world;
  expect(await world.ran('/flow', 'x')).toBe(
    `ActionModuleNotFound: no module of branch / exports a function "x"; looked at ${folder}/absent (not there), ${folder}/empty (no modules)`,
  );
  expect(await world.ran('/many/last', 'f99')).toBe('found');
  const beyond = await world.ran('/many/beyond', 'f100');
  expect(beyond).toContain(`${folder}/many/m009.mjs and 90 more; not searched: 1 beyond the first 100`);
});

test('a call without a module is refused where the branch has none, a copy to such a branch, too', async () => {
  const world = new World();
  world.module('one', { score: 'one' });
  await world.start('/a/LISTENER_CLASSPATH=one.mjs');
  await world.deploy('/a/flow', 'score');
  await expect(world.deploy('/b/flow', 'score')).rejects.toThrow(/MODULE_MISSING/);
  await expect(world.engine.copyWorkflow({ from: '/a/flow', to: '/b/flow' })).rejects.toThrow(/MODULE_MISSING/);
});
