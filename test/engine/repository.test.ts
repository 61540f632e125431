// The repository: versions that are stored, copied, and chosen by submits; what is stored does nothing by itself.

import { expect, test } from 'vitest';
import { definitionOf, here, onEveryHome, openEngine, signals, temporaryFolder } from './setup.js';

onEveryHome('the repository', world => {
  test('what is stored does nothing until it is submitted', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    expect(await engine.reads.workflow(workflow)).toEqual({
      name: workflow,
      version: 1,
      createdAtMs: expect.any(Number),
      definition: definitionOf(workflow, ['echo']),
      baseFolder: here.replace(/\/$/, ''),
    });
    expect(await counts()).toEqual({});
    await engine.result(await engine.submit({ workflow }));
    expect(await counts()).toEqual({ finished: 1 });
  });

  test('an instance keeps the version it began with; a submit chooses its own', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['gated', { function: 'echo', break: true }]);
    const before = await engine.submit({ workflow, input: { gate: 'kept-version' } });
    await signals.atGate('kept-version');
    await deploy(['gated', { function: 'nothing', break: true }]);
    signals.open('kept-version');
    const [newest, first] = await engine.submit([
      { workflow, input: { gate: 'kept-version', n: 2 } },
      { workflow, workflowVersion: 1, input: { gate: 'kept-version', n: 1 } },
    ]);
    expect((await engine.result(before)).result).toMatchObject({ gate: 'kept-version' });
    expect((await engine.result(first!)).result).toMatchObject({ n: 1 });
    expect((await engine.result(newest!)).result).toBe(null);
    const versions = await Promise.all(
      [before, first!, newest!].map(async id => (await engine.show(id)).workflowVersion),
    );
    expect(versions).toEqual([1, 1, 2]);
    const page = await engine.reads.workflowPage(workflow, null, 10);
    expect(page.workflows.map(({ version }) => version)).toEqual([2, 1]);
  });

  test('a version that is none is refused, and nothing of the call is stored', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy(['echo']);
    await expect(engine.submit([{ workflow }, { workflow, workflowVersion: 2 }])).rejects.toThrow(
      `WORKFLOW_UNKNOWN: workflow "${workflow}" has no version 2`,
    );
    for (const workflowVersion of [0, 1.5, Number.NaN, '1' as unknown as number]) {
      await expect(engine.submit({ workflow, workflowVersion })).rejects.toThrow(
        /INPUT_INVALID: record 0: workflowVersion/,
      );
    }
    expect(await counts()).toEqual({});
    await expect(engine.reads.workflow(workflow, 2)).rejects.toThrow('has no version 2');
    await expect(engine.reads.workflow(`${workflow}2`)).rejects.toThrow(/WORKFLOW_UNKNOWN: no workflow is named/);
  });

  test('a stored workflow is a template: its copies run by themselves, with its modules', async () => {
    const { engine, deploy, branch } = world();
    const from = await deploy(['echo'], 'template');
    await deploy(['nothing'], 'template');
    const to = `${branch}made`;
    expect(await engine.copyWorkflow({ from, version: 1, to })).toEqual({ name: to, version: 1 });
    // A repeat changes nothing; another version is a new one.
    expect(await engine.copyWorkflow({ from, version: 1, to })).toEqual({ name: to, version: 1 });
    expect(await engine.copyWorkflow({ from, to })).toEqual({ name: to, version: 2 });
    const made = await engine.reads.workflow(to, 1);
    expect(made).toMatchObject({ definition: definitionOf(to, ['echo']), baseFolder: here.replace(/\/$/, '') });
    const id = await engine.submit({ workflow: to, workflowVersion: 1, input: { n: 3 } });
    expect((await engine.result(id)).result).toEqual({ n: 3 });
    expect((await engine.reads.workflowPage(from, null, 10)).workflows).toHaveLength(2);
  });

  test('an old version copied to its own name is the newest again', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['echo']);
    await deploy(['nothing']);
    expect(await engine.copyWorkflow({ from: workflow, to: workflow })).toEqual({ name: workflow, version: 2 });
    expect(await engine.copyWorkflow({ from: workflow, version: 1, to: workflow })).toMatchObject({ version: 3 });
    expect((await engine.result(await engine.submit({ workflow, input: { n: 1 } }))).result).toEqual({ n: 1 });
  });

  test('a copy under a name that is none is refused; calls are audited', async () => {
    const { engine, deploy, branch } = world();
    const from = await deploy(['echo']);
    await expect(engine.copyWorkflow({ from, to: `${branch}../x` })).rejects.toThrow(/NAMESPACE_INVALID/);
    await expect(engine.copyWorkflow({ from: `${branch}none`, to: `${branch}x` })).rejects.toThrow(/WORKFLOW_UNKNOWN/);
    await engine.copyWorkflow({ from, to: `${branch}x` }, 'ann');
    const rows = await engine.query(
      `select short_name, username, message from millrace_audit_event where message like $1::text order by seq, group_no, step`,
      [`copy: ${from} %`],
    );
    expect(rows.map(([name, user, message]) => [name, user, message])).toContainEqual([
      'ExitingCall',
      'ann',
      `copy: ${from} to ${branch}x, version 1`,
    ]);
  });
});

test('what another engine has stored is there: to be read, listed, copied and submitted', async () => {
  const folder = temporaryFolder();
  const one = await openEngine('cluster', folder, { name: 'one' });
  const other = await openEngine('cluster', folder, { name: 'other' });
  try {
    const [name, to] = ['/several/flow', '/several/made'];
    await one.deploy(definitionOf(name, ['echo']), here);
    expect((await other.reads.workflow(name)).version).toBe(1);
    await one.deploy(definitionOf(name, ['nothing']), here);
    const id = await other.submit({ workflow: name, workflowVersion: 2 });
    expect((await one.export(id)).workflow.version).toBe(2);
    await one.deploy(definitionOf(name, ['count']), here);
    expect((await other.reads.workflowPage(name, null, 10)).workflows).toHaveLength(3);
    await one.deploy(definitionOf(name, ['told']), here);
    await other.copyWorkflow({ from: name, to });
    expect((await one.reads.workflow(to)).definition).toEqual(definitionOf(to, ['told']));
  } finally {
    await Promise.all([one.dispose(0), other.dispose(0)]);
  }
}, 120_000);

test('versions and their order outlive the engine', async () => {
  const folder = temporaryFolder();
  const first = await openEngine('disk', folder);
  await first.deploy(definitionOf('/kept/flow', ['echo']), here);
  await first.deploy(definitionOf('/kept/flow', ['nothing']), here);
  await first.dispose(0);
  const second = await openEngine('disk', folder);
  try {
    expect((await second.reads.workflow('/kept/flow')).version).toBe(2);
    expect((await second.reads.workflow('/kept/flow', 1)).definition.actions[0]).toMatchObject({ function: 'echo' });
  } finally {
    await second.dispose(0);
  }
}, 60_000);
