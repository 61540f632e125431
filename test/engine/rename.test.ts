// Rename: an instance is given a name, a workflow or branch another one, with what lives there.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { expect, test } from 'vitest';
import { renumbered } from '../../src/flow/shared/renumbered.js';
import { initialState } from '../../src/flow/shared/state.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, noRetry, onEveryHome, ownWorld, signals } from './setup.js';

onEveryHome('rename', world => {
  test('an instance gets another name, which nobody else has, living or not', async () => {
    const { engine, deploy, branch } = world();
    const workflow = await deploy(['gated']);
    const gate = `${branch} named`;
    const names = ['one', 'two', 'three'].map(name => `${branch.slice(1, -1)} ${name}`);
    const [one, two] = await engine.submit(
      names.slice(0, 2).map((name, n) => ({ workflow, name, input: { n, gate: n === 0 ? gate : 'open' } })),
    );
    signals.open('open');
    await signals.atGate(gate);
    await engine.result(two!);
    await expect(engine.rename(one!, { to: names[1]! })).rejects.toThrow(/NAME_TAKEN/);
    await expect(engine.rename(one!, { to: '/a/b' })).rejects.toThrow(/INPUT_INVALID: the new name must not begin/);
    expect(await engine.rename(one!, { to: names[2]!, dryRun: true })).toMatchObject({ contexts: 1, instances: 1 });
    expect(await engine.rename(names[0]!, { to: names[2]! })).toEqual({ contexts: 1, segments: 0 });
    expect(await engine.rename(one!, { to: names[2]! })).toEqual({ contexts: 0, segments: 0 });
    expect((await engine.show(names[2]!)).instance).toBe(one);
    await expect(engine.show(names[0]!)).rejects.toThrow(/INSTANCE_UNKNOWN/);
    signals.open(gate);
    expect(await engine.result(names[2]!)).toMatchObject({ instance: one, state: 'finished' });
    // The name it had is free, and one that has ended can be given another.
    expect(await engine.rename(two!, { to: names[0]! })).toMatchObject({ contexts: 1 });
  });

  test('a workflow is renamed with what waits, executes and has failed; what has ended keeps its name', async () => {
    const { engine, deploy, branch, audit, counts, until } = world();
    const workflow = await deploy(
      [
        { function: 'gated', retry: noRetry },
        { function: 'echo', break: true },
      ],
      'old',
    );
    const failing = await deploy([{ function: 'flaky', retry: noRetry }], 'failing');
    const gate = `${branch} rename`;
    signals.open(`${gate} open`);
    const ended = await engine.submit({ workflow, input: { gate: `${gate} open` } });
    await engine.result(ended);
    const [executing, waiting] = await engine.submit([
      { workflow, input: { gate } },
      { workflow, input: { gate }, eligibleAtMs: Date.now() + 3_600_000 },
    ]);
    const failed = await engine.submit({ workflow: failing, input: { fails: 9 } });
    await engine.result(failed);
    await signals.atGate(gate);
    const taken = await deploy(['echo'], 'taken');
    await expect(engine.rename(workflow, { to: taken })).rejects.toThrow(/NAME_TAKEN/);
    await expect(engine.rename(branch, { to: `${branch}below/` })).rejects.toThrow(/a branch cannot become part of/);
    await expect(engine.rename(workflow, { to: 'new' })).rejects.toThrow(/NAMESPACE_INVALID/);
    await expect(engine.rename(`${branch}nowhere`, { to: `${branch}new` })).rejects.toThrow(/WORKFLOW_UNKNOWN/);
    const renamed = `${branch}new`;
    expect(await engine.rename(workflow, { to: renamed, dryRun: true })).toMatchObject({ contexts: 2, instances: 2 });
    expect(await engine.rename(workflow, { to: renamed })).toMatchObject({ contexts: 2 });
    // Said again it finds nothing left to do.
    expect(await engine.rename(workflow, { to: renamed })).toMatchObject({ contexts: 0 });
    for (const id of [executing!, waiting!]) {
      expect(await engine.show(`${renamed}/${id}`)).toMatchObject({ workflow: renamed, workflowVersion: 1 });
    }
    expect((await engine.show(ended)).workflow).toBe(workflow);
    signals.open(gate);
    expect(await engine.result(executing!)).toMatchObject({ state: 'finished' });
    expect((await engine.show(executing!)).workflow).toBe(renamed);
    const rows = await engine.query(
      `select workflow from millrace_audit_event where root = $1::uuid and short_name = 'FlowChartRemoved'`,
      [`${executing!.slice(0, 32)}0000`],
    );
    expect(rows).toEqual([[renamed]]);
    expect((await audit(executing!)).length).toBeGreaterThan(0);
    // The branch takes all along, and what it finds under its new name it can recover there.
    const archive = `/archive${branch}`;
    expect(await engine.rename(branch, { to: archive })).toMatchObject({ contexts: 2 });
    expect((await engine.show(failed)).workflow).toBe(`${archive}failing`);
    expect(await engine.remove(archive)).toMatchObject({ contexts: 2 });
    await until(async () => (await counts()).ready === undefined);
    // Its definitions are there, so that it can be submitted to by its new name.
    const fresh = await engine.submit({ workflow: `${archive}failing`, input: {} });
    expect((await engine.result(fresh)).state).toBe('finished');
  });
});

test('an instance with several contexts is renamed as one, called workflows and groups with it', async () => {
  const { engine, branch, until } = await ownWorld('memory');
  const called = `${branch}called`;
  await engine.deploy({ name: called, actions: [{ name: 'wait', type: 'manual' }], flows: [] }, here);
  const actions: Action[] = [
    { name: 'head', type: 'null' },
    { name: 'group', type: 'forEach', items: '${items}', parallel: 2, workflow: called },
    { name: 'call', type: 'workflow', workflow: called },
    { name: 'alone', type: 'manual', mutex: 'm' } as Action,
    { name: 'join', type: 'null', join: 'all' } as Action,
  ];
  const flows: Flow[] = ['group', 'call', 'alone'].flatMap(name => [
    { from: 'head', to: name },
    { from: name, to: 'join' },
  ]);
  const workflow = `${branch}several`;
  await engine.deploy({ name: workflow, actions, flows }, here);
  const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, items: [1, 2] } })));
  const there = async (scope: string) => (await engine.expedite(scope, { dryRun: true })).contexts;
  await until(async () => (await there(branch)) === 12);
  const renamed = '/renamed/';
  expect(await engine.rename(branch, { to: renamed })).toMatchObject({ contexts: 18 });
  expect((await engine.show(ids[0]!)).workflow).toBe(`${renamed}several`);
  expect(await engine.expedite(renamed)).toMatchObject({ contexts: 12 });
  for (const id of ids) expect(await engine.result(id)).toMatchObject({ state: 'finished' });
}, 60_000);

test('of what contexts share each number of a version is another, and nothing else', () => {
  const state = initialState(7);
  const scope = state.open[0]!;
  const group = { total: 1, begun: 1, finished: 0, openedBy: 1, base: 1, lists: [], runs: 8, active: {}, results: [] };
  state.open[1] = { ...scope, kind: 'group', parent: 0, workflow: 9, group };
  state.mutexes.m = { holder: 1, waiting: [{ context: 2, scope: 0, workflow: 7, place: 1 }] };
  const made = renumbered(state, number => number + 10);
  expect(JSON.parse(JSON.stringify(made))).toEqual(
    JSON.parse(
      JSON.stringify(state).replaceAll(/"(workflow|runs)":(\d+)/g, (_, key, n) => `"${key}":${Number(n) + 10}`),
    ),
  );
});
