// Expedite: what it does to triggers that wait, to what runs, and to what cannot be expedited.

import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { here, ownWorld, signals } from './setup.js';

const chain = (...names: string[]): Flow[] => names.slice(1).map((to, at) => ({ from: names[at]!, to }));
const call = (name: string, use: string): Action => ({ name, type: 'call', function: use });

test('what runs keeps it for the next trigger that can be expedited, once; what waits for an event is not touched', async () => {
  const { engine, branch, audit, until } = await ownWorld('memory');
  const waits = async (id: string, action: string) =>
    until(async () => {
      const shown = await engine.show(id);
      return shown.action === action && (await audit(id)).at(-1)?.event === 'DeferringExecutionFlow';
    });
  const running = `${branch}running`;
  const actions: Action[] = [
    call('first', 'gated'),
    { name: 'message', type: 'message', publisher: `${branch}news` },
    { name: 'ask', type: 'manual' },
    call('between', 'echo'),
    { name: 'ask again', type: 'manual' },
  ];
  const flows = chain('first', 'message', 'ask', 'between', 'ask again');
  await engine.deploy({ name: running, module: './actions.mjs', actions, flows }, here);
  const gate = `${branch} first`;
  const id = await engine.submit({ workflow: running, input: { gate } });
  await signals.atGate(gate);
  expect(await engine.expedite(id)).toMatchObject({ contexts: 1 });
  signals.open(gate);
  // It still waits for its message: that is no trigger which an operator can have fire.
  await waits(id, 'message');
  expect(await engine.expedite(id)).toEqual({ contexts: 0, segments: 0 });
  expect(await engine.expedite(running)).toEqual({ contexts: 0, segments: 0 });
  await engine.publish({ publisher: `${branch}news`, style: 'queue', data: 1 });
  await waits(id, 'ask again');
  const events = (await audit(id)).map(({ event, action }) => `${event} ${action ?? ''}`);
  expect(events).toContain('ExitingTrigger ask');
  expect(events).not.toContain('ExitingTriggerWithoutFiring ask');
}, 60_000);

test('a timer that is expedited has not fired: neither its count nor its next time is another', async () => {
  const { engine, branch, audit, until } = await ownWorld('memory');
  const workflow = `${branch}timer`;
  const at = '2999-01-01T00:00:00Z';
  const actions: Action[] = [{ name: 'timer', type: 'timer', at, count: 1 }, call('tell', 'echo')];
  const flows = [...chain('timer', 'tell', 'timer')];
  await engine.deploy({ name: workflow, module: './actions.mjs', actions, flows }, here);
  const id = await engine.submit({ workflow });
  const arrivals = async () => (await audit(id)).filter(({ event }) => event === 'DeferringExecutionFlow').length;
  for (const times of [1, 2, 3]) {
    await until(async () => (await arrivals()) === times);
    const shown = await engine.show(id);
    expect(shown).toMatchObject({ action: 'timer', eligibleAtMs: Date.parse(at), state: 'ready' });
    expect(signals.ranBy(id)).toHaveLength(times - 1);
    if (times < 3) expect(await engine.expedite(id)).toMatchObject({ contexts: 1 });
  }
}, 60_000);
