// Interrupt: what executes is rolled back to its last transaction break, alone or before it is paused or removed.

import { expect, onTestFinished, test } from 'vitest';
import { definitionOf, here, onEveryHome, openEngine, ownWorld, signals, temporaryFolder } from './setup.js';

const steps = ['echo', { function: 'deafGated', name: 'held' }, 'echo', { function: 'echo', break: true }] as const;

onEveryHome('interrupt', world => {
  test('what executes goes on to its break, is rolled back to the one before, and begins again at once', async () => {
    const { engine, deploy, audit } = world();
    const workflow = await deploy([{ function: 'count' }, { function: 'count', break: true }, 'deafGated', 'echo']);
    const gate = `${workflow} deaf`;
    const id = await engine.submit({ workflow, input: { gate } });
    await signals.atGate(gate);
    expect(await engine.interrupt(id)).toEqual({ contexts: 1, segments: 1 });
    expect(await engine.interrupt(id)).toEqual({ contexts: 0, segments: 0 });
    signals.open(gate);
    const { state, result } = await engine.result(id);
    // What was written in the transaction that is rolled back is written once.
    expect({ state, result }).toMatchObject({ state: 'finished', result: { seen: ['a1', 'a2'] } });
    expect(signals.ranBy(id).map(({ action, attempt }) => `${action} ${attempt}`)).toEqual([
      'a3 1',
      'a4 1',
      'a3 1',
      'a4 1',
    ]);
    const keys = signals.ranBy(id).map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(1);
    const deferred = (await audit(id)).filter(({ event }) => event === 'DeferringExecutionFlow');
    expect(deferred.map(({ message }) => message)).toEqual(['interrupted: rolled back to the last transaction break']);
  });

  test('an action that heeds its signal ends at once, by no error flow, and no attempt is lost', async () => {
    const { engine, branch } = world();
    const workflow = `${branch}heeds`;
    await engine.deploy(
      {
        name: workflow,
        module: './actions.mjs',
        actions: [
          { name: 'held', type: 'call', function: 'gated' },
          { name: 'mended', type: 'call', function: 'echo' },
        ],
        flows: [{ from: 'held', to: 'mended', kind: 'error' }],
      },
      here,
    );
    const gate = `${workflow} heeds`;
    const [id, other] = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate } })));
    await signals.atGate(gate, 2);
    expect(await engine.interrupt(id!)).toEqual({ contexts: 1, segments: 1 });
    await signals.atGate(gate, 3);
    signals.open(gate);
    expect((await engine.result(id!)).result).toEqual({ action: 'held', n: 0 });
    expect((await engine.result(other!)).state).toBe('finished');
    expect(signals.ranBy(id!)).toMatchObject([{ action: 'held', attempt: 1 }]);
  });

  test.each(['pause', 'remove'] as const)('interrupted, then %sd: rolled back first', async then => {
    const { engine, deploy, branch, until } = world();
    const workflow = await deploy(steps);
    const gate = `${branch} then ${then}`;
    const ids = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate } })));
    await signals.atGate(gate, 2);
    expect(await engine.interrupt(branch)).toMatchObject({ contexts: 2 });
    expect(await engine[then](branch)).toMatchObject({ contexts: 2 });
    signals.open(gate);
    for (const id of ids) {
      if (then === 'remove') {
        expect(await engine.result(id)).toMatchObject({ state: 'removed', result: null });
        continue;
      }
      await until(async () => {
        const { state, action } = await engine.show(id);
        return state === 'paused' && action === 'a1';
      });
    }
    if (then === 'remove') return;
    expect(await engine.resume(branch)).toMatchObject({ contexts: 2 });
    for (const id of ids) expect((await engine.result(id)).state).toBe('finished');
  });

  test('what waits is not touched: for its time, for a trigger, to be tried again', async () => {
    const { engine, deploy, branch, untilCounts, until, audit } = world();
    const later = await deploy(['echo'], 'later');
    const retried = await deploy([{ function: 'alwaysFails', retry: { retries: 5, delayMs: 3_600_000 } }], 'retried');
    const manual = `${branch}manual`;
    await engine.deploy({ name: manual, actions: [{ name: 'ask', type: 'manual' }], flows: [] }, here);
    const waiting = await engine.submit({ workflow: later, eligibleAtMs: Date.now() + 3_600_000 });
    const failed = await engine.submit({ workflow: retried });
    const asked = await engine.submit({ workflow: manual });
    await until(async () => (await engine.show(failed)).attempt === 2);
    await until(async () => (await audit(asked)).some(({ event }) => event === 'DeferringExecutionFlow'));
    await expect.poll(async () => (await engine.status()).claimed, { timeout: 30_000 }).toBe(0);
    expect(await engine.interrupt(branch)).toEqual({ contexts: 0, segments: 0 });
    for (const id of [waiting, failed, asked]) {
      expect(await engine.interrupt(id)).toEqual({ contexts: 0, segments: 0 });
    }
    await engine.remove(branch);
    await untilCounts({ removed: 3 });
  });
});

test('of several contexts of an instance those that execute are rolled back', async () => {
  const { engine, branch } = await ownWorld('memory');
  const workflow = `${branch}several`;
  await engine.deploy(
    {
      name: workflow,
      module: './actions.mjs',
      actions: [
        { name: 'head', type: 'null' },
        { name: 'held', type: 'call', function: 'gated' },
        { name: 'ask', type: 'manual' },
      ],
      flows: [
        { from: 'head', to: 'held' },
        { from: 'head', to: 'ask' },
      ],
    },
    here,
  );
  const gate = `${workflow} several`;
  const id = await engine.submit({ workflow, input: { gate } });
  await signals.atGate(gate);
  await expect.poll(async () => (await engine.status()).claimed, { timeout: 30_000 }).toBe(1);
  expect(await engine.interrupt(id)).toEqual({ contexts: 1, segments: 1 });
  await signals.atGate(gate, 2);
  signals.open(gate);
  await signals.until(() => signals.ranBy(id).length === 1);
  await engine.remove(id);
  expect((await engine.result(id)).state).toBe('removed');
}, 60_000);

test('an interrupt of an execution that is lost with its engine does not meet the next one', async () => {
  const folder = temporaryFolder();
  const first = await openEngine('disk', folder);
  await first.start();
  const workflow = '/interrupt/lost';
  const gate = `${workflow} gate`;
  await first.deploy(definitionOf(workflow, ['deafGated', { function: 'echo', break: true }]), here);
  const ids = await first.submit([0, 1].map(() => ({ workflow, input: { gate } })));
  await signals.atGate(gate, 2);
  expect(await first.interrupt(ids[0]!)).toMatchObject({ contexts: 1 });
  await first.dispose(0);

  const engine = await openEngine('disk', folder);
  onTestFinished(() => engine.dispose(0));
  await engine.start();
  signals.open(gate);
  for (const id of ids) {
    expect((await engine.result(id)).state).toBe('finished');
    expect(signals.ranBy(id).map(({ action, attempt }) => `${action} ${attempt}`)).toEqual(['a1 1', 'a2 1']);
  }
}, 60_000);
