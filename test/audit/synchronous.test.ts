// Synchronous auditing: what was rolled back was never there, what has not been committed yet is not there.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resolveOptions } from '../../src/engine/options.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { auditRows, here, newBranch, openEngine, signals, temporaryFolder, World } from '../engine/setup.js';

let world: World;
beforeAll(async () => {
  const options = { auditing: 'synchronous', contentsSummaryMs: 100, sql: true } as const;
  const engine = await openEngine('memory', temporaryFolder(), options);
  await engine.start();
  world = new World(engine, 'memory', '', newBranch());
});
afterAll(() => world.engine.dispose(0));
beforeEach(() => {
  world = new World(world.engine, 'memory', '', newBranch());
});

const ran = (action: string): string[] => [
  `EnteringAction ${action}`,
  `ExecutingAction ${action}`,
  `ExitingAction ${action}`,
];
const ends = ['FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved'];

test('an action that fails has never been executed; that its flow waits, and with what error it stands, is known', async () => {
  const workflow = await world.deploy([
    'echo',
    { function: 'told', break: true },
    { function: 'flaky', retry: { retries: 1, delayMs: 1 } },
  ]);
  const begun = ['StartingExecutionFlow', ...ran('a1'), 'DeferringExecutionFlow'];
  const [failed, again] = await world.engine.submit(
    [9, 1].map(fails => ({ workflow, input: { fails, events: ['Mine'] } })),
  );
  expect(await world.engine.result(failed!)).toMatchObject({ state: 'failed', error: { code: 'Flaky', action: 'a3' } });
  expect(await world.eventNames(failed!)).toEqual([...begun, 'DeferringExecutionFlow']);
  await world.engine.result(again!);
  const told = ['EnteringAction a2', 'ExecutingAction a2', 'Mine a2', 'ExitingAction a2'];
  expect(await world.eventNames(again!)).toEqual([...begun, ...told, ...ran('a3'), ...ends]);
});

test('of a transaction that an error flow rolls back only what follows is told; of one that keeps its work, all', async () => {
  const actions: Action[] = ['before', 'fails', 'mend'].map(name => ({ name, type: 'call', function: 'mark' }));
  const way = async (rollback: boolean): Promise<string[]> => {
    const flows: Flow[] = [
      { from: 'before', to: 'fails' },
      { from: 'fails', to: 'mend', kind: 'error', rollback },
    ];
    const name = `${world.branch}${rollback}`;
    await world.engine.deploy({ name, module: '../engine/flow-actions.mjs', actions, flows }, here);
    const id = await world.engine.submit({ workflow: name, input: { fails: ['fails'] } });
    await world.engine.result(id);
    return world.eventNames(id);
  };
  expect(await way(true)).toEqual(['StartingExecutionFlow', ...ran('mend'), ...ends]);
  expect((await way(false)).filter(name => name !== 'Marked fails')).toEqual([
    'StartingExecutionFlow',
    ...ran('before'),
    'EnteringAction fails',
    'ExecutingAction fails',
    'ExitingActionOnError fails',
    ...ran('mend'),
    ...ends,
  ]);
});

test('what still executes is not told of, and what is interrupted never', async () => {
  const workflow = await world.deploy([{ function: 'gated' }, { name: 'last', function: 'echo', break: true }]);
  const gate = `${world.branch} held`;
  const id = await world.engine.submit({ workflow, input: { gate } });
  await signals.atGate(gate);
  const longer = async (): Promise<boolean> =>
    (
      await auditRows(world.engine, `short_name = 'FlowContextDetails' and message like $1::text`, [`${workflow}/%`])
    ).some(({ message }) => Number(/ for (\d+) ms$/.exec(message!)![1]) > 500);
  await world.until(longer);
  expect(await world.eventNames(id)).toEqual([]);
  await world.engine.interrupt(id);
  signals.open(gate);
  await world.engine.result(id);
  expect(await world.eventNames(id)).toEqual([
    'StartingExecutionFlow',
    'DeferringExecutionFlow',
    ...ran('a1'),
    ...ran('last'),
    ...ends,
  ]);
});

test('a call that fails is not told of', async () => {
  const workflow = `${world.branch}nobody`;
  await expect(world.engine.submit({ workflow })).rejects.toThrow('WORKFLOW_UNKNOWN');
  await world.deploy(['echo']);
  const calls = await auditRows(world.engine, 'message like $1::text', [`%${world.branch}%`]);
  expect(calls.map(({ event }) => event)).toEqual(['EnteringCall', 'J2seTransactionCommitted', 'ExitingCall']);
});

test('it is one or the other', () => {
  expect(resolveOptions({}).auditing).toBe('asynchronous');
  expect(() => resolveOptions({ auditing: 'sometimes' as 'synchronous' })).toThrow(
    'OPTION_INVALID: auditing: "sometimes"',
  );
});
