// Recover onto another version of the workflow: what has failed begins again there, at the action of the same or a mapped name.

import { expect, test } from 'vitest';
import { auditRows, definitionOf, here, noRetry, onEveryHome, ownWorld, type Step } from './setup.js';

const counts = { function: 'count', break: true } as const;
const fails = { function: 'flaky', break: true, retry: noRetry } as const;

onEveryHome('recover onto', world => {
  test('what has failed goes on in the other version, with its variables', async () => {
    const { engine, deploy, branch, audit } = world();
    const workflow = await deploy(['count', counts, { ...fails, name: 'old' }]);
    const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, fails: 9 } })));
    for (const id of ids) expect((await engine.result(id)).state).toBe('failed');
    await engine.deploy(definitionOf(workflow, ['count', { ...counts, name: 'new' }, counts]), here);
    const asked = { onto: 2, map: { old: 'new' }, user: 'ada' };
    expect(await engine.recover(branch, { ...asked, dryRun: true })).toMatchObject({ contexts: 3, instances: 3 });
    expect((await engine.show(ids[0]!)).state).toBe('failed');
    expect(await engine.recover(ids[0]!, asked)).toMatchObject({ contexts: 1 });
    expect(await engine.recover(branch, asked)).toMatchObject({ contexts: 2 });
    for (const id of ids) {
      // Two had counted before, and two do now.
      expect(await engine.result(id)).toMatchObject({ state: 'finished', result: { count: 4 } });
      expect(await engine.show(id)).toMatchObject({ workflow, workflowVersion: 2 });
    }
    const told = await audit(ids[0]!);
    expect(told.filter(({ event }) => event === 'EnteringAction').map(({ action }) => action)).toEqual([
      'a1',
      'a2',
      'old',
      'new',
      'a3',
    ]);
    expect(await engine.recover(branch, asked)).toMatchObject({ contexts: 0 });
    const calls = `recover: ${branch} onto version 2, 2 flow contexts`;
    expect(await auditRows(engine, `short_name = 'ExitingCall' and message = $1::text`, [calls])).toMatchObject([
      { user: 'ada' },
    ]);
  });
});

test('all is checked before anything is moved', async () => {
  const { engine, branch, deploy } = await ownWorld('memory');
  const workflow = await deploy([
    { ...fails, name: 'one' },
    { ...fails, name: 'two' },
  ]);
  const other = await deploy([{ ...fails, name: 'one' }], 'other');
  const ids = await engine.submit([
    { workflow, input: { fails: 9 } },
    { workflow, input: { fails: 0 } },
    { workflow: other, input: { fails: 9 } },
  ]);
  for (const id of [ids[0]!, ids[2]!]) expect((await engine.result(id)).state).toBe('failed');
  const next: Step[] = [
    { ...counts, name: 'one' },
    { function: 'count', name: 'two' },
  ];
  await engine.deploy(definitionOf(workflow, next), here);
  const refusals = [
    [branch, { onto: 2 }, 'WORKFLOW_UNKNOWN', `workflow "${other}" has no version 2`],
    [workflow, { onto: 9 }, 'WORKFLOW_UNKNOWN', 'has no version 9'],
    [workflow, { onto: 2, map: { one: 'three' } }, 'ACTION_UNKNOWN', 'no action is named "three"'],
    [workflow, { onto: 2, map: { three: 'one' } }, 'ACTION_UNKNOWN', 'map: no action is named "three" in any version'],
    [workflow, { onto: 2, map: { one: 'two' } }, 'ACTION_UNSUITABLE', 'no transaction can begin at "two"'],
    [workflow, { onto: 1.5 }, 'OPTION_INVALID', 'a whole number from 1, not 1.5'],
    [workflow, { map: { one: 'two' } }, 'OPTION_INVALID', 'needs onto'],
  ] as const;
  for (const [target, options, code, message] of refusals) {
    const asked = engine.recover(target, options);
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await expect(engine.recover(target, { ...options, dryRun: true })).rejects.toMatchObject({ code });
  }
  for (const id of [ids[0]!, ids[2]!]) {
    expect(await engine.show(id)).toMatchObject({ state: 'failed', workflowVersion: 1 });
  }
}, 60_000);

test('those that have split are named, and nothing is moved', async () => {
  const { engine, branch } = await ownWorld('memory');
  const workflow = `${branch}split`;
  const broken = { type: 'call', function: 'broken', retry: noRetry } as const;
  const head = (splits: boolean) => ({
    name: workflow,
    module: './actions.mjs',
    actions: [
      { name: 'head', type: 'null' as const },
      { name: 'one', ...broken },
      { name: 'two', ...broken },
    ],
    flows: [
      { from: 'head', to: 'one', ...(splits ? {} : { condition: '1 = 1' }) },
      { from: 'head', to: 'two', ...(splits ? {} : { condition: '1 = 0' }) },
    ],
  });
  await engine.deploy(head(true), here);
  const id = await engine.submit({ workflow });
  await expect.poll(async () => (await engine.recover(id, { dryRun: true })).contexts, { timeout: 30_000 }).toBe(2);
  await engine.deploy(head(false), here);
  for (const target of [id, workflow, branch]) {
    await expect(engine.recover(target, { onto: 2 })).rejects.toMatchObject({
      code: 'INSTANCE_SPLIT',
      message: expect.stringContaining(
        `1 instance that has split into flow contexts cannot be moved to another version: ${id}`,
      ),
    });
  }
  expect((await engine.show(id)).workflowVersion).toBe(1);
}, 60_000);

test('one that waits to be tried again; signals that were raised go with it', async () => {
  const { engine, branch } = await ownWorld('memory');
  const workflow = `${branch}signals`;
  const first = (call: string) => ({
    name: workflow,
    module: './actions.mjs',
    actions: [
      { name: 'first', type: 'call' as const, function: call, retry: { retries: 9, delayMs: 3_600_000 } },
      { name: 'wait', type: 'manual' as const, monitor: ['stop'] },
      { name: 'stopped', type: 'null' as const },
    ],
    flows: [
      { from: 'wait', to: 'stopped', kind: 'signal' as const, signal: 'stop' },
      { from: 'first', to: 'wait' },
    ],
  });
  await engine.deploy(first('broken'), here);
  const id = await engine.submit({ workflow });
  await expect.poll(async () => (await engine.recover(id, { dryRun: true })).contexts, { timeout: 30_000 }).toBe(1);
  expect(await engine.raiseSignal(id, 'stop')).toMatchObject({ instances: 1 });
  await engine.deploy(first('echo'), here);
  expect(await engine.recover(id, { onto: 2 })).toMatchObject({ contexts: 1 });
  expect((await engine.result(id)).state).toBe('finished');
}, 60_000);
