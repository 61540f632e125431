// What the documents say of triggers and is the same on every home, in memory.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CalendarDefinition } from '../../src/time/calendar/model.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { mark } from './deploy-flows.js';
import { here, newBranch, openEngine, temporaryFolder, World } from './setup.js';

let world: World;
beforeAll(async () => {
  const engine = await openEngine('memory', temporaryFolder());
  await engine.start();
  world = new World(engine, 'memory', '', newBranch());
});
afterAll(() => world.engine.dispose(0));

test('the result of a timer says whether it has expired, and conditions can tell', async () => {
  const workflow = `${world.branch}tells`;
  const actions: Action[] = [
    { name: 'wait', type: 'timer', expression: '+10ms', count: 2 },
    mark('fired'),
    { name: 'over', type: 'null' },
    mark('expired'),
    mark('not expired'),
  ];
  const flows: Flow[] = [
    { from: 'wait', to: 'fired', condition: 'result.result = TRUE' },
    { from: 'fired', to: 'wait' },
    { from: 'wait', to: 'over', kind: 'expiration' },
    { from: 'over', to: 'not expired', condition: 'result.result' },
    { from: 'over', to: 'expired', condition: 'NOT result.result' },
  ];
  await world.engine.deploy({ name: workflow, module: './flow-actions.mjs', actions, flows }, here);
  const { result } = await world.engine.result(await world.engine.submit({ workflow, input: {} }));
  expect(result).toMatchObject({ way: ['fired', 'fired', 'expired'] });
});

test('a calendar without a date to come ends the flow, and the message that says so is kept', async () => {
  const workflow = `${world.branch}never`;
  const past: CalendarDefinition = {
    name: 'past',
    zone: 'UTC',
    rules: [{ include: { range: { start: '2019-05-01', end: '2019-06-01' } } }],
  };
  const wait: Action = { name: 'wait', type: 'timer', expression: '0 0 0 10 b', zone: 'UTC', calendar: 'past' };
  const flows: Flow[] = [{ from: 'wait', to: 'never' }];
  const actions = [wait, mark('never')];
  await world.engine.deploy({ name: workflow, module: './flow-actions.mjs', actions, flows, calendars: [past] }, here);
  const id = await world.engine.submit({ workflow, input: {} });
  const said = {
    result: false,
    message: expect.stringMatching(
      /^The Cron-style Time Expression "0 0 0 10 b" could not be satisfied after searching until /,
    ),
  };
  expect(await world.engine.result(id)).toMatchObject({ state: 'finished', result: said });
  expect(await world.engine.show(id)).toMatchObject({ state: 'finished', result: said });
  const events = await world.audit(id);
  expect(events.map(({ event }) => event)).toEqual([
    'StartingExecutionFlow',
    'EnteringTrigger',
    'ExitingTriggerWithoutFiring',
    'FinishingExecutionFlow',
    'FinishingFlowChart',
    'FlowChartRemoved',
  ]);
  expect(events[2]!.data).toMatchObject(said);
});

test('a trigger whose condition holds when the flow comes to it fires at once, and waits for nothing', async () => {
  const workflow = `${world.branch}at once`;
  const wait: Action = { name: 'wait', type: 'message', publisher: `${world.branch}there` };
  await world.engine.publish({ publisher: wait.publisher, data: 1 });
  const file: Action = { name: 'file', type: 'fileExist', files: [new URL(import.meta.url).pathname] };
  const past: Action = { name: 'past', type: 'timer', at: '2020-01-01T00:00:00Z' };
  const flows: Flow[] = [
    { from: 'past', to: 'file' },
    { from: 'file', to: 'wait' },
  ];
  await world.engine.deploy({ name: workflow, actions: [past, file, wait], flows }, here);
  const id = await world.engine.submit({ workflow, input: {} });
  expect((await world.engine.result(id)).result).toMatchObject({ data: 1 });
  const names = await world.eventNames(id);
  for (const name of ['past', 'file']) {
    expect(names).not.toContain(`ExitingTriggerWithoutFiring ${name}`);
    expect(names).toContain(`ExitingTrigger ${name}`);
  }
});
