// A dry run says what the operation would change, and changes nothing.

import { expect, test } from 'vitest';
import { here, noRetry, ownWorld, signals } from './setup.js';

test('of every operation, on one and on many, it counts what the operation changes then', async () => {
  const { engine, deploy, branch, counts, untilCounts } = await ownWorld('memory');
  const gate = `${branch} dry`;
  const held = await deploy([{ function: 'deafGated' }], 'held');
  const failing = await deploy([{ function: 'flaky', retry: noRetry }], 'failing');
  const later = await deploy(['echo'], 'later');
  await engine.deploy({ name: `${branch}manual`, actions: [{ name: 'ask', type: 'manual' }], flows: [] }, here);
  const [executing] = await engine.submit([0, 1].map(n => ({ workflow: held, input: { n, gate } })));
  await signals.atGate(gate, 2);
  const failed = await engine.submit([1, 2, 3].map(n => ({ workflow: failing, input: { n, fails: n < 3 ? 1 : 9 } })));
  await engine.submit([1, 2].map(() => ({ workflow: later, eligibleAtMs: Date.now() + 3_600_000 })));
  await engine.submit({ workflow: `${branch}manual` });
  const stood = { ready: 5, failed: 3 };
  await untilCounts(stood);
  await expect.poll(async () => (await engine.status()).claimed, { timeout: 30_000 }).toBe(2);

  for (const [operation, target] of [
    ['interrupt', executing!],
    ['interrupt', branch],
    ['pause', executing!],
    ['pause', branch],
    ['resume', branch],
    ['recover', failed[0]!],
    ['recover', failing],
    ['remove', later],
    ['expedite', `${branch}manual`],
  ] as const) {
    const before = await counts();
    const dry = await engine[operation](target, { dryRun: true });
    expect(await counts()).toEqual(before);
    expect(dry.instances).toBe(dry.contexts);
    expect(dry.contexts).toBeGreaterThan(0);
    const { contexts } = await engine[operation](target);
    expect([operation, target, contexts]).toEqual([operation, target, dry.contexts]);
    // They fail again.
    if (operation === 'recover') await untilCounts(stood);
  }
  signals.open(gate);
  await expect(engine.pause('01a1ff5f-3d3d-7000-9259-b21893d90000', { dryRun: true })).rejects.toThrow(
    /INSTANCE_UNKNOWN/,
  );
  const calls = await engine.query(`select message from millrace_audit_event where short_name = 'EnteringCall'`);
  expect(calls.filter(([message]) => message?.startsWith('pause'))).toHaveLength(2);
}, 60_000);

test('instances of several contexts are counted once, and a page at a time is told', async () => {
  const { engine, branch } = await ownWorld('memory');
  const workflow = `${branch}several`;
  const actions = ['head', 'one', 'two'].map(name => ({ name, type: name === 'head' ? 'null' : 'manual' }) as const);
  const flows = ['one', 'two'].map(to => ({ from: 'head', to }));
  await engine.deploy({ name: workflow, actions, flows }, here);
  const ids = await engine.submit([0, 1, 2].map(() => ({ workflow })));
  await expect.poll(async () => (await engine.pause(branch, { dryRun: true })).contexts, { timeout: 30_000 }).toBe(6);
  expect(await engine.pause(branch, { dryRun: true })).toMatchObject({ contexts: 6, instances: 3 });
  expect(await engine.pause(ids[0]!, { dryRun: true })).toEqual({ contexts: 2, instances: 1, segments: 2 });
  const told: number[] = [];
  expect(await engine.pause(branch, { onProgress: ({ contexts }) => told.push(contexts) })).toMatchObject({
    contexts: 6,
  });
  // What moves while a page is changed is found by the next pass.
  expect(told.at(-1)).toBe(6);
}, 60_000);
