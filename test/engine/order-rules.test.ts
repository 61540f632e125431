// The rules of the order of execution, one by one, minute by minute on each queue: what is paused, what waits at triggers, what
// starves, and whose turn it is then.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Action } from '../../src/workflow/model.js';
import { during, type Happenings, Minutes, named, work } from './minutes.js';
import { here, newBranch, openEngine, temporaryFolder } from './setup.js';

const again = { ...work, name: 'again' };

describe.each(['memory', 'redis'] as const)('%s', home => {
  const minutes = new Minutes();
  let engine: Engine;
  let branch = '';

  beforeAll(async () => {
    engine = await openEngine(home, temporaryFolder(), minutes.options);
    minutes.use([engine]);
    await engine.start();
  });
  afterAll(() => engine.dispose(0));
  beforeEach(async () => {
    minutes.begin();
    branch = newBranch();
    await minutes.set('/', 'CONCURRENCY_THROTTLE', 1);
  });

  const deploy = (name: string, actions?: readonly Action[]): Promise<string> =>
    minutes.deploy(`${branch}${name}/flow`, actions);

  /** Of priority 2, one in each of the first minutes; the first stands before `other`, in the first minute, too. */
  const rivals = (workflow: string, count: number, other: () => Promise<unknown>): Happenings => {
    const rival = () => minutes.submit({ label: 'R', workflow, count: 1, priority: 2 });
    return { ...Object.fromEntries(during(count, rival).entries()), 0: () => rival().then(other) };
  };

  test('what is paused does not run, however eligible and whatever its priority, until it is resumed', async () => {
    const workflow = await deploy('a');
    let paused: string[] = [];
    await minutes.play([['H1'], ['B1'], ['B2'], [], ['A1'], ['A2'], []], {
      0: async () => {
        await minutes.submit({ label: 'H', workflow, count: 1, priority: 1 });
        paused = await minutes.submit({ label: 'A', workflow, count: 2, priority: 1 });
        for (const id of paused) await engine.pause(id);
        await minutes.submit({ label: 'B', workflow, count: 2, priority: 500 });
      },
      4: async () => {
        for (const id of paused) await engine.resume(id);
      },
    });
    await minutes.over();
  });

  test('what waits at a trigger frees its slot; when that fires it is in the order again, by its priority', async () => {
    const workflow = await deploy('a', [work, { name: 'wait', type: 'delay', delay: '+2m' }, again]);
    const plain = await deploy('b');
    await minutes.play([['A1'], ['B1'], ['B2'], ['A1 again'], ['B3'], ['B4'], []], {
      0: async () => {
        await minutes.submit({ label: 'A', workflow, count: 1, priority: 1 });
        await minutes.submit({ label: 'B', workflow: plain, count: 4, priority: 2 });
      },
    });
    await minutes.over();
  });

  test('without FIFO what became eligible first goes first, though it was created later', async () => {
    const workflow = await deploy('a', [work, { name: 'wait', type: 'delay', delay: '+2m' }, again]);
    const second = ['A1 again', 'A2 again', 'B1 again', 'B2 again'];
    await minutes.play([...['A1', 'A2', 'B1', 'B2', ...second].map(each => [each]), []], {
      0: () => minutes.submit({ label: 'A', workflow, count: 2 }),
      1: () => minutes.submit({ label: 'B', workflow, count: 2 }),
    });
    await minutes.over();
  });

  test('with FIFO a better priority goes first all the same', async () => {
    const workflow = await deploy('a');
    await minutes.set('/', 'FIFO_SCHEDULING_ENABLED', true);
    await minutes.play([['A1'], ['B1'], ['A2'], ['A3'], []], {
      0: () => minutes.submit({ label: 'A', workflow, count: 3, priority: 10 }),
      1: () => minutes.submit({ label: 'B', workflow, count: 1, priority: 9 }),
    });
    await minutes.over();
  });

  test('each branch on the path must have a free slot, and a context of a split takes one of its own', async () => {
    const [deep, below, beside] = [await deploy('x/y'), await deploy('x'), await deploy('z')];
    const split = `${branch}s/flow`;
    await engine.deploy(
      {
        name: split,
        actions: ['left', 'right', 'third'].map(name => ({ ...work, name, start: true })),
        flows: [],
        module: './actions.mjs',
      },
      here,
    );
    await minutes.set('/', 'CONCURRENCY_THROTTLE', 3);
    await minutes.set(`${branch}x/`, 'CONCURRENCY_THROTTLE', 2);
    await minutes.set(`${branch}x/y/`, 'CONCURRENCY_THROTTLE', 1);
    await minutes.set(`${branch}s/`, 'CONCURRENCY_THROTTLE', 2);
    await minutes.play(
      [['Y1', 'X1', 'Z1'], ['Y2', 'X2', 'Z2'], ['Y3', 'Z3', 'Z4'], ['S1 left', 'S1 right'], ['S1 third'], []],
      {
        0: async () => {
          await minutes.submit({ label: 'Y', workflow: deep, count: 3, priority: 1 });
          await minutes.submit({ label: 'X', workflow: below, count: 2, priority: 2 });
          await minutes.submit({ label: 'Z', workflow: beside, count: 4, priority: 3 });
        },
        3: () => minutes.submit({ label: 'S', workflow: split, count: 1 }),
      },
    );
    await minutes.over();
  });

  test('without a fairness window what has a lower priority starves as long as others come', async () => {
    const workflow = await deploy('a');
    const starved = () => minutes.submit({ label: 'L', workflow, count: 1, priority: 3 });
    await minutes.play([...named('R', 1, 12), 'L1'].map(each => [each]).concat([[]]), rivals(workflow, 12, starved));
    await minutes.over();
  });

  test.each([1, 2])('with a window of %d minutes it comes nearer to 1 by one a window, and overtakes', async window => {
    const workflow = await deploy('a');
    await minutes.set(branch, 'FAIRNESS_TIME_WINDOW', `+${window}m`);
    const starved = () => minutes.submit({ label: 'L', workflow, count: 1, priority: 4 });
    const ran = [...named('R', 1, 2 * window), 'L1', ...named('R', 2 * window + 1, 6)];
    await minutes.play(ran.map(each => [each]).concat([[]]), rivals(workflow, 6, starved));
    await minutes.over();
  });

  test('no nearer than to 1: there the time counts alone', async () => {
    const workflow = await deploy('a');
    await minutes.set(branch, 'FAIRNESS_TIME_WINDOW', '+m');
    await minutes.play([...during(10, ['H1']), ['P1'], ['Q1'], []], {
      0: async () => {
        await minutes.submit({ label: 'H', workflow, count: 1, minutes: 10 });
        await minutes.submit({ label: 'P', workflow, count: 1, priority: 5 });
      },
      1: () => minutes.submit({ label: 'Q', workflow, count: 1, priority: 2 }),
    });
    await minutes.over();
  });

  test('what has fired has its own priority again, and starves anew', async () => {
    const workflow = await deploy('a');
    const twice = await deploy('b', [work, { ...again, transactionBreak: true }]);
    await minutes.set(branch, 'FAIRNESS_TIME_WINDOW', '+m');
    const starved = () => minutes.submit({ label: 'L', workflow: twice, count: 1, priority: 4 });
    const ran = ['R1', 'R2', 'L1', 'R3', 'R4', 'R5', 'L1 again', 'R6'];
    await minutes.play(ran.map(each => [each]).concat([[]]), rivals(workflow, 6, starved));
    await minutes.over();
  });

  test('so has a trigger that has looked in vain', async () => {
    const file = path.join(temporaryFolder(), 'awaited');
    const workflow = await deploy('a');
    const waiting = await deploy('b', [{ name: 'wait', type: 'fileExist', files: [file], pollEvery: '+1m' }, work]);
    await minutes.set(branch, 'FAIRNESS_TIME_WINDOW', '+m');
    const starved = () => minutes.submit({ label: 'P', workflow: waiting, count: 1, priority: 4 });
    const happenings = rivals(workflow, 6, starved);
    // It looks at 8:02, before there is a file, and not at 8:03, when there is one.
    await minutes.play(['R1', 'R2', 'R3', 'R4', 'R5', 'P1', 'R6'].map(each => [each]).concat([[]]), {
      ...happenings,
      3: async () => {
        writeFileSync(file, '');
        await happenings[3]!();
      },
    });
    await minutes.over();
  });
});
