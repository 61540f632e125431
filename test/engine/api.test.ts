// What the methods of the engine promise their callers, whatever the instances do.

import { relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loggersTo } from '../../src/observe/loggers.js';
import { definitionOf, here, noRetry, openEngine, temporaryFolder } from './setup.js';

test('on an engine that has been disposed of every method that returns a promise rejects', async () => {
  const engine = await openEngine('memory', temporaryFolder());
  await engine.dispose();
  const calls: (() => Promise<unknown>)[] = [
    () => engine.start(),
    () => engine.deploy({ name: '/a', actions: [], flows: [] }),
    () => engine.submit({ workflow: '/a' }),
    () => engine.submitMany([]),
    () => engine.result('a'),
    () => engine.show('a'),
    () => engine.count(),
    () => engine.pause('/a'),
    () => engine.resume('/a'),
    () => engine.remove('/a'),
    () => engine.recover('/a'),
    () => engine.query('select 1'),
    () => engine.status(),
    () => engine.diskBytes(),
  ];
  for (const call of calls) {
    // Called outside of `expect`, which would take a throw for a rejection.
    const answer = call();
    await expect(answer, String(call)).rejects.toMatchObject({ code: 'ENGINE_DISPOSED' });
  }
});

test('a relative folder of modules is relative to the current one', async () => {
  const engine = await openEngine('memory', temporaryFolder());
  onTestFinished(() => engine.dispose(0));
  await engine.start();
  const flow = definitionOf('/relative', [{ function: 'echo', retry: noRetry }]);
  await engine.deploy(flow, relative(process.cwd(), here));
  const id = await engine.submit({ workflow: '/relative', input: { n: 1 } });
  expect(await engine.result(id)).toMatchObject({ state: 'finished', result: { n: 1 } });
});

test('its start, its stop and its end are each logged once', async () => {
  const messages: string[] = [];
  const loggers = loggersTo(({ message }) => messages.push(message), 'info');
  const engine = await openEngine('memory', temporaryFolder(), { loggers });
  await engine.start();
  await engine.dispose();
  await engine.dispose();
  expect(messages.filter(message => message.startsWith('engine '))).toEqual([
    'engine started',
    'engine stopped',
    'engine disposed of',
  ]);
});
