// Signals raised by flows and by operators, and races of triggers, on every home.

import { expect, test } from 'vitest';
import type { Action } from '../../src/workflow/model.js';
import { deferred, deployActions, mark, waits } from './deploy-flows.js';
import { onEveryHome, ownWorld } from './setup.js';

onEveryHome('signals', world => {
  test('an operator ends what waits for a signal, at once, in one instance or all of a workflow', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [waits('wait', { monitor: ['stop'] }), mark('fired'), mark('stopped')],
      [
        { from: 'wait', to: 'fired' },
        { from: 'wait', to: 'stopped', kind: 'signal', signal: 'stop' },
      ],
    );
    const ids = await Promise.all([1, 2, 3].map(n => own.engine.submit({ workflow, input: { n } })));
    for (const id of ids) await deferred(own, id);
    const { engine, branch } = own;
    expect(await engine.raiseSignal(ids[0]!, 'stop', { user: 'ada' })).toEqual({ contexts: 1, instances: 1 });
    expect((await engine.result(ids[0]!)).result).toMatchObject({ way: ['stopped'] });
    expect((await own.audit(ids[0]!)).find(({ event }) => event === 'ExitingTriggerOnSignal')).toMatchObject({
      action: 'wait',
      user: 'ada',
    });
    expect(await engine.raiseSignal(branch, 'stop', { dryRun: true })).toEqual({ contexts: 2, instances: 2 });
    expect(await engine.raiseSignal(branch, 'unheard')).toEqual({ contexts: 0, instances: 0 });
    await expect(engine.raiseSignal(workflow, 'unheard')).rejects.toMatchObject({ code: 'SIGNAL_UNKNOWN' });
    await expect(engine.raiseSignal(workflow, "it's")).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    const told: number[] = [];
    const onProgress = ({ instances }: { instances: number }) => told.push(instances);
    expect(await engine.raiseSignal(branch, 'stop', { onProgress })).toEqual({ contexts: 2, instances: 2 });
    expect(told).toContain(2);
    for (const id of ids.slice(1)) expect((await engine.result(id)).result).toMatchObject({ way: ['stopped'] });
    expect(await engine.raiseSignal(ids[0]!, 'stop')).toEqual({ contexts: 0, instances: 0 });
  });

  test('raised where nothing monitors it yet it stays until it is cleared, or comes to an action that does', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [waits('first'), waits('second', { monitor: ['stop'] }), mark('fired'), mark('stopped')],
      [
        { from: 'first', to: 'second' },
        { from: 'second', to: 'fired' },
        { from: 'second', to: 'stopped', kind: 'signal', signal: 'stop' },
      ],
    );
    const ids = await Promise.all([1, 2].map(n => own.engine.submit({ workflow, input: { n } })));
    for (const id of ids) await deferred(own, id);
    expect(await own.engine.raiseSignal(workflow, 'stop')).toEqual({ contexts: 0, instances: 2 });
    expect(await own.engine.raiseSignal(workflow, 'stop')).toEqual({ contexts: 0, instances: 0 });
    expect(await own.engine.clearSignal(ids[1]!, 'stop', { dryRun: true })).toEqual({ contexts: 0, instances: 1 });
    expect(await own.engine.clearSignal(ids[1]!, 'stop')).toEqual({ contexts: 0, instances: 1 });
    await own.engine.expedite(workflow);
    expect((await own.engine.result(ids[0]!)).result).toMatchObject({ way: ['stopped'] });
    expect(await own.eventNames(ids[0]!)).not.toContain('ExecutingAction second');
    // The other waits, and is ended while it is paused: it goes on when it is resumed.
    await own.until(async () => (await own.eventNames(ids[1]!)).includes('ExitingTriggerWithoutFiring second'));
    await own.engine.pause(ids[1]!);
    expect(await own.engine.raiseSignal(ids[1]!, 'stop')).toEqual({ contexts: 1, instances: 1 });
    expect(await own.counts()).toEqual({ finished: 1, paused: 1 });
    await own.engine.resume(ids[1]!);
    expect((await own.engine.result(ids[1]!)).result).toMatchObject({ way: ['stopped'] });
  });

  test('of several contexts all that wait end, paused ones too, and one without a flow for it ends there', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [mark('head'), waits('a', { monitor: ['stop'] }), waits('b', { monitor: ['stop'] }), waits('c'), mark('done')],
      [
        { from: 'head', to: 'a' },
        { from: 'head', to: 'b' },
        { from: 'head', to: 'c' },
        { from: 'a', to: 'done', kind: 'signal', signal: 'stop' },
      ],
    );
    const id = await own.engine.submit({ workflow, input: {} });
    const waiting = (name: string) => `ExitingTriggerWithoutFiring ${name}`;
    await own.until(async () => {
      const names = await own.eventNames(id);
      return ['a', 'b', 'c'].every(name => names.includes(waiting(name)));
    });
    await own.engine.pause(id);
    expect(await own.engine.raiseSignal(id, 'stop', { user: 'ada' })).toEqual({ contexts: 2, instances: 1 });
    const ended = (await own.audit(id)).filter(({ event }) => event === 'ExitingTriggerOnSignal');
    expect(ended.map(({ action, user }) => `${action} ${user}`).sort()).toEqual(['a ada', 'b ada']);
    await own.engine.resume(id);
    await own.engine.expedite(id);
    expect((await own.engine.result(id)).state).toBe('finished');
    const names = await own.eventNames(id);
    expect(names.filter(name => name === 'ExecutingAction done')).toHaveLength(1);
    // One each: of a, over done, of b, and of c.
    expect(names.filter(name => name.startsWith('FinishingExecutionFlow'))).toHaveLength(3);
  });

  test('a flow ends a trigger and a retry of other contexts, and what it raises before an action keeps that from running', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [
        mark('head'),
        // However late the others come, what is raised then is for them.
        { name: 'hold', type: 'delay', delay: '+100ms' },
        waits('wait', { monitor: ['stop'] }),
        mark('fails', { monitor: ['halt'], retry: { retries: 5, delayMs: 86_400_000 } }),
        mark('never', { monitor: ['late'] }),
        mark('done', { join: 'all' }),
      ],
      [
        { from: 'head', to: 'hold' },
        { from: 'head', to: 'wait' },
        { from: 'head', to: 'fails' },
        { from: 'hold', to: 'never', raise: ['stop', 'halt', 'late'] },
        { from: 'never', to: 'done', kind: 'signal', signal: 'late' },
        { from: 'wait', to: 'done', kind: 'signal', signal: 'stop' },
        { from: 'fails', to: 'done', kind: 'signal', signal: 'halt' },
      ],
    );
    const id = await own.engine.submit({ workflow, input: { fails: ['fails'] } });
    const { state, result } = await own.engine.result(id);
    expect([state, (result as { way: string[] }).way.at(-1)]).toEqual(['finished', 'done']);
    const names = await own.eventNames(id);
    expect(names).toEqual(expect.arrayContaining(['ExitingActionOnSignal fails', 'ExitingActionOnSignal never']));
    expect(names).not.toContain('ExecutingAction never');
  });

  test('what executes when it is raised ends first, and then takes the signal flow', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [mark('slow', { function: 'late', monitor: ['stop'] } as Partial<Action>), mark('normal'), mark('stopped')],
      [
        { from: 'slow', to: 'normal' },
        { from: 'slow', to: 'stopped', kind: 'signal', signal: 'stop' },
      ],
    );
    const id = await own.engine.submit({ workflow, input: {} });
    const raised = await own.engine.raiseSignal(id, 'stop');
    const { result } = await own.engine.result(id);
    const { way } = result as { way: string[] };
    // Whether it had begun, or even ended, when the signal came is a matter of the machine.
    expect([[['stopped'], ['slow', 'stopped']], [['slow', 'normal']]][1 - raised.instances]).toContainEqual(way);
  });

  test('of racing triggers the first to fire goes on alone', async () => {
    const own = world();
    const workflow = await deployActions(
      own,
      [
        mark('head', { race: true }),
        { name: 'soon', type: 'delay', delay: '+1ms' },
        waits('never'),
        mark('a'),
        mark('b'),
      ],
      [
        { from: 'head', to: 'soon' },
        { from: 'head', to: 'never' },
        { from: 'soon', to: 'a' },
        { from: 'never', to: 'b' },
      ],
    );
    const id = await own.engine.submit({ workflow, input: {} });
    expect((await own.engine.result(id)).result).toMatchObject({ way: ['head', 'a'] });
  });
});

test.each([[['wait']], [['one', 'two']]])(
  'an instance that a signal ends at %j is told to be over, once',
  async names => {
    const own = await ownWorld('memory');
    const head = names.length > 1 ? [{ name: 'head', type: 'null' } as Action] : [];
    const flows = head.flatMap(() => names.map(to => ({ from: 'head', to })));
    const workflow = await deployActions(
      own,
      [...head, ...names.map(name => waits(name, { monitor: ['stop'] }))],
      flows,
    );
    const id = await own.engine.submit({ workflow, input: {} });
    const count = (found: string[], event: string) => found.filter(name => name.startsWith(event)).length;
    await own.until(async () => count(await own.eventNames(id), 'DeferringExecutionFlow') === names.length);
    expect(await own.engine.raiseSignal(id, 'stop')).toEqual({ contexts: names.length, instances: 1 });
    await own.engine.result(id);
    const found = await own.eventNames(id);
    expect(count(found, 'ExitingTriggerOnSignal')).toBe(names.length);
    expect(count(found, 'FinishingExecutionFlow')).toBe(names.length);
    expect([count(found, 'FinishingFlowChart'), count(found, 'FlowChartRemoved')]).toEqual([1, 1]);
    expect(found.at(-1)).toBe('FlowChartRemoved');
  },
);
