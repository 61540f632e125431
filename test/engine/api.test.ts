// What the methods of the engine promise their callers, whatever the instances do.

import { expect, test } from 'vitest';
import { openEngine, temporaryFolder } from './setup.js';

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
