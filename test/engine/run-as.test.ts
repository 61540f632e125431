// Who a workflow runs as: what its actions see and its audit tells. Its submitter is kept beside that.

import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { runAsUser, runsAs } from '../../src/engine/configuration/run-as.js';
import type { Engine } from '../../src/engine/engine.js';
import { splitInstanceId } from '../../src/workflow/instance-id.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan, type Plan } from '../../src/workflow/plan.js';
import { parse, treeOf } from '../config/surroundings.js';
import { auditRows, here, openEngine, signals, temporaryFolder } from './setup.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('memory', temporaryFolder());
  await engine.start();
  return () => engine.dispose(0);
});

const property = 'RUN_AS_USER';

function flowOf(name: string, more: Partial<WorkflowDefinition> = {}): WorkflowDefinition {
  return {
    name,
    module: './actions.mjs',
    actions: [{ name: 'act', type: 'call', function: 'whoAmI' }],
    flows: [],
    ...more,
  };
}

async function ran(name: string): Promise<{ id: string; user: unknown; audited: (string | null)[] }> {
  const id = await engine.submit({ workflow: name, input: {} }, 'sue');
  const { result } = await engine.result(id);
  return { id, user: (result as { user: unknown }).user, audited: await usersIn(id) };
}

/** Of the events of an instance, each once: as SQL tells them and as a page does, which is the same. */
async function usersIn(id: string): Promise<string[]> {
  const { root, ordinal } = splitInstanceId(id)!;
  const rows = await auditRows(engine, 'root = $1::uuid and ordinal = $2::int and instance is not null', [
    root,
    `${ordinal}`,
  ]);
  const { events } = await engine.reads.auditPage({ instance: id }, null, 'oldest', 100);
  const paged = events.filter(({ record }) => record.instance !== null).map(({ record }) => record.user);
  expect(paged).toEqual(rows.map(({ user }) => user));
  return [...new Set(rows.map(({ user }) => user))];
}

test('the user it names, else the one of its branch, else its submitter', async () => {
  await engine.configuration.set({ branch: '/of', property, value: 'bob' });
  await engine.deploy(flowOf('/of/branch/own', { runAs: 'ann' }), here);
  await engine.deploy(flowOf('/of/branch/flow'), here);
  await engine.deploy(flowOf('/plain/flow'), here);
  expect(await ran('/of/branch/own')).toMatchObject({ user: 'ann', audited: ['ann'] });
  const { id, ...of } = await ran('/of/branch/flow');
  expect(of).toEqual({ user: 'bob', audited: ['bob'] });
  expect(await engine.show(id)).toMatchObject({ submitter: 'sue' });
  expect(await ran('/plain/flow')).toMatchObject({ user: null, audited: ['sue'] });
  // The call was the submitter's.
  const calls = await auditRows(engine, `root = $1::uuid and short_name = 'EnteringCall'`, [splitInstanceId(id)!.root]);
  expect(calls.map(({ user }) => user)).toEqual(['sue']);
});

test('an instance that lives follows its branch, from its next transaction on; an operation is its operator’s', async () => {
  signals.forget();
  const actions = [
    { name: 'held', type: 'call', function: 'gated' },
    { name: 'act', type: 'call', function: 'whoAmI', transactionBreak: true },
  ] as const;
  await engine.deploy(flowOf('/live/flow', { actions: [...actions], flows: [{ from: 'held', to: 'act' }] }), here);
  const setting = { branch: '/live/', property };
  onTestFinished(async () => void (await engine.configuration.unset(setting)));
  for (const [gate, value] of [
    ['live 1', 'bob'],
    ['live 2', 'dan'],
    ['live 3', null],
  ] as const) {
    const id = await engine.submit({ workflow: '/live/flow', input: { gate } }, 'sue');
    await signals.atGate(gate);
    await engine.pause(id, { user: 'op' });
    signals.open(gate);
    await expect.poll(async () => (await engine.show(id)).state).toBe('paused');
    if (value === null) await engine.configuration.unset(setting);
    else await engine.configuration.set({ ...setting, value });
    await engine.resume(id, { user: 'op' });
    expect((await engine.result(id)).result).toEqual({ user: value });
    const { root } = splitInstanceId(id)!;
    const told = await auditRows(engine, `root = $1::uuid and action = 'act' and short_name = 'ExitingAction'`, [root]);
    expect(told.map(({ user }) => user)).toEqual([value ?? 'sue']);
  }
});

test('a transaction ends as who it began as, whatever its branch says meanwhile', async () => {
  signals.forget();
  const actions = [
    { name: 'held', type: 'call', function: 'gated' },
    { name: 'act', type: 'call', function: 'whoAmI' },
  ] as const;
  await engine.deploy(flowOf('/during/flow', { actions: [...actions], flows: [{ from: 'held', to: 'act' }] }), here);
  const setting = { branch: '/during/', property };
  onTestFinished(async () => void (await engine.configuration.unset(setting)));
  await engine.configuration.set({ ...setting, value: 'bob' });
  const id = await engine.submit({ workflow: '/during/flow', input: { gate: 'during' } }, 'sue');
  await signals.atGate('during');
  await engine.configuration.set({ ...setting, value: 'dan' });
  signals.open('during');
  expect((await engine.result(id)).result).toEqual({ user: 'bob' });
  expect(await usersIn(id)).toEqual(['bob']);
});

test('it is asked for again when another configuration holds, and once a version', () => {
  const plans = ['/a/one', '/b/two'].map(name => compilePlan(flowOf(name), here));
  let asked = 0;
  let tree = treeOf(parse('/a/X=1', 'runtime.properties'));
  const of = runsAs(
    () => tree,
    (workflow): Plan => {
      asked += 1;
      return plans[workflow]!;
    },
  );
  expect([of(0), of(1)]).toEqual([null, null]);
  tree = treeOf(parse('/a/RUN_AS_USER=ann', 'runtime.properties'));
  asked = 0;
  expect([of(0), of(1), of(0), of(1)]).toEqual(['ann', null, 'ann', null]);
  expect(asked).toBe(2);
  expect(runAsUser({ name: '/a/own', runAs: 'eve' }, tree)).toBe('eve');
});
