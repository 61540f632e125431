// Messages between instances, on every home.

import { expect, test } from 'vitest';
import type { Action, Flow } from '../../src/workflow/model.js';
import { mark } from './deploy-flows.js';
import { here, onEveryHome, type World } from './setup.js';

/** A workflow that waits, and ends with the message. */
async function deployWaiting(
  { engine, branch }: World,
  trigger: { readonly publisher: string; readonly selector?: string; readonly timeout?: string },
  name = 'waits',
): Promise<string> {
  const workflow = `${branch}${name}`;
  await engine.deploy({ name: workflow, actions: [{ name: 'wait', type: 'message', ...trigger }], flows: [] }, here);
  return workflow;
}

async function waiting(own: World, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await own.until(async () => (await own.audit(id)).some(({ event }) => event === 'DeferringExecutionFlow'));
  }
}

const dataOf = ({ result }: { readonly result: unknown }): unknown => (result as { readonly data: unknown }).data;

onEveryHome('messages', world => {
  test('of a queue each goes to one, the best priority first, whether it is there before or comes after', async () => {
    const own = world();
    const { engine, branch } = own;
    const publisher = `${branch}orders`;
    const workflow = await deployWaiting(own, { publisher });
    await engine.publish({ publisher, data: { n: 1 } });
    await engine.publish({ publisher, data: { n: 2 }, priority: 5 });
    const first = await engine.submit({ workflow, input: {} });
    const { result } = await engine.result(first);
    expect(result).toEqual({ data: { n: 2 }, priority: 5, publishedAt: expect.any(String), publisher });
    const second = await engine.submit({ workflow, input: {} });
    expect(dataOf(await engine.result(second))).toEqual({ n: 1 });
    const third = await engine.submit({ workflow, input: {} });
    await waiting(own, [third]);
    await engine.publish({ publisher, data: 'a text' });
    expect(dataOf(await engine.result(third))).toBe('a text');
    expect(await own.eventNames(third)).toEqual([
      'StartingExecutionFlow',
      'EnteringTrigger wait',
      'ExitingTriggerWithoutFiring wait',
      'DeferringExecutionFlow',
      'ExecutingAction wait',
      'ExitingTrigger wait',
      'FinishingExecutionFlow',
      'FinishingFlowChart',
      'FlowChartRemoved',
    ]);
    await expect(engine.publish({ publisher, data: 1, style: 'topic' })).rejects.toMatchObject({
      code: 'PUBLISHER_STYLE',
    });
  });

  test('a selector takes what it is true of, and what nobody takes holds up no other', async () => {
    const own = world();
    const { engine, branch } = own;
    const publisher = `${branch}orders`;
    const europe = await deployWaiting(own, { publisher, selector: "region = 'EU' and amount > 100" }, 'europe');
    const asia = await deployWaiting(own, { publisher, selector: "region = 'ASIA'", timeout: '+1D' }, 'asia');
    const [one, other] = await engine.submit([
      { workflow: europe, input: {} },
      { workflow: asia, input: {} },
    ]);
    await waiting(own, [one!, other!]);
    for (const data of [{ region: 'EU', amount: 1 }, [1], { region: 'ASIA' }, { region: 'EU', amount: 101 }]) {
      await engine.publish({ publisher, data });
    }
    expect(dataOf(await engine.result(one!))).toEqual({ region: 'EU', amount: 101 });
    expect(dataOf(await engine.result(other!))).toEqual({ region: 'ASIA' });
  });

  test('of a topic each that waits gets it, and finds what was published since when it returns', async () => {
    const own = world();
    const { engine, branch } = own;
    const publisher = `${branch}news`;
    await engine.publish({ publisher, data: 'too early', style: 'topic' });
    const beforeMs = Date.now();
    await own.until(async () => Date.now() > beforeMs);
    const name = `${branch}reads`;
    const actions: Action[] = [
      { name: 'wait', type: 'message', publisher },
      { ...mark('read'), map: [{ from: 'flow.RESULT.data', to: 'flow.last' }] } as Action,
      { name: 'end', type: 'null' },
    ];
    const flows: Flow[] = [
      { from: 'wait', to: 'read' },
      { from: 'read', to: 'wait', condition: 'last < 3' },
      { from: 'read', to: 'end', kind: 'else' },
    ];
    await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
    const ids = await engine.submit([1, 2].map(n => ({ workflow: name, input: { n } })));
    await waiting(own, ids);
    for (const data of [1, 2, 3]) await engine.publish({ publisher, data });
    for (const id of ids) expect((await engine.result(id)).result).toMatchObject({ way: ['read', 'read', 'read'] });
  });

  test('is published with its transaction or not at all; who is rolled back has its message again', async () => {
    const own = world();
    const { engine, branch } = own;
    const publisher = `${branch}orders`;
    const publishes = `${branch}publishes`;
    const actions: Action[] = [
      { name: 'tell', type: 'publish', publisher, data: { order: ['$', '{n}'].join('') }, priority: 3, expires: '+1D' },
      { name: 'fail', type: 'call', function: 'thirdTime', retry: { retries: 1, delayMs: 1 } },
    ];
    await engine.deploy(
      { name: publishes, module: './flow-actions.mjs', actions, flows: [{ from: 'tell', to: 'fail' }] },
      here,
    );
    await engine.result(await engine.submit({ workflow: publishes, input: { n: 7, failures: 1 } }));
    const takes = `${branch}takes`;
    const taking: Action[] = [
      { name: 'wait', type: 'message', publisher },
      { name: 'fail', type: 'call', function: 'thirdTime', retry: { retries: 2, delayMs: 1 } },
    ];
    await engine.deploy(
      { name: takes, module: './flow-actions.mjs', actions: taking, flows: [{ from: 'wait', to: 'fail' }] },
      here,
    );
    const id = await engine.submit({ workflow: takes, input: { failures: 2 } });
    await engine.result(id);
    const fired = (await own.audit(id)).filter(({ event }) => event === 'ExitingTrigger');
    expect(fired.map(({ data }) => (data as { data: unknown }).data)).toEqual([
      { order: 7 },
      { order: 7 },
      { order: 7 },
    ]);
    // Each transaction that was rolled back has published nothing.
    const left = await engine.query(`select count(*) from millrace_message where publisher = $1`, [publisher]);
    expect(left).toEqual([['0']]);
  });

  test('a trigger that gets none in time takes its timeout flow', async () => {
    const own = world();
    const { engine, branch } = own;
    const name = `${branch}late`;
    const actions: Action[] = [
      { name: 'wait', type: 'message', publisher: `${branch}silent`, timeout: '+20ms' },
      mark('got'),
      mark('late'),
    ];
    const flows: Flow[] = [
      { from: 'wait', to: 'got' },
      { from: 'wait', to: 'late', kind: 'timeout' },
    ];
    await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
    const id = await engine.submit({ workflow: name, input: {} });
    expect((await engine.result(id)).result).toMatchObject({ way: ['late'] });
  });
});
