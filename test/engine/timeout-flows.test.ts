// Timeout flows: taken when an action ended by its timeout, by itself or with its thread.

import { expect, test } from 'vitest';
import { deployFlows } from './deploy-flows.js';
import { onEveryHome } from './setup.js';

onEveryHome('timeout flows', world => {
  const flows = [
    ['a', 'b'],
    ['b', 'c'],
    ['b', 'handle', { kind: 'error' }],
    ['b', 'onTime', { kind: 'timeout' }],
  ] as const;
  const names = ['a', '|b', 'c', 'handle', 'onTime'];

  test.each(['heeds', 'late'])('an action that %s takes its timeout flow, not its error flow', async function_ => {
    const own = world();
    const workflow = await deployFlows(own, names, flows, {
      b: { function: function_, timeoutMs: 20 },
      onTime: { function: 'signalled' },
    });
    const id = await own.engine.submit({ workflow, input: {} });
    // The next action has a signal of its own.
    expect((await own.engine.result(id)).result).toEqual({ aborted: false });
    expect((await own.eventNames(id)).slice(4)).toEqual([
      'EnteringAction b',
      'ExecutingAction b',
      'ActionTimeout b',
      'ExitingActionOnTimeout b',
      'EnteringAction onTime',
      'ExecutingAction onTime',
      'ExitingAction onTime',
      'FinishingExecutionFlow',
      'FinishingFlowChart',
      'FlowChartRemoved',
    ]);
  });

  test('without one a timeout is an error; with one an error is none', async () => {
    const own = world();
    const withoutTimeoutFlow = flows.filter(([, , more]) => more?.kind !== 'timeout');
    const workflow = await deployFlows(own, names.slice(0, 4), withoutTimeoutFlow, {
      b: { function: 'heeds', timeoutMs: 20 },
    });
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({
      way: ['a', 'b', 'handle'],
      error: { code: 'ActionTimeout', action: 'b', message: 'action "b" did not end within 20 ms' },
    });
    const other = await deployFlows(own, names, flows, { b: { timeoutMs: 5_000 } });
    const failing = await own.engine.submit({ workflow: other, input: { fails: ['b'] } });
    expect((await own.engine.result(failing)).result).toMatchObject({ way: ['a', 'b', 'handle'] });
  });

  test('an action whose thread must be ended takes it too, rolled back to the last break', async () => {
    const own = world();
    const workflow = await deployFlows(
      own,
      ['a', '|b', 'deaf', 'onTime'],
      [
        ['a', 'b'],
        ['b', 'deaf'],
        ['deaf', 'onTime', { kind: 'timeout' }],
      ],
      { deaf: { function: 'deaf', timeoutMs: 20 } },
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({
      way: ['a', 'onTime'],
      error: { code: 'ActionTimeout', action: 'deaf' },
    });
    const exits = (await own.eventNames(id)).filter(name => name.startsWith('Exiting'));
    expect(exits).toEqual([
      'ExitingAction a',
      'ExitingAction b',
      'ExitingActionOnTimeout deaf',
      'ExitingAction onTime',
    ]);
  });
});
