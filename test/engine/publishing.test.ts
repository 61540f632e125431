// What is refused of messages, and what becomes of those that expire. In memory: the store's conformance suite has the rest.

import { expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, EngineOptions } from '../../src/engine/index.js';
import { TestClock } from '../../src/observe/clock.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { SqlDriver } from '../../src/store/driver.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here } from './setup.js';

const publisher = '/refused/orders';

async function opened(options: EngineOptions = {}): Promise<{ engine: Engine; driver: SqlDriver }> {
  let driver: SqlDriver | null = null;
  const engine = await createEngine(
    { dataFolder: 'memory', threads: 1, loggers: nullLoggers, ...options },
    { onDriver: made => (driver = made) },
  );
  onTestFinished(() => engine.dispose(0));
  await engine.start();
  return { engine, driver: driver! };
}

const marked = (name: string): Action => ({ name, type: 'call', function: 'mark' });

/** Marks, publishes, and marks again; an error flow leads to `mend`. */
async function deployPublishing(engine: Engine, name: string, style: 'queue' | 'topic', mends: boolean): Promise<void> {
  const actions: Action[] = [
    { ...marked('before'), transactionBreak: true },
    marked('with it'),
    { name: 'tell', type: 'publish', publisher, style, data: 1, retry: { retries: 0 } },
    marked('behind'),
    ...(mends ? [marked('mend')] : []),
  ];
  const flows: Flow[] = [
    { from: 'before', to: 'with it' },
    { from: 'with it', to: 'tell' },
    { from: 'tell', to: 'behind' },
    ...(mends ? [{ from: 'tell', to: 'mend', kind: 'error' } as const] : []),
  ];
  await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
}

test.each([
  ['PublisherStyle', 'topic', 'PUBLISHER_STYLE', /another style/],
  ['PublisherFull', 'queue', 'PUBLISHER_FULL', /1000000/],
] as const)(
  'an action whose message is refused fails with %s, is rolled back, and takes its error flow; without one it fails the instance',
  async (code, style, engineCode, message) => {
    const { engine, driver } = await opened();
    await engine.publish({ publisher, data: 0, style: 'queue' });
    if (code === 'PublisherFull') {
      await driver.script(`update millrace_publisher set backlog = 1000000 where name = '${publisher}'`);
    }
    await deployPublishing(engine, '/refused/mends', style, true);
    const mended = await engine.result(await engine.submit({ workflow: '/refused/mends', input: {} }));
    // What was done in the transaction is gone, as far as it was the engine's to undo.
    expect(mended.result).toMatchObject({ way: ['mend'], error: { code, action: 'tell', attempt: 1 } });
    await deployPublishing(engine, '/refused/fails', style, false);
    const failed = await engine.result(await engine.submit({ workflow: '/refused/fails', input: {} }));
    expect(failed).toMatchObject({
      state: 'failed',
      error: { code, action: 'tell', message: expect.stringMatching(message) },
    });
    expect(failed.error!.message).toContain(publisher);
    await expect(engine.publish({ publisher, data: 1, style })).rejects.toMatchObject({ code: engineCode });
    expect(await engine.query('select count(*) from millrace_message')).toEqual([['1']]);
    expect(await engine.query('select sequence from millrace_publisher')).toEqual([['1']]);
  },
);

test('a message that cannot be published from outside says why', async () => {
  const { engine } = await opened();
  const refused = async (message: object, code: string, text: RegExp): Promise<void> => {
    const asked = engine.publish({ publisher, data: 1, ...message });
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
  };
  await refused({ publisher: 'orders' }, 'NAMESPACE_INVALID', /orders/);
  await refused({ priority: 0 }, 'INPUT_INVALID', /^INPUT_INVALID: priority: .* 1 to 10,000/);
  await refused({ expires: 'soon' }, 'INPUT_INVALID', /expires: .*soon/s);
  await refused({ expires: '+2b' }, 'INPUT_INVALID', /expires: .*business/s);
  await refused({ expires: '+999y' }, 'INPUT_INVALID', /expires: .*could not be satisfied/);
  await refused({ data: undefined }, 'INPUT_INVALID', /data: is missing/);
  await refused({ data: 7n }, 'INPUT_INVALID', /data: cannot be written as JSON/);
  await refused({ data: 'x'.repeat(262_143) }, 'INPUT_INVALID', /data: has 262145 bytes/);
  await engine.publish({ publisher, data: 'x'.repeat(262_142) });
});

test('what has expired is brought to nobody, and goes from the store', async () => {
  const clock = new TestClock();
  const { engine } = await opened({ clock });
  await engine.deploy({ name: '/refused/takes', actions: [{ name: 'wait', type: 'message', publisher }], flows: [] });
  for (const [data, expires] of [
    ['in a minute', '+1m'],
    ['in two', '+2m'],
  ] as const) {
    await engine.publish({ publisher, data, expires });
  }
  clock.advanceMs(61_000);
  const id = await engine.submit({ workflow: '/refused/takes', input: {} });
  expect((await engine.result(id)).result).toMatchObject({ data: 'in two' });
  const left = async (): Promise<unknown> => {
    clock.advanceMs(2_000);
    return engine.query('select m.data, p.backlog from millrace_publisher p left join millrace_message m on true');
  };
  await expect.poll(left, { timeout: 60_000 }).toEqual([[null, '0']]);
});
