// Triggers: what waits for a time, or for an operator, on every home.

import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { deployActions, mark } from './deploy-flows.js';
import { onEveryHome } from './setup.js';

onEveryHome('triggers', world => {
  test('a delay fires after its time, with what was before and behind it in transactions of their own', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [mark('a'), { name: 'wait', type: 'delay', delay: '+1500ms' }, mark('b')],
      [
        { from: 'a', to: 'wait' },
        { from: 'wait', to: 'b' },
      ],
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['a', 'b'] });
    const audit = await own.audit(id);
    expect(audit.map(({ event, action }) => `${event} ${action ?? ''}`.trim())).toEqual([
      'StartingExecutionFlow',
      'EnteringAction a',
      'ExecutingAction a',
      'ExitingAction a',
      'EnteringTrigger wait',
      'ExitingTriggerWithoutFiring wait',
      'DeferringExecutionFlow',
      'ExecutingAction wait',
      'ExitingTrigger wait',
      'EnteringAction b',
      'ExecutingAction b',
      'ExitingAction b',
      'FinishingExecutionFlow',
      'FinishingFlowChart',
      'FlowChartRemoved',
    ]);
    const at = (name: string): number => audit.find(({ event }) => event === name)!.atMs;
    expect(at('ExitingTrigger') - at('ExitingAction')).toBeGreaterThanOrEqual(1_500);
    expect(audit.find(({ event }) => event === 'ExitingTrigger')!.data).toMatchObject({ result: true });
  });

  test('a manual trigger waits until it is expedited, and its instance is shown as triggering', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [{ name: 'wait', type: 'manual' }, mark('b')],
      [{ from: 'wait', to: 'b' }],
    );
    const ids = await Promise.all([1, 2].map(n => own.engine.submit({ workflow, input: { n } })));
    await own.until(async () => (await own.audit(ids[1]!)).some(({ event }) => event === 'DeferringExecutionFlow'));
    expect(await own.engine.expedite(ids[0]!)).toMatchObject({ contexts: 1 });
    expect((await own.engine.result(ids[0]!)).result).toMatchObject({ way: ['b'] });
    expect((await own.engine.show(ids[1]!)).state).toBe('ready');
    expect(await own.engine.expedite(workflow)).toMatchObject({ contexts: 1 });
    expect((await own.engine.result(ids[1]!)).result).toMatchObject({ way: ['b'] });
  });

  test('a trigger that does not fire in time takes its timeout flow', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [{ name: 'wait', type: 'manual', timeout: '+30ms' }, mark('b'), mark('late')],
      [
        { from: 'wait', to: 'b' },
        { from: 'wait', to: 'late', kind: 'timeout' },
      ],
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['late'] });
    expect(await own.eventNames(id)).toEqual(
      expect.arrayContaining(['ActionTimeout wait', 'ExitingTriggerOnTimeout wait']),
    );
  });

  test('one with a count takes its expiration flow, and ends its flow context without one', async () => {
    const own = world();
    const actions: Action[] = [{ name: 'wait', type: 'delay', delay: '+1ms', count: 2 }, mark('b'), mark('over')];
    const flows: Flow[] = [
      { from: 'wait', to: 'b' },
      { from: 'b', to: 'wait' },
      { from: 'wait', to: 'over', kind: 'expiration' },
    ];
    const workflow = await deployActions(own, actions, flows);
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['b', 'b', 'over'] });
    const ending = await deployActions(own, actions.slice(0, 2), flows.slice(0, 2));
    const ended = await own.engine.submit({ workflow: ending, input: {} });
    expect((await own.engine.result(ended)).result).toEqual({ result: false });
  });
});
