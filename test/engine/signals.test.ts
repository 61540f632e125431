// Signals raised by flows and by operators, and races of triggers, on every home.

import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, onEveryHome, type World } from './setup.js';

async function deploy({ engine, branch }: World, actions: Action[], flows: Flow[]): Promise<string> {
  const name = `${branch}flow`;
  await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
  return name;
}

const mark = (name: string, own: Partial<Action> = {}): Action =>
  ({ name, type: 'call', function: 'mark', ...own }) as Action;
const waits = (name: string, own: Partial<Action> = {}): Action => ({ name, type: 'manual', ...own }) as Action;

/** Until an instance waits at a trigger, or for a retry. */
function deferred(own: World, id: string): Promise<void> {
  return own.until(async () => (await own.audit(id)).some(({ event }) => event === 'DeferringExecutionFlow'));
}

onEveryHome('signals', world => {
  test('an operator ends what waits for a signal, at once, in one instance or all of a workflow', async () => {
    const own = world();
    const workflow = await deploy(
      own,
      [waits('wait', { monitor: ['stop'] }), mark('fired'), mark('stopped')],
      [
        { from: 'wait', to: 'fired' },
        { from: 'wait', to: 'stopped', kind: 'signal', signal: 'stop' },
      ],
    );
    const ids = await Promise.all([1, 2, 3].map(n => own.engine.submit({ workflow, input: { n } })));
    for (const id of ids) await deferred(own, id);
    expect(await own.engine.raiseSignal(ids[0]!, 'stop', 'ada')).toEqual({ instances: 1 });
    expect((await own.engine.result(ids[0]!)).result).toMatchObject({ way: ['stopped'] });
    expect(await own.eventNames(ids[0]!)).toContain('ExitingTriggerOnSignal wait');
    expect(await own.engine.raiseSignal(workflow, 'unheard')).toEqual({ instances: 0 });
    expect(await own.engine.raiseSignal(workflow, 'stop')).toEqual({ instances: 2 });
    for (const id of ids.slice(1)) {
      expect((await own.engine.result(id)).result).toMatchObject({ way: ['stopped'] });
    }
    await expect(own.engine.raiseSignal(workflow, "it's")).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('a flow ends a trigger and a retry of other contexts, and what it raises before an action keeps that from running', async () => {
    const own = world();
    const workflow = await deploy(
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
    const workflow = await deploy(
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
    const workflow = await deploy(
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
