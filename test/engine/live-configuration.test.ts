// The runtime configuration changed by operation while engines run: what holds, who is told, what is left of it.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { loggersTo } from '../../src/observe/loggers.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { auditRows, definitionOf, type Home, here, openEngine, signals, temporaryFolder } from './setup.js';
import { hold, order, prioritiesInRedis, submitTo } from './waiting-order.js';

/** What is logged when settings have been read anew. */
const settingsRead = 'settings of the runtime configuration read';

async function engineOn(home: Home, folder: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await openEngine(home, folder, { concurrency: 1, ...options });
  onTestFinished(() => engine.dispose(0));
  return engine;
}

function fileOf(text: string): string {
  const file = path.join(temporaryFolder(), 'runtime.properties');
  writeFileSync(file, text);
  return file;
}

const failing = (name: string) => ({ name, type: 'call', function: 'failing', retry: { retries: 0 } }) as const;

describe.each(['memory', 'redis'] as const)('set while it runs, %s', home => {
  test('a PRIORITY reorders what waits at the next claim, over the file, until it is taken away', async () => {
    signals.forget();
    const runtimeConfiguration = fileOf('/a/PRIORITY=5\n/b/PRIORITY=6');
    const engine = await engineOn(home, temporaryFolder(), { runtimeConfiguration });
    for (const name of ['/a/flow', '/b/flow', '/c/flow']) await engine.deploy(definitionOf(name, ['echo']), here);
    await engine.start();
    const { configuration } = engine;
    for (const [gate, expected] of [
      ['set', ['/c/', '/c/', '/a/', '/a/', '/b/', '/b/']],
      ['unset', ['/a/', '/a/', '/b/', '/b/', '/c/', '/c/']],
    ] as const) {
      await hold(engine, `${home} ${gate}`);
      const taken = await submitTo(engine, '/b/flow', 20, 1);
      const ids = [
        ...(await submitTo(engine, '/b/flow', 2)),
        ...(await submitTo(engine, '/a/flow', 2)),
        ...(await submitTo(engine, '/c/flow', 2)),
      ];
      if (gate === 'set') {
        await configuration.set({ branch: '/c', property: 'priority', value: 2 }, { user: 'ann' });
        await configuration.set({ branch: '/b/', property: 'PRIORITY', value: 900 });
      } else {
        for (const branch of ['/b/', '/c/']) await configuration.unset({ branch, property: 'PRIORITY' });
      }
      signals.open(`${home} ${gate}`);
      expect((await order([...taken, ...ids])).slice(taken.length)).toEqual(expected);
    }
  });
});

test('variables, modules and error handlers follow, without a file and without a restart', async () => {
  const engine = await engineOn('memory', temporaryFolder());
  const { configuration } = engine;
  await engine.start();
  const ended = async (workflow: string) => engine.result(await engine.submit({ workflow, input: { fails: 1 } }));

  const map = [{ from: 'runtime.host', to: 'action.host' }];
  const named = {
    name: 'a',
    type: 'call',
    function: 'echo',
    module: './actions.mjs',
    map,
    retry: { retries: 0 },
  } as const;
  await engine.deploy({ name: '/v/flow', actions: [named], flows: [] }, here);
  expect((await ended('/v/flow')).error).toMatchObject({ code: 'PROPERTY_MISSING' });
  await configuration.set({ branch: '/', property: 'HOST', value: { name: 'first' } });
  expect((await ended('/v/flow')).result).toMatchObject({ host: { name: 'first' } });
  await configuration.set({ branch: '/v/', property: 'host', value: 'second' });
  expect((await ended('/v/flow')).result).toMatchObject({ host: 'second' });

  const call: WorkflowDefinition = {
    name: '/m/flow',
    actions: [{ name: 'act', type: 'call', function: 'echo' }],
    flows: [],
  };
  await expect(engine.deploy(call, here)).rejects.toThrow(/MODULE_MISSING/);
  const value = [path.join(here, 'actions.mjs')];
  await configuration.set({ branch: '/m/', property: 'LISTENER_CLASSPATH', value });
  await engine.deploy(call, here);
  expect((await ended('/m/flow')).result).toEqual({ fails: 1 });

  const own = { module: path.join(here, 'handler-actions.mjs'), flows: [] };
  await engine.deploy({ name: '/h/flow', actions: [failing('a')], ...own }, here);
  await engine.deploy({ name: '/handlers/none', actions: [{ name: 'done', type: 'null' }], flows: [] }, here);
  expect(await ended('/h/flow')).toMatchObject({ state: 'failed', error: { code: 'Broken' } });
  await configuration.set({ branch: '/h/', property: 'DEFAULT_FLOW_CHART_ERROR_HANDLER', value: '/handlers/none' });
  expect(await ended('/h/flow')).toMatchObject({ state: 'finished', result: { attempt: 2 } });
});

test('what is shown: every branch, what holds for one, and who says it; and the audit has who has done what', async () => {
  const file = fileOf('# first\n/a/PRIORITY=5\n/X=root\n/a/X=of a');
  const engine = await engineOn('memory', temporaryFolder(), { runtimeConfiguration: file, name: 'shown' });
  const { configuration } = engine;
  const nobody = { by: null, atMs: null, version: null, file: null, line: null, covered: null };
  const ofFile = (line: number) => ({ ...nobody, source: 'file', file, line });
  expect(await configuration.show()).toEqual({
    version: 0,
    properties: [
      { property: 'X', value: 'root', branch: '/', ...ofFile(3) },
      { property: 'PRIORITY', value: '5', branch: '/a/', ...ofFile(2) },
      { property: 'X', value: 'of a', branch: '/a/', ...ofFile(4) },
    ],
    throttles: [],
  });
  const dry = await configuration.set({ branch: '/a', property: 'x', value: 1 }, { user: 'ann', dryRun: true });
  expect(dry).toMatchObject({ branch: '/a/', property: 'X', version: 0, before: { value: 'of a' }, now: { value: 1 } });
  expect((await configuration.show({ branch: '/a/', property: 'x' })).properties).toMatchObject([{ value: 'of a' }]);

  const set = await configuration.set({ branch: '/a', property: 'x', value: [1] }, { user: 'ann' });
  const operation = { ...nobody, source: 'operation', by: 'ann', atMs: expect.any(Number), version: 1 };
  const now = { ...operation, property: 'X', value: [1], branch: '/a/', covered: { value: 'of a', file, line: 4 } };
  expect(set).toEqual({
    ...{ branch: '/a/', property: 'X', version: 1, now },
    before: { property: 'X', value: 'of a', branch: '/a/', ...ofFile(4) },
  });
  expect(await configuration.show({ branch: '/a/deep' })).toEqual({
    version: 1,
    properties: [{ property: 'PRIORITY', value: '5', branch: '/a/', ...ofFile(2) }, now],
    throttles: [],
  });
  expect((await configuration.show({ branch: '/b/' })).properties).toEqual([
    { ...nobody, property: 'PRIORITY', value: 10, source: 'default', branch: null },
    { property: 'X', value: 'root', branch: '/', ...ofFile(3) },
  ]);
  expect((await configuration.show({ property: 'priority' })).properties).toHaveLength(1);
  const unset = await configuration.unset({ branch: '/a/', property: 'X' }, { user: 'bob' });
  expect(unset).toMatchObject({ version: 2, before: { value: [1] }, now: { value: 'of a', source: 'file' } });
  // There is nothing more to take away.
  expect(await configuration.unset({ branch: '/a/', property: 'X' })).toMatchObject({ version: 2 });
  await expect(configuration.set({ branch: '/a/', property: 'PRIORITY', value: 0 }, { user: 'cy' })).rejects.toThrow(
    /^SETTING_INVALID: \/a\/PRIORITY: found 0, accepted is a whole number .*\(VALUE_INVALID\)$/,
  );
  await expect(configuration.show({ branch: 'a' })).rejects.toThrow(/^NAMESPACE_INVALID: /);
  const recorded = await auditRows(engine, `message like '%etConfiguration%'`, []);
  expect(recorded.map(({ event, user, message }) => `${event} ${user} ${message}`).slice(0, 6)).toEqual(
    [
      ['ann', 'setConfiguration: /a/X = [1], before = "of a"'],
      ['bob', 'unsetConfiguration: /a/X not set, before = [1]'],
    ].flatMap(([user, message]) =>
      ['EnteringCall', 'J2seTransactionCommitted', 'ExitingCall'].map(event => `${event} ${user} ${message}`),
    ),
  );
  expect(recorded.at(-1)).toMatchObject({ event: 'ExitingCallWithError', user: 'cy' });
});

test('throttles of the branches above hold beside its own; the ninth fairness window is refused', async () => {
  const { configuration } = await engineOn('memory', temporaryFolder());
  const throttle = 'CONCURRENCY_THROTTLE';
  await configuration.set({ branch: '/', property: throttle, value: 5 });
  const nearer = await configuration.set({ branch: '/a/b/', property: throttle, value: 3 });
  expect([nearer.before, nearer.now?.value]).toEqual([null, 3]);
  const both = await configuration.show({ branch: '/a/b/c', property: throttle });
  expect(both.properties.map(({ branch, value }) => [branch, value])).toEqual([
    ['/a/b/', 3],
    ['/', 5],
  ]);
  const window = (at: number) => ({ branch: `/w${at}/`, property: 'FAIRNESS_TIME_WINDOW', value: `+${at}m` });
  for (let at = 1; at <= 8; at++) await configuration.set(window(at));
  await expect(configuration.set(window(9))).rejects.toThrow(/^SETTING_INVALID: \/w9\/FAIRNESS_.*WINDOWS_TOO_MANY\)$/);
  await configuration.set({ ...window(9), value: '+60s' });
});

test('a window that is one too many over a changed file is left out, and stands in the way of no other setting', async () => {
  const windows = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, at) => `/f${at}/FAIRNESS_TIME_WINDOW=+${from + at}m`).join('\n');
  const file = fileOf(windows(1, 8));
  const said: string[] = [];
  const { configuration } = await engineOn('memory', temporaryFolder(), {
    runtimeConfiguration: file,
    runtimeConfigurationRefresh: '+s',
    loggers: loggersTo(({ message }) => said.push(message)),
  });
  const window = { branch: '/w/', property: 'FAIRNESS_TIME_WINDOW' };
  await configuration.set({ ...window, value: '+30m' });
  said.length = 0;
  writeFileSync(file, windows(10, 18));
  await expect.poll(() => said).toContain('runtime configuration read');
  const told = async () => (await configuration.show(window)).properties.map(({ value }) => value);
  expect(await told()).toEqual([]);
  expect((await configuration.set({ branch: '/w/', property: 'X', value: 1 })).now?.value).toBe(1);
  const tooMany = configuration.set({ branch: '/v/', property: window.property, value: '+31m' });
  await expect(tooMany).rejects.toThrow(/WINDOWS_TOO_MANY/);
  await configuration.set({ ...window, value: '+10m' });
  expect(await told()).toEqual(['+10m']);
  await configuration.unset(window);
  expect(await told()).toEqual([]);
});

test('a file that changes changes what is under it; what an engine refuses of the store is left out, and told', async () => {
  const file = fileOf('/a/X=1\n/a/Y=1');
  const said: string[] = [];
  const folder = temporaryFolder();
  const options = {
    runtimeConfiguration: file,
    runtimeConfigurationRefresh: '+s',
    loggers: loggersTo(({ message }) => said.push(message)),
  };
  const engine = await engineOn('disk', folder, options);
  await engine.configuration.set({ branch: '/a/', property: 'X', value: 'set' });
  said.length = 0;
  writeFileSync(file, '/a/X=2\n/a/Y=2');
  await expect.poll(() => said).toContain('runtime configuration read');
  expect((await engine.configuration.show({ branch: '/a/' })).properties).toMatchObject([
    { property: 'PRIORITY' },
    { property: 'X', value: 'set', covered: { value: '2' } },
    { property: 'Y', value: '2' },
  ]);
  // As another version may have let it in.
  await engine.query(`select millrace_set('/a/', 'PRIORITY', '0', 'ann', 1, 100, 100)`);
  await engine.dispose(0);
  said.length = 0;
  const again = await engineOn('disk', folder, options);
  expect((await again.configuration.show({ branch: '/a/' })).properties).toMatchObject([
    { property: 'PRIORITY', value: 10, source: 'default' },
    { property: 'X', value: 'set' },
    { property: 'Y', value: '2' },
  ]);
  expect(said).toContain(settingsRead);
  expect((await again.status()).remarks).toEqual([expect.stringMatching(/leaves out .*\/a\/PRIORITY: found 0, /)]);
  await again.configuration.unset({ branch: '/a/', property: 'PRIORITY' });
  expect((await again.status()).remarks).toEqual([]);
  // 4 MB together.
  const large = `'"' || repeat('x', 65534) || '"'`;
  await again.query(
    `select count(millrace_set('/full/', 'P' || n, ${large}, 'ann', 1, 100, 5000000)) from generate_series(1, 64) n`,
  );
  await expect(again.configuration.set({ branch: '/a/', property: 'Z', value: 1 })).rejects.toThrow(/^SETTINGS_FULL: /);
  expect((await again.configuration.show({ branch: '/a/', property: 'Z' })).properties).toEqual([]);
});

test('two engines: what is set on one holds on the other at once, and in the queue they share', async () => {
  const folder = temporaryFolder();
  const said: Record<string, string[]> = { a: [], b: [] };
  // Beats would come too late to tell of anything.
  const started = async (name: string): Promise<Engine> => {
    const loggers = loggersTo(({ message }) => said[name]!.push(message));
    const engine = await engineOn('cluster', folder, { name, leaseMs: 600_000, loggers });
    await engine.start();
    return engine;
  };
  const [master, other] = [await started('a'), await started('b')];
  await other.configuration.set({ branch: '/z/', property: 'PRIORITY', value: 3 }, { user: 'ann' });
  await expect.poll(() => said.a).toContain(settingsRead);
  // By the one that leads.
  await expect.poll(() => prioritiesInRedis('cluster', folder, other)).toEqual({ '/z/': 3 });
  said.b!.length = 0;
  await master.configuration.set({ branch: '/y/', property: 'PRIORITY', value: 4 });
  expect(await prioritiesInRedis('cluster', folder, other)).toEqual({ '/y/': 4, '/z/': 3 });
  await expect.poll(() => said.b).toContain(settingsRead);
  expect((await other.configuration.show({ branch: '/z/', property: 'PRIORITY' })).properties).toMatchObject([
    { value: 3, source: 'operation', by: 'ann' },
  ]);
  // Who leads next has it too.
  await master.dispose(0);
  await other.configuration.unset({ branch: '/z/', property: 'PRIORITY' });
  await expect.poll(() => prioritiesInRedis('cluster', folder, other)).toEqual({ '/y/': 4 });
});

test('what nobody has told of is found with the next beat', async () => {
  const said: string[] = [];
  const loggers = loggersTo(({ message }) => said.push(message));
  const engine = await engineOn('shared', temporaryFolder(), { leaseMs: 1_500, loggers });
  await engine.start();
  await engine.query(`select millrace_set('/a/', 'X', '1', 'ann', 1, 100, 100)`);
  await expect.poll(() => said).toContain(settingsRead);
});
