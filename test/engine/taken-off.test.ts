// Removal of what executes: at its break, at once where it is a program that an interrupt destroys, or by force, with all that
// belongs to it.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../src/api/service.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { lives } from '../servers/living-process.js';
import { here, newBranch, onEveryHome, openEngine, ownWorld, signals, temporaryFolder, World } from './setup.js';

const rowsOf = (table: string, branch: string) =>
  `select count(*) from ${table} where name >= '${branch}' and name < '${branch.slice(0, -1)}0'`;

/** Writes its process id into `file` and ends when there is a gate beside it. */
function program(name: string, file: string, destroyOn: readonly ('interrupt' | 'timeout')[]): Action {
  const script = 'echo $$ > "$1"; while [ ! -e "$1.gate" ]; do sleep 0.05; done; echo > "$1.ended"';
  return { name, type: 'process', command: 'sh', arguments: ['-c', script, 'sh', file], destroyOn: [...destroyOn] };
}

function pidIn(file: string): number | null {
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return text === '' ? null : Number(text);
}

onEveryHome('removed by force', world => {
  test('what comes to no break leaves at once, its thread is ended, and others go on', async () => {
    const { engine, deploy, branch, audit, segments, untilCounts } = world();
    const workflow = await deploy(['deaf', { function: 'echo', break: true }]);
    const gate = `${branch} stuck`;
    const [stuck, other] = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate, deaf: n === 0 } })));
    await signals.atGate(gate);
    await engine.result(other!);
    expect(await engine.remove(stuck!)).toMatchObject({ contexts: 1 });
    expect((await engine.show(stuck!)).state).toBe('ready');
    expect(await engine.remove(stuck!, { force: true, dryRun: true })).toMatchObject({ contexts: 1, instances: 1 });
    expect(await engine.remove(stuck!, { force: true, user: 'ada' })).toEqual({ contexts: 1, segments: 1 });
    expect(await engine.result(stuck!)).toMatchObject({ state: 'removed', result: null });
    const [removed] = (await audit(stuck!)).filter(({ event }) => event === 'FlowChartRemoved');
    expect(removed).toMatchObject({ user: 'ada' });
    expect(await segments()).toBe(0);
    // Its slot is free again, and the thread that took its place works.
    await expect.poll(async () => (await engine.status()).claimed, { timeout: 30_000 }).toBe(0);
    const after = await engine.submit({ workflow, input: {} });
    expect((await engine.result(after)).state).toBe('finished');
    expect(await engine.remove(branch, { force: true })).toEqual({ contexts: 0, segments: 0 });
    await untilCounts({ finished: 2, removed: 1 });
  });
});

test('all that belongs to instances goes with them: contexts, groups, sub-workflows, what they wait for', async () => {
  const { engine, branch, until } = await ownWorld('memory');
  const called = `${branch}called`;
  await engine.deploy({ name: called, actions: [{ name: 'wait', type: 'manual' }], flows: [] }, here);
  const workflow = `${branch}several`;
  const body = { actions: [{ name: 'each', type: 'manual' } as Action], flows: [] as Flow[] };
  const actions: Action[] = [
    { name: 'head', type: 'null' },
    { name: 'group', type: 'forEach', items: '${items}', parallel: 2, body },
    { name: 'call', type: 'workflow', workflow: called },
    { name: 'news', type: 'message', publisher: `${branch}news` },
    { name: 'held', type: 'call', function: 'deaf' },
    { name: 'join', type: 'null', join: 'all' } as Action,
  ];
  const branches = ['group', 'call', 'news', 'held'];
  const flows = branches.flatMap(name => [
    { from: 'head', to: name },
    { from: name, to: 'join' },
  ]);
  await engine.deploy({ name: workflow, module: './actions.mjs', deadline: { after: '+2H' }, actions, flows }, here);
  const gate = `${branch} several`;
  const input = { items: [1, 2], gate, deaf: true };
  const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { ...input, n } })));
  await signals.atGate(gate, 3);
  const there = async () => (await engine.remove(branch, { force: true, dryRun: true })).contexts;
  // Of each: two items and who waits for them, the called one and who waits for it, the message, the action.
  await until(async () => (await there()) === 21);
  expect(await engine.remove(ids[1]!, { force: true })).toMatchObject({ contexts: 7 });
  expect(await engine.remove(branch, { force: true })).toMatchObject({ contexts: 14 });
  for (const id of ids) expect((await engine.result(id)).state).toBe('removed');
  for (const table of ['millrace_segment', 'millrace_shared']) {
    expect(await engine.query(rowsOf(table, branch))).toEqual([['0']]);
  }
  await expect.poll(async () => (await engine.status()).claimed, { timeout: 30_000 }).toBe(0);
}, 60_000);

test('an operation given to one engine reaches what another executes: a removal by force, and one of a program', async () => {
  const folder = temporaryFolder();
  const executing = await openEngine('cluster', folder, { name: 'executes', programs: true });
  onTestFinished(() => executing.dispose(0));
  await executing.start();
  const { branch, deploy } = new World(executing, 'cluster', folder, newBranch());
  const workflow = await deploy([{ function: 'deaf' }, { function: 'echo', break: true }]);
  const programs = `${branch}programs`;
  const file = path.join(folder, 'pid');
  await executing.deploy({ name: programs, actions: [program('run', file, ['interrupt'])], flows: [] }, here);
  const gate = `${branch} elsewhere`;
  const ids = await executing.submit([
    { workflow, input: { gate, deaf: true } },
    { workflow: programs, input: {} },
  ]);
  await signals.atGate(gate);
  await expect.poll(() => pidIn(file), { timeout: 30_000 }).not.toBe(null);
  const asked = await openEngine('cluster', folder, { name: 'asked' });
  onTestFinished(() => asked.dispose(0));
  await asked.start();
  expect(await asked.remove(ids[0]!, { force: true })).toMatchObject({ contexts: 1 });
  expect(await asked.remove(ids[1]!)).toMatchObject({ contexts: 1 });
  for (const id of ids) expect((await asked.result(id)).state).toBe('removed');
  // Neither the thread nor the program is left.
  await expect.poll(async () => (await executing.status()).claimed, { timeout: 30_000 }).toBe(0);
  await expect.poll(() => lives(pidIn(file)!), { timeout: 30_000 }).toBe(false);
  const after = await executing.submit({ workflow, input: {} });
  expect((await executing.result(after)).state).toBe('finished');
}, 120_000);

test('a program that an interrupt destroys is not waited for when it is removed; another is', async () => {
  const { engine, branch } = await ownWorld('memory', { programs: true });
  const folder = temporaryFolder();
  const start = async (name: string, destroyOn: readonly ('interrupt' | 'timeout')[]) => {
    const workflow = `${branch}${name}`;
    const file = path.join(folder, name);
    const error: Flow = { from: name, to: 'mend', kind: 'error' };
    const actions: Action[] = [program(name, file, destroyOn), { name: 'mend', type: 'console', message: 'mended' }];
    await engine.deploy({ name: workflow, actions, flows: [error] }, here);
    const id = await engine.submit({ workflow, input: {} });
    await expect.poll(() => pidIn(file), { timeout: 30_000 }).not.toBe(null);
    return { id, file };
  };
  const [destroyed, waited] = [await start('destroyed', ['interrupt']), await start('waited', ['timeout'])];
  expect(await engine.remove(branch)).toMatchObject({ contexts: 2 });
  expect((await engine.result(destroyed.id)).state).toBe('removed');
  expect(lives(pidIn(destroyed.file)!)).toBe(false);
  expect((await engine.show(waited.id)).state).toBe('ready');
  expect(lives(pidIn(waited.file)!)).toBe(true);
  writeFileSync(`${waited.file}.gate`, '');
  expect((await engine.result(waited.id)).state).toBe('removed');
  expect(existsSync(`${waited.file}.ended`)).toBe(true);
}, 60_000);

test('an instance that removes itself is removed at its next break', async () => {
  const { engine, deploy, eventNames } = await ownWorld('memory');
  const service = await serve(engine, { port: 0 });
  onTestFinished(() => service.close(0));
  const workflow = await deploy(['removesItself', 'echo', { function: 'echo', break: true }]);
  const id = await engine.submit({ workflow, input: { url: service.url } });
  expect((await engine.result(id)).state).toBe('removed');
  // What was done up to the break is kept, and audited.
  expect(await eventNames(id)).toEqual(expect.arrayContaining(['ExitingAction a1', 'ExitingAction a2']));
  expect(signals.ranBy(id).map(({ action }) => action)).toEqual(['a2']);
}, 60_000);
