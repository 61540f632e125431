// History and audit leave by generation; what is open keeps its bodies and its name.

import { expect, onTestFinished, test } from 'vitest';
import { TestClock } from '../../src/observe/clock.js';
import { type Home, homes, newBranch, openEngine, signals, temporaryFolder, World } from './setup.js';

/** A sixth of it is a generation: a second. */
const expirationMs = 6_000;

async function setup(
  home: Home,
): Promise<{ world: World; clock: TestClock; rounds: (count: number) => Promise<void> }> {
  const clock = new TestClock(Date.now());
  const folder = temporaryFolder();
  const engine = await openEngine(home, folder, {
    clock,
    auditExpirationMs: expirationMs,
    historyExpirationMs: expirationMs,
  });
  onTestFinished(() => engine.dispose(0));
  await engine.start();
  const world = new World(engine, home, folder, newBranch());
  const slots = async (): Promise<string> =>
    JSON.stringify(await engine.query('select ring, slot from millrace_generation where is_current order by ring', []));
  /** Each round of housekeeping opens the next generation of both rings. A round that is still going on when its time
   * comes is not begun again, so the clock is moved on until one is; never by two at once. */
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round++) {
      const [audit, history] = JSON.parse(await slots()) as [[string, string], [string, string]];
      const next = JSON.stringify([audit, history].map(([ring, at]) => [ring, String((Number(at) + 1) % 8)]));
      const pending = clock.pendingCount;
      clock.advanceMs(2_000);
      await world.until(async () => (await slots()) === next);
      // Its timer is set again when the round is over.
      await world.until(async () => clock.pendingCount >= pending);
    }
  };
  return { world, clock, rounds };
}

test.each(homes)(
  'history and audit vanish when they have expired, not before; open instances are carried over, %s',
  async home => {
    const { world, clock, rounds } = await setup(home);
    const { engine, deploy, branch, audit } = world;
    const workflow = await deploy(['count', { function: 'gated', break: true }, { function: 'echo', break: true }]);
    const gate = `${branch} retention`;
    const ended = await engine.submit({ workflow, name: 'ended', input: { n: 1, gate: 'open' } });
    signals.open('open');
    await engine.result(ended);
    const events = await audit(ended);
    const delayed = await engine.submit({
      workflow,
      name: 'delayed',
      input: { n: 2, gate },
      eligibleAtMs: clock.nowMs() + 86_400_000,
    });
    const held = await engine.submit({ workflow, input: { n: 3, gate } });
    await signals.atGate(gate);
    await engine.pause(held);

    await rounds(6);
    expect((await engine.result(ended)).state).toBe('finished');
    expect(await audit(ended)).toEqual(events);
    expect(await engine.submit({ workflow, name: 'ended' })).toBe(ended);

    await rounds(2);
    await expect(engine.result(ended)).rejects.toThrow(/INSTANCE_UNKNOWN/);
    expect(await audit(ended)).toEqual([]);
    expect((await engine.show('delayed')).input).toEqual({ n: 2, gate });
    const again = await engine.submit({ workflow, name: 'ended', input: { gate } });
    expect(again).not.toBe(ended);

    await rounds(9);
    expect(await engine.submit({ workflow, name: 'delayed' })).toBe(delayed);
    signals.open(gate);
    await expect.poll(() => engine.show(held)).toMatchObject({ state: 'paused', action: 'a3' });
    await rounds(8);
    await engine.resume(held);
    expect((await engine.result(held)).result).toEqual({ n: 3, gate, seen: ['a1'], RESULT: { action: 'a2', n: 3 } });
    clock.advanceMs(86_400_000);
    expect((await engine.result(delayed)).result).toMatchObject({ n: 2, seen: ['a1'] });
  },
);

test.each(homes)(
  'a name lasts as long as the history of its own instance, whatever becomes of those submitted with it, %s',
  async home => {
    const { world, clock, rounds } = await setup(home);
    const { engine, deploy, branch } = world;
    const workflow = await deploy(['gated']);
    const gate = `${branch} names`;
    const eligibleAtMs = clock.nowMs() + 86_400_000;
    const [early, late] = await engine.submit([
      { workflow, name: 'early', input: { gate: 'open' } },
      { workflow, name: 'late', input: { gate } },
      { workflow, name: 'living', eligibleAtMs },
    ]);
    signals.open('open');
    await engine.result(early!);
    await rounds(4);
    await signals.atGate(gate);
    signals.open(gate);
    await engine.result(late!);
    await rounds(4);
    await expect(engine.show('early')).rejects.toThrow(/INSTANCE_UNKNOWN/);
    expect((await engine.show('late')).instance).toBe(late);
    expect((await engine.show('living')).state).toBe('ready');
    await engine.remove('living');
    await rounds(4);
    await expect(engine.show('late')).rejects.toThrow(/INSTANCE_UNKNOWN/);
    expect((await engine.show('living')).state).toBe('removed');
    const names = await engine.query('select name from millrace_name order by name', []);
    expect(names).toEqual([['living']]);
  },
);

test.each(homes)('the audit of an instance that lived long keeps its input as long as its events, %s', async home => {
  const { world, rounds } = await setup(home);
  const { engine, deploy, branch, audit } = world;
  const workflow = await deploy(['gated', { function: 'count', break: true }]);
  const gate = `${branch} long`;
  const id = await engine.submit({ workflow, input: { n: 1, gate } });
  await signals.atGate(gate);
  await engine.pause(id);
  signals.open(gate);
  await expect.poll(() => engine.show(id)).toMatchObject({ action: 'a2' });
  await rounds(7);
  await engine.resume(id);
  await engine.result(id);
  const variables = { n: 1, gate, RESULT: { action: 'a1', n: 1 } };
  const entered = async () =>
    (await audit(id)).find(({ event, action }) => event === 'EnteringAction' && action === 'a2')!.data;
  expect(await entered()).toEqual(variables);
  await rounds(6);
  expect((await engine.show(id)).input).toEqual({ n: 1, gate });
  expect(await entered()).toEqual(variables);
  await rounds(2);
  await expect(engine.show(id)).rejects.toThrow(/INSTANCE_UNKNOWN/);
  await rounds(8);
  expect(await engine.query('select count(*) from millrace_body', [])).toEqual([['0']]);
});
