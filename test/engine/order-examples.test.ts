// The worked examples of the order of execution, minute by minute, on each queue, with one engine and with three.

import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { during, Minutes, named, work } from './minutes.js';
import { type Home, newBranch, openEngine, temporaryFolder } from './setup.js';

interface Setting {
  readonly home: Home;
  readonly title: string;
  readonly engines: readonly string[];
  /** The throttle that bounds all of them together. */
  readonly throttle: 'CONCURRENCY_THROTTLE' | 'CONCURRENCY_THROTTLE_CLUSTER_WIDE';
}

const three = { engines: ['a', 'b', 'c'], throttle: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE' } as const;
const settings: readonly Setting[] = [
  { title: 'one engine with its queue', home: 'memory', engines: ['a'], throttle: 'CONCURRENCY_THROTTLE' },
  { title: 'one engine and Redis', home: 'redis', engines: ['a'], throttle: 'CONCURRENCY_THROTTLE' },
  // In a shared folder a call that is under way when the clock goes on by an hour has waited for too long.
  { title: 'three engines on one PostgreSQL', home: 'cluster', ...three },
];

describe.each(settings)('$title', ({ home, engines: names, throttle }) => {
  const minutes = new Minutes();
  const opened: Engine[] = [];
  let branch = '';

  beforeAll(async () => {
    const folder = temporaryFolder();
    for (const name of names) {
      const engine = await openEngine(home, folder, { ...minutes.options, name, threads: names.length === 1 ? 2 : 1 });
      opened.push(engine);
      await engine.start();
    }
    minutes.use(opened);
  });
  afterAll(async () => {
    for (const engine of opened.reverse()) await engine.dispose(0);
  });
  beforeEach(() => {
    minutes.begin();
    branch = newBranch();
  });

  test('eligible time and priority: the better priority overtakes what was submitted earlier, and that goes on afterwards', async () => {
    const [a, b] = [await minutes.deploy(`${branch}a/flow`), await minutes.deploy(`${branch}b/flow`)];
    await minutes.set('/', throttle, 1);
    await minutes.play(
      [...named('A', 1, 5), ...named('B', 1, 10).flatMap(each => [each, each]), ...named('A', 6, 15)]
        .map(each => [each])
        .concat([[]]),
      {
        0: () => minutes.submit({ label: 'A', workflow: a, count: 15, priority: 300 }),
        5: () => minutes.submit({ label: 'B', workflow: b, count: 10, priority: 100, minutes: 2 }),
      },
    );
    await minutes.over();
  });

  test('creation timestamps: of equal priority what was submitted earlier is first', async () => {
    const [a, b] = [await minutes.deploy(`${branch}a/flow`), await minutes.deploy(`${branch}b/flow`)];
    await minutes.set('/', throttle, 1);
    await minutes.play([...named('A', 1, 10), ...named('B', 1, 10)].map(each => [each]).concat([[]]), {
      0: () => minutes.submit({ label: 'A', workflow: a, count: 10, priority: 300 }),
      5: () => minutes.submit({ label: 'B', workflow: b, count: 10, priority: 300 }),
    });
    await minutes.over();
  });

  test('throttles: a lower priority runs beside a higher one whose branch has no free slot', async () => {
    const [a, b] = [await minutes.deploy(`${branch}a/flow`), await minutes.deploy(`${branch}b/flow`)];
    await minutes.set('/', throttle, 2);
    await minutes.set(`${branch}a/`, throttle, 1);
    await minutes.set(`${branch}b/`, throttle, 1);
    await minutes.play([['A1', 'B1'], ['A1', 'B2'], ['A1', 'B3'], ...during(7, ['A1']), ...during(10, ['A2']), []], {
      0: async () => {
        await minutes.submit({ label: 'B', workflow: b, count: 3, priority: 300 });
        await minutes.submit({ label: 'A', workflow: a, count: 2, priority: 100, minutes: 10 });
      },
    });
    await minutes.over();
  });

  test('FIFO: what comes from a trigger goes before what was created later', async () => {
    const steps = [work, { name: 'wait', type: 'delay', delay: '+2m' }, { ...work, name: 'again' }] as const;
    const [a, b] = [await minutes.deploy(`${branch}a/flow`, steps), await minutes.deploy(`${branch}b/flow`, steps)];
    await minutes.set('/', throttle, 1);
    await minutes.set('/', 'FIFO_SCHEDULING_ENABLED', true);
    await minutes.play(
      [['A1'], ['A2'], ['B1'], ['A1 again'], ['A2 again'], ['B2'], ['B1 again'], [], ['B2 again'], []],
      {
        0: () => minutes.submit({ label: 'A', workflow: a, count: 2 }),
        1: () => minutes.submit({ label: 'B', workflow: b, count: 2 }),
      },
    );
    await minutes.over();
  });

  test('a throttle of each engine is its own', async () => {
    const workflow = await minutes.deploy(`${branch}flow`);
    await minutes.set('/', 'CONCURRENCY_THROTTLE', 1);
    const first = named('A', 1, names.length);
    const second = named('A', names.length + 1, 2 * names.length);
    await minutes.play([first, second, []], {
      0: () => minutes.submit({ label: 'A', workflow, count: 2 * names.length }),
    });
    await minutes.over();
  });
});
