// Why an instance does not run, asked of an engine: each reason is provoked once.

import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import type { WorkflowDefinition } from '../../../src/workflow/model.js';
import { here, ownWorld, signals, type World } from '../setup.js';

const codesOf = async (engine: Engine, instance: string): Promise<string[]> =>
  (await engine.why(instance)).reasons.map(({ code }) => code);

/** A workflow that ends with what is given, beside what it is deployed as. */
async function deploy(world: World, name: string, actions: object[], flows: object[] = []): Promise<string> {
  const full = `${world.branch}${name}`;
  await world.engine.deploy({ name: full, module: './actions.mjs', actions, flows } as WorkflowDefinition, here);
  return full;
}

/** Until it has come to its trigger. */
const untilWaits = (world: World, instance: string, code: string): Promise<void> =>
  world.until(async () => (await codesOf(world.engine, instance))[0] === code);

describe.each(['memory', 'cluster'] as const)('why, %s', home => {
  test('where it executes, since when, that it is to pause; held; finished', async () => {
    const world = await ownWorld(home);
    const { engine, branch, deploy } = world;
    const workflow = await deploy(['gated', { function: 'echo', break: true }]);
    const gate = `${branch}gate`;
    const beganMs = Date.now();
    const instance = await engine.submit({ workflow, input: { gate } });
    await signals.atGate(gate);
    const { reasons, ...of } = await engine.why(instance);
    expect(of).toMatchObject({ instance, workflow, isRunning: true, contexts: 1 });
    const { engine: name } = reasons[0]!.data as { engine: string };
    expect(reasons).toMatchObject([{ code: 'running', context: null, action: 'a1' }]);
    expect(name).toBe(engine.name);
    const { sinceMs } = reasons[0]!.data as { sinceMs: number };
    expect(sinceMs).toBeGreaterThan(beganMs - 1_000);
    await engine.pause(instance, { user: 'anna' });
    expect(await codesOf(engine, instance)).toEqual(['running', 'pausing']);
    signals.open(gate);
    await world.until(async () => (await codesOf(engine, instance))[0] === 'paused');
    const [paused] = (await engine.why(`${workflow}/${instance}`)).reasons;
    expect(paused).toMatchObject({ action: 'a2', command: `millrace resume ${instance}` });
    await engine.resume(instance);
    await engine.result(instance);
    expect((await engine.why(instance)).reasons).toMatchObject([{ code: 'finished', action: null, command: null }]);
    await expect(engine.why('nobody')).rejects.toMatchObject({ code: 'INSTANCE_UNKNOWN' });
  });

  test('a branch without room, by whom it is full, and the command that lets it go on', async () => {
    const world = await ownWorld(home);
    const { engine, branch, deploy } = world;
    const workflow = await deploy(['gated']);
    const gate = `${branch}gate`;
    await engine.configuration.set({ branch, property: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE', value: 1 });
    const first = await engine.submit({ workflow, input: { gate } });
    await signals.atGate(gate);
    const second = await engine.submit({ workflow, input: { gate } });
    const third = await engine.submit({ workflow, input: { gate } });
    await world.until(async () => (await codesOf(engine, third)).includes('inLine'));
    const { reasons, isRunning } = await engine.why(third);
    expect(isRunning).toBe(false);
    // Threads that are still learning what an action costs may have no room besides.
    expect(reasons.slice(0, 2)).toMatchObject([
      {
        code: 'throttled',
        data: { branch, property: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE', limit: 1, running: 1, engines: null },
        command: `millrace config set ${branch} CONCURRENCY_THROTTLE_CLUSTER_WIDE 2`,
      },
      { code: 'inLine', data: { before: 1 } },
    ]);
    expect((await codesOf(engine, second)).slice(0, 1)).toEqual(['throttled']);
    await engine.configuration.unset({ branch, property: 'CONCURRENCY_THROTTLE_CLUSTER_WIDE' });
    signals.open(gate);
    for (const each of [first, second, third]) expect((await engine.result(each)).state).toBe('finished');
  });
});

describe('why', () => {
  test('what waits at triggers, to be tried again, for its time; what has failed and who paused it', async () => {
    const own = await ownWorld('memory');
    const { engine } = own;
    const at = async (name: string, trigger: object, code: string) => {
      const workflow = await deploy(own, name, [{ name: 'wait', ...trigger }]);
      const instance = await engine.submit({ workflow });
      await untilWaits(own, instance, code);
      return (await engine.why(instance)).reasons;
    };
    const publisher = `${own.branch}orders`;
    expect(await at('timer', { type: 'timer', expression: '+1H' }, 'sleeping')).toMatchObject([{ action: 'wait' }]);
    expect(await at('delay', { type: 'delay', delay: '+1d' }, 'sleeping')).toHaveLength(1);
    expect(await at('manual', { type: 'manual' }, 'manual')).toHaveLength(1);
    expect(await at('message', { type: 'message', publisher }, 'message')).toMatchObject([
      { data: { publisher, untilMs: null }, command: `millrace publish ${publisher} DATA` },
    ]);
    const retry = { retries: 1, delayMs: 3_600_000 };
    const flaky = await deploy(own, 'flaky', [{ name: 'act', type: 'call', function: 'flaky', retry }]);
    const tried = await engine.submit({ workflow: flaky, input: { fails: 9 } });
    await untilWaits(own, tried, 'retry');
    expect((await engine.why(tried)).reasons).toMatchObject([
      {
        data: { attempt: 2, error: { code: 'Flaky', message: 'attempt 1 of 0' } },
        command: `millrace recover ${tried}`,
      },
    ]);
    const none = { retries: 0 };
    const failing = await deploy(own, 'failing', [{ name: 'act', type: 'call', function: 'flaky', retry: none }]);
    const failed = await engine.submit({ workflow: failing, input: { fails: 9 } });
    await engine.result(failed);
    expect((await engine.why(failed)).reasons).toMatchObject([{ code: 'failed', data: { error: { code: 'Flaky' } } }]);
    const later = await engine.submit({ workflow: flaky, eligibleAtMs: Date.now() + 3_600_000 });
    expect(await codesOf(engine, later)).toEqual(['notBefore']);
    await engine.pause(later, { user: 'anna' });
    const [paused] = (await engine.why(later)).reasons;
    expect(paused).toMatchObject({ code: 'paused', data: { by: 'anna', atMs: expect.any(Number) } });
    await engine.remove(later);
    expect(await codesOf(engine, later)).toEqual(['removed']);
  });

  test('each context of an instance that has several: what runs first, and at which join the others wait', async () => {
    const own = await ownWorld('memory');
    const workflow = await deploy(
      own,
      'split',
      [
        { name: 'begin', type: 'null' },
        { name: 'fast', type: 'null' },
        { name: 'wait', type: 'manual' },
        { name: 'end', type: 'null', join: 'all' },
      ],
      [
        { from: 'begin', to: 'fast' },
        { from: 'begin', to: 'wait' },
        { from: 'fast', to: 'end' },
        { from: 'wait', to: 'end' },
      ],
    );
    const instance = await own.engine.submit({ workflow });
    await own.until(async () => (await codesOf(own.engine, instance)).join() === 'manual,joining');
    const { reasons, contexts } = await own.engine.why(instance);
    expect(contexts).toBe(2);
    expect(reasons[1]).toMatchObject({
      code: 'joining',
      context: expect.any(Number),
      action: 'end',
      data: { arrived: ['fast'], missing: ['wait'], need: 2 },
    });
    await own.engine.expedite(instance);
    expect((await own.engine.result(instance)).state).toBe('finished');
  });

  test('threads that are full, and no engine that executes', async () => {
    const own = await ownWorld('memory', { threads: 1, concurrency: 1 });
    const workflow = await own.deploy(['gated']);
    const gate = `${own.branch}gate`;
    const first = await own.engine.submit({ workflow, input: { gate } });
    await signals.atGate(gate);
    const others = await own.engine.submit(Array.from({ length: 20 }, () => ({ workflow, input: { gate } })));
    const last = others.at(-1)!;
    await own.until(async () => (await codesOf(own.engine, last)).includes('threadsBusy'));
    const { reasons } = await own.engine.why(last);
    expect(reasons.at(-1)).toMatchObject({
      code: 'threadsBusy',
      data: { threads: 1, longestSinceMs: expect.any(Number) },
    });
    signals.open(gate);
    await own.engine.result(first);
    await own.engine.result(last);
    await own.engine.stop();
    const left = await own.engine.submit({ workflow, input: { gate } });
    expect((await own.engine.why(left)).reasons).toMatchObject([{ code: 'noEngine', command: 'millrace start' }, {}]);
  });
});
