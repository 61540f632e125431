// Contexts that are withdrawn in the commit in which they move on, or fail: they are gone, and the instance ends.

import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, ownWorld, signals } from './setup.js';

const links = Array.from({ length: 12 }, (_, at) => `a${at}`);

test.each(['moves', 'fails'])(
  'one that %s',
  async way => {
    const { engine } = await ownWorld('memory');
    const link = (name: string): Action =>
      way === 'moves'
        ? { name, type: 'null' }
        : { name, type: 'call', function: 'fails', retry: { retries: 1_000, delayMs: 0, factor: 1 } };
    const flows: Flow[] = ['head', ...links].slice(0, -1).map((from, at) => ({ from, to: links[at]! }));
    await engine.deploy(
      {
        name: '/withdrawn/flow',
        module: './context-actions.mjs',
        actions: [
          { name: 'head', type: 'null' },
          ...links.map(link),
          ...['wait1', 'wait2', 'wait3'].map((name): Action => ({ name, type: 'null' })),
          { name: 'stop', type: 'cancel', actions: links },
          { name: 'after', type: 'call', function: 'same' },
        ],
        flows: [
          ...flows,
          { from: 'head', to: 'wait1' },
          { from: 'wait1', to: 'wait2' },
          { from: 'wait2', to: 'wait3' },
          { from: 'wait3', to: 'stop' },
          { from: 'stop', to: 'after' },
        ],
      },
      here,
    );
    const ids = await engine.submit(Array.from({ length: 100 }, () => ({ workflow: '/withdrawn/flow', input: {} })));
    const results = await Promise.all(ids.map(id => engine.result(id)));
    expect(results.filter(({ state }) => state !== 'finished')).toEqual([]);
    expect(await engine.query(`select count(*) from millrace_segment where open > 0`)).toEqual([['0']]);
  },
  60_000,
);

test('one that executes has its signal aborted, begins no further action, and gives up its claim', async () => {
  const { engine } = await ownWorld('memory');
  await engine.deploy(
    {
      name: '/withdrawn/executing',
      module: './actions.mjs',
      actions: [
        { name: 'head', type: 'null' },
        { name: 'endless', type: 'call', function: 'endless' },
        { name: 'next', type: 'call', function: 'echo' },
        { name: 'hold', type: 'call', function: 'gated' },
        { name: 'stop', type: 'end' },
      ],
      flows: [
        { from: 'head', to: 'endless' },
        { from: 'endless', to: 'next', kind: 'error' },
        { from: 'head', to: 'hold' },
        { from: 'hold', to: 'stop' },
      ],
    },
    here,
  );
  const gate = 'withdrawn, executing';
  const id = await engine.submit({ workflow: '/withdrawn/executing', input: { gate } });
  const ran = () => signals.ranBy(id).map(({ action }) => action);
  await signals.until(() => ran().includes('endless'));
  await signals.atGate(gate);
  signals.open(gate);
  expect((await engine.result(id)).state).toBe('finished');
  await expect.poll(async () => (await engine.status()).claimed, { timeout: 30_000 }).toBe(0);
  expect(ran().sort()).toEqual(['endless', 'hold']);
}, 60_000);
