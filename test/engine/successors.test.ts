// Restart: an instance is removed and submitted again in one commit, from its beginning or from an action.

import { expect, test } from 'vitest';
import { definitionOf, here, noRetry, onEveryHome, ownWorld, signals } from './setup.js';

/** Ids of the living instances of a workflow. */
const living = (workflow: string) =>
  `select i.instance from millrace_instances i where i.workflow = '${workflow}' and i.state <> 'removed' order by 1`;

onEveryHome('restart', world => {
  test('removes an instance and submits it again with its input, priority and given name', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy([{ function: 'flaky', retry: noRetry }]);
    const name = `restarted of ${workflow}`;
    const id = await engine.submit({ workflow, name, priority: 7, key: 'acme', input: { n: 1, fails: 1, gate: name } });
    await engine.result(id);
    await engine.deploy(definitionOf(workflow, ['gated']), here);
    expect(await engine.restart(name, { dryRun: true })).toMatchObject({ contexts: 1, instances: 1 });
    expect(await engine.restart(name)).toEqual({ contexts: 1, instances: 1, segments: 1 });
    expect((await engine.result(id)).state).toBe('removed');
    await signals.atGate(name);
    const again = await engine.show(name);
    expect(again.instance).not.toBe(id);
    expect(again).toMatchObject({ workflow, workflowVersion: 2, priority: 7, key: 'acme', input: { n: 1, fails: 1 } });
    signals.open(name);
    expect(await engine.result(name)).toMatchObject({ instance: again.instance, result: { n: 1, action: 'a1' } });
    expect(await counts()).toEqual({ removed: 1, finished: 1 });
    expect(await engine.restart(name)).toEqual({ contexts: 0, instances: 0, segments: 0 });
  });

  test('what executes leaves at its break, beside its successor; a branch is restarted once', async () => {
    const { engine, deploy, branch, untilCounts } = world();
    const workflow = await deploy([{ function: 'deafGated' }, { function: 'echo', break: true }]);
    const gate = `${branch} restart`;
    const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, gate } })));
    await signals.atGate(gate, 3);
    await engine.submit([3, 4].map(n => ({ workflow, input: { n, gate }, eligibleAtMs: Date.now() + 3_600_000 })));
    expect(await engine.restart(branch)).toMatchObject({ contexts: 5, instances: 5 });
    signals.open(gate);
    for (const id of ids) expect((await engine.result(id)).state).toBe('removed');
    await untilCounts({ removed: 5, finished: 5 });
    expect(ids.map(id => signals.ranBy(id).map(({ action }) => action))).toEqual([['a1'], ['a1'], ['a1']]);
  });
});

test('from an action, with the variables that were there', async () => {
  const { engine, deploy, branch } = await ownWorld('memory');
  const workflow = await deploy([
    'count',
    { function: 'count', break: true },
    { function: 'flaky', break: true, retry: noRetry },
  ]);
  const ids = await engine.submit([0, 1].map(n => ({ workflow, input: { n, fails: 9 } })));
  for (const id of ids) expect((await engine.result(id)).state).toBe('failed');
  await engine.deploy(
    definitionOf(workflow, ['count', { function: 'count', break: true }, { function: 'count', break: true }]),
    here,
  );
  const refusals = [
    [{ from: 'nowhere' }, /OPTION_INVALID: from: in workflow ".*", version 2, no action is named "nowhere"/],
    [{ workflowVersion: 9 }, /WORKFLOW_UNKNOWN: workflow ".*" has no version 9/],
  ] as const;
  for (const [options, message] of refusals) await expect(engine.restart(branch, options)).rejects.toThrow(message);
  expect(await engine.restart(branch, { from: 'a3' })).toMatchObject({ instances: 2 });
  await expect
    .poll(async () => (await engine.count(branch)).find(({ state }) => state === 'finished')?.instances)
    .toBe(2);
  const rows = await engine.query(living(workflow));
  for (const [id] of rows) {
    // Two had counted before, one does now.
    expect((await engine.result(id!)).result).toEqual({ count: 3 });
  }
}, 60_000);

test('no run begins where no transaction can', async () => {
  const { engine, deploy } = await ownWorld('memory');
  const workflow = await deploy(['echo', 'echo']);
  await engine.stop();
  const id = await engine.submit({ workflow });
  await expect(engine.restart(id, { from: 'a2' })).rejects.toThrow(/no transaction can begin at "a2"/);
  expect((await engine.show(id)).state).toBe('ready');
  expect(await engine.restart(id, { from: 'a1', workflowVersion: 1 })).toMatchObject({ instances: 1 });
}, 60_000);

test('one of several contexts has one successor', async () => {
  const { engine, branch, untilCounts } = await ownWorld('memory');
  const workflow = `${branch}several`;
  const actions = ['head', 'one', 'two'].map(name => ({ name, type: name === 'head' ? 'null' : 'manual' }) as const);
  const flows = ['one', 'two'].map(to => ({ from: 'head', to }));
  await engine.deploy({ name: workflow, actions, flows }, here);
  const ids = await engine.submit([0, 1, 2].map(() => ({ workflow })));
  const split = async () => (await engine.pause(branch, { dryRun: true })).contexts;
  await expect.poll(split, { timeout: 30_000 }).toBe(6);
  await expect(engine.restart(ids[0]!, { from: 'one' })).rejects.toThrow(/several flow contexts/);
  expect(await engine.restart(ids[0]!)).toMatchObject({ contexts: 2, instances: 1 });
  await expect.poll(split, { timeout: 30_000 }).toBe(6);
  expect(await engine.restart(branch)).toMatchObject({ contexts: 6, instances: 3 });
  await untilCounts({ removed: 4, ready: 3 });
}, 60_000);
