// Events of triggers, of what is deferred, and of calls and the store, where the documents say that they are recorded. Those of
// actions, flows and ends: `events.test.ts`; of signals, deadlines and runs: beside what causes them. `SPECIFICATION.md` has all.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { eventData } from '../../src/audit/event-data.js';
import { createEngine } from '../../src/engine/create-engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';
import type { Action, Flow, WorkflowDefinition } from '../../src/workflow/model.js';
import {
  auditRows,
  definitionOf,
  here,
  newBranch,
  noRetry,
  openEngine,
  signals,
  temporaryFolder,
  World,
} from '../engine/setup.js';

let world: World;
beforeAll(async () => {
  const engine = await openEngine('memory', temporaryFolder(), { scripts: { timeoutMs: 60_000 } });
  await engine.start();
  world = new World(engine, 'memory', '', newBranch());
});
afterAll(() => world.engine.dispose(0));
beforeEach(() => {
  world = new World(world.engine, 'memory', '', newBranch());
});

async function submitted(actions: Action[], more: Partial<WorkflowDefinition> = {}, input = {}): Promise<string> {
  const name = `${world.branch}flow`;
  const flows: Flow[] = actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
  await world.engine.deploy({ name, module: './actions.mjs', actions, flows, ...more }, here);
  return world.engine.submit({ workflow: name, input }, 'alice');
}

const ends = ['FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved'];
const untilDeferred = (id: string, times = 1): Promise<void> =>
  world.until(
    async () => (await world.eventNames(id)).filter(event => event === 'DeferringExecutionFlow').length >= times,
  );

test('a flow is deferred while its trigger is not ready, when it is paused there, and when it is paused at a break', async () => {
  const id = await submitted(
    [
      { name: 'wait', type: 'manual' },
      { name: 'work', type: 'call', function: 'gated' },
      { name: 'last', type: 'call', function: 'echo', transactionBreak: true },
    ],
    {},
    { gate: world.branch },
  );
  await untilDeferred(id);
  await world.engine.pause(id, { user: 'bob' });
  await untilDeferred(id, 2);
  await world.engine.resume(id);
  await world.engine.expedite(id);
  await signals.atGate(world.branch);
  await world.engine.pause(id, { user: 'carol' });
  signals.open(world.branch);
  await untilDeferred(id, 3);
  const deferred = (await world.audit(id)).filter(({ event }) => event === 'DeferringExecutionFlow');
  expect(deferred.map(({ message, user }) => [message, user])).toEqual([
    ['waits for the trigger', 'alice'],
    ['paused', 'bob'],
    // Its action was executed whole, and it stopped at its break.
    ['paused', 'alice'],
  ]);
  const names = await world.eventNames(id);
  expect(names.indexOf('ExitingAction work')).toBeLessThan(names.lastIndexOf('DeferringExecutionFlow'));
  await world.engine.resume(id);
  await world.engine.result(id);
});

test('a trigger is entered once, and each time it looks and does not fire is told', async () => {
  const folder = temporaryFolder();
  const wait: Action = { name: 'wait', type: 'fileExist', files: ['${folder}/*.csv'], pollEvery: '+100ms' };
  const id = await submitted([wait], {}, { folder });
  await untilDeferred(id, 3);
  const [half, whole] = [path.join(folder, 'a.tmp'), path.join(folder, 'a.csv')];
  writeFileSync(half, '');
  renameSync(half, whole);
  await world.engine.result(id);
  const names = await world.eventNames(id);
  const looks = names.filter(event => event === 'ExitingTriggerWithoutFiring wait').length;
  expect(looks).toBeGreaterThanOrEqual(3);
  expect(names).toEqual([
    'StartingExecutionFlow',
    'EnteringTrigger wait',
    ...Array.from({ length: looks }, () => ['ExitingTriggerWithoutFiring wait', 'DeferringExecutionFlow']).flat(),
    'ExecutingAction wait',
    'ExitingTrigger wait',
    ...ends,
  ]);
});

test('a trigger that meets an error leaves by it, one that waits too long by its timeout', async () => {
  const wait = {
    name: 'wait',
    type: 'delay',
    map: [{ from: 'flow.pause', to: 'action.delay' }],
    retry: noRetry,
  } as Action;
  const failed = await submitted([wait], {}, { pause: 7 });
  await world.engine.result(failed);
  expect(await world.eventNames(failed)).toEqual([
    'StartingExecutionFlow',
    'EnteringTrigger wait',
    'ExitingTriggerOnError wait',
    'DeferringExecutionFlow',
  ]);
  const told = (await world.audit(failed)).find(({ event }) => event === 'ExitingTriggerOnError');
  expect(told).toMatchObject({ data: { code: 'TIME_INVALID', action: 'wait', attempt: 1 } });
  const late = await submitted([{ name: 'wait', type: 'manual', timeout: '+20ms', retry: noRetry }]);
  await world.engine.result(late);
  expect((await world.eventNames(late)).slice(-3)).toEqual([
    'ActionTimeout wait',
    'ExitingTriggerOnTimeout wait',
    'DeferringExecutionFlow',
  ]);
});

test('a run begins at its trigger when that is reached, with its entering, and not when it fires', async () => {
  const id = await submitted([
    { name: 'wait', type: 'manual', startOfRun: true },
    { name: 'end', type: 'null', endOfRun: true },
  ]);
  await untilDeferred(id);
  const begun = await world.audit(id);
  expect(begun.map(({ event }) => event)).toEqual([
    'StartingExecutionFlow',
    'EnteringTrigger',
    'StartingRun',
    'ExitingTriggerWithoutFiring',
    'DeferringExecutionFlow',
  ]);
  expect(begun[2]!.atMs).toBe(begun[1]!.atMs);
  await world.engine.expedite(id);
  await world.engine.result(id);
  const names = await world.eventNames(id);
  expect(names.filter(name => name === 'StartingRun wait')).toHaveLength(1);
  expect(names.slice(-7)).toEqual([
    'EnteringAction end',
    'EndingRun end',
    'ExecutingAction end',
    'ExitingAction end',
    ...ends,
  ]);
});

test('a trigger that takes long to look is entered as a trigger, once, and what fires at last executes once', async () => {
  // Long enough that it reports itself; where the machine is too busy for that the audit is the same.
  const prescript = 'const begun = Date.now(); while (Date.now() - begun < 900);';
  for (const delay of ['+1ms', '+1s']) {
    const id = await submitted([{ name: 'wait', type: 'delay', delay, prescript }]);
    await world.engine.result(id);
    const names = (await world.eventNames(id)).filter(name => name !== 'DeferringExecutionFlow');
    expect(names.filter(name => name !== 'ExitingTriggerWithoutFiring wait')).toEqual([
      'StartingExecutionFlow',
      'EnteringTrigger wait',
      'ExecutingAction wait',
      'ExitingTrigger wait',
      ...ends,
    ]);
  }
});

test('a call that fails is told with its error, and that nothing of it was committed', async () => {
  const target = `${world.branch}nobody`;
  await expect(world.engine.submit({ workflow: target }, 'dave')).rejects.toThrow('WORKFLOW_UNKNOWN');
  const said = async () => auditRows(world.engine, 'workflow is null and message like $1::text', [`%${target}%`]);
  await world.until(async () => (await said()).length > 0);
  expect((await said()).map(({ event, user }) => [event, user])).toEqual([
    ['EnteringCall', 'dave'],
    ['J2seTransactionRolledBack', 'dave'],
    ['ExitingCallWithError', 'dave'],
  ]);
});

test('only events of which it is said have data', async () => {
  const rows = await world.engine.query(
    `select distinct short_name from millrace_audit_event where data is not null and data <> 'null' and event like 'flux.%'`,
  );
  const found = rows.map(([name]) => name as keyof typeof eventData);
  expect(found).toEqual(expect.arrayContaining(['EnteringTrigger', 'ExitingTrigger', 'ExitingTriggerOnError']));
  expect(found.filter(name => eventData[name].data === null)).toEqual([]);
});

test('five commands of the store that fail closely together are told, once they can be', async () => {
  let driver: ThreadedDriver | null = null;
  const engine = await createEngine(
    { dataFolder: 'memory', threads: 1, loggers: nullLoggers },
    { onDriver: made => (driver = made) },
  );
  onTestFinished(() => engine.dispose(0));
  await engine.deploy(definitionOf('/failing/flow', ['echo']), here);
  await engine.start();
  // Ends cannot be stored, events can.
  await driver!.script(`create function test_no_room() returns trigger language plpgsql as $$ begin
      raise exception 'no room' using errcode = '53100';
    end $$;
    create trigger test_no_room before insert on millrace_outcome for each statement execute function test_no_room()`);
  const id = await engine.submit({ workflow: '/failing/flow' });
  const told = () => auditRows(engine, 'short_name = $1::text', ['EngineDatabaseCommandsFailing']);
  await expect.poll(async () => (await told()).length, { timeout: 60_000 }).toBe(1);
  expect((await told())[0]!.message).toMatch(/^At least five closely spaced database commands/);
  await driver!.script('drop trigger test_no_room on millrace_outcome');
  expect((await engine.result(id)).state).toBe('finished');
});
