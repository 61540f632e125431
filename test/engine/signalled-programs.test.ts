// Programs that are ended when a signal is raised that their action monitors (`destroyOn: [signal]`), and those that are not.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CommitItem, nextOf } from '../../src/engine/commit/commit-builder.js';
import { signalledItems } from '../../src/engine/operations/signalled-programs.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';
import { lives } from '../servers/living-process.js';
import { CommitWorld } from './commit-world.js';
import { here, newBranch, openEngine, ownWorld, temporaryFolder, World } from './setup.js';

const withPrograms = { programs: true };
const named = (name: string, own: Partial<Action> = {}): Action => ({ name, type: 'null', ...own }) as Action;

/** Writes its process id into `file` and ends when there is a gate beside it. One more attempt than the first there is not. */
function program(file: string, destroyOn: readonly ('signal' | 'timeout')[]): Action {
  const script = 'echo $$ >> "$1"; while [ ! -e "$1.gate" ]; do sleep 0.05; done';
  const retry = { retries: 0 };
  const run = { command: 'sh', arguments: ['-c', script, 'sh', file], monitor: ['stop'], destroyOn, retry };
  return { name: 'run', type: 'process', ...run } as Action;
}

const flows: Flow[] = [
  { from: 'run', to: 'normal' },
  { from: 'run', to: 'wrong', kind: 'error' },
  { from: 'run', to: 'stopped', kind: 'signal', signal: 'stop' },
];
const targets = [named('normal'), named('wrong'), named('stopped')];

function pidsIn(file: string): number[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

async function begun(own: World, actions: Action[], between: Flow[], file: string): Promise<string> {
  const workflow = `${own.branch}program`;
  await own.engine.deploy({ name: workflow, actions: [...actions, ...targets], flows: [...between, ...flows] }, here);
  const id = await own.engine.submit({ workflow, input: {} });
  await expect.poll(() => pidsIn(file), { timeout: 60_000 }).toHaveLength(1);
  return id;
}

/** It has been ended in its first attempt, by the signal and nothing else. */
async function endedBySignal(own: World, id: string, file: string): Promise<void> {
  expect((await own.engine.result(id)).state).toBe('finished');
  const [pid, ...more] = pidsIn(file);
  expect([lives(pid!), more]).toEqual([false, []]);
  const events = (await own.audit(id)).filter(({ action }) => action === 'run');
  expect(events.map(({ event }) => event)).toEqual(['EnteringAction', 'ExecutingAction', 'ExitingActionOnSignal']);
  expect(events.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  const names = await own.eventNames(id);
  expect(names.filter(name => /^ExecutingAction (normal|wrong|stopped)$/.test(name))).toEqual([
    'ExecutingAction stopped',
  ]);
  expect(names.filter(name => name.startsWith('StartingExecutionFlow')).length).toBeGreaterThan(0);
}

test('a program is ended by a signal that an operator raises, and its signal flow taken at once', async () => {
  const own = await ownWorld('memory', withPrograms);
  const file = path.join(temporaryFolder(), 'pid');
  const id = await begun(own, [program(file, ['signal'])], [], file);
  expect(await own.engine.raiseSignal(id, 'stop')).toEqual({ contexts: 1, instances: 1 });
  await endedBySignal(own, id, file);
}, 120_000);

test('one that is not told to end with signals goes on to its end, and takes its signal flow then', async () => {
  const own = await ownWorld('memory', withPrograms);
  const file = path.join(temporaryFolder(), 'pid');
  const id = await begun(own, [program(file, ['timeout'])], [], file);
  expect(await own.engine.raiseSignal(id, 'stop')).toEqual({ contexts: 1, instances: 1 });
  expect(lives(pidsIn(file)[0]!)).toBe(true);
  writeFileSync(`${file}.gate`, '');
  expect((await own.engine.result(id)).state).toBe('finished');
  expect(await own.eventNames(id)).toContain('ExecutingAction stopped');
}, 120_000);

test('a program is ended by a signal that a flow of another context raises', async () => {
  const own = await ownWorld('memory', withPrograms);
  const file = path.join(temporaryFolder(), 'pid');
  const between: Flow[] = [
    { from: 'head', to: 'hold' },
    { from: 'head', to: 'run' },
    { from: 'hold', to: 'done', raise: ['stop'] },
  ];
  const hold = named('hold', { type: 'manual' } as Partial<Action>);
  const actions = [named('head'), hold, program(file, ['signal']), named('done')];
  const id = await begun(own, actions, between, file);
  await own.until(async () => (await own.eventNames(id)).includes('ExitingTriggerWithoutFiring hold'));
  await own.engine.expedite(id);
  await endedBySignal(own, id, file);
}, 120_000);

test('an operator of another engine than the one that executes ends a program, too', async () => {
  const folder = temporaryFolder();
  const executing = await openEngine('cluster', folder, { name: 'executes', ...withPrograms });
  onTestFinished(() => executing.dispose(0));
  await executing.start();
  const own = new World(executing, 'cluster', folder, newBranch());
  const file = path.join(folder, 'pid');
  const id = await begun(own, [program(file, ['signal'])], [], file);
  // It executes nothing: it is not started.
  const asked = await openEngine('cluster', folder, { name: 'asked' });
  onTestFinished(() => asked.dispose(0));
  expect(await asked.raiseSignal(id, 'stop')).toEqual({ contexts: 1, instances: 1 });
  await endedBySignal(own, id, file);
}, 120_000);

test('what a signal has ended waits again as it had: when another took the signal it begins anew, with no attempt lost', async () => {
  const actions = [program('/tmp/pid', ['signal']), ...targets];
  const plan = compilePlan({ name: '/model/program', actions, flows }, '/');
  const world = new CommitWorld();
  const { segment } = await world.submit(3);
  const held = world.holdings.holdSegment({ ...segment, attempt: 2, revision: 1 });
  const errors = ['SignalRaised', 'ProcessFailed'].map(code => ({ code, message: '', action: 'run', stack: '' }));
  const item: CommitItem = {
    held,
    plan,
    positions: Uint16Array.of(0, 1, 2),
    outcome: { kind: 'failed', place: 0, killed: false },
    path: [0],
    baseMs: 1,
    times: [0, 1, 0, 2, 0, 3],
    payload: null,
    reported: false,
    events: [],
    claim: null,
    requests: 0,
    errors,
    errorOf: [0, 1, 0],
  };
  const [failed, ended, ...more] = signalledItems(item, 9);
  expect(more).toEqual([]);
  expect([failed!.outcome.kind, ...failed!.positions]).toEqual(['failed', 1]);
  expect([ended!.outcome.kind, ...ended!.positions]).toEqual(['waiting', 0, 2]);
  expect(ended!.times).toEqual([0, 1, 0, 3]);
  expect(nextOf(ended!, 9)).toMatchObject({ kind: 'stand', state: 'ready', place: 0, attempt: 2, keepsWork: false });
  // A code of somebody else's function means nothing.
  const call: Action = { name: 'run', type: 'call', function: 'f', module: '/m.mjs', monitor: ['stop'] } as Action;
  const other = compilePlan({ name: '/model/call', actions: [call, ...targets], flows }, '/');
  expect(signalledItems({ ...item, plan: other }, 9)).toEqual([{ ...item, plan: other }]);
});
