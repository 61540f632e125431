// An engine whose store is held by other processes, which are killed while instances run (D14).

import { expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { child, deploy, freshFolder, open } from './setup.js';

const count = 4_000;

async function numberOf(engine: Engine, text: string): Promise<number> {
  return Number((await engine.query(text))[0]![0]);
}

test('holders of the folder are killed: every instance ends once, and the watchdog finds the next holder', {
  timeout: 120_000,
}, async () => {
  const folder = freshFolder();
  const first = child('share.mjs', [folder]);
  expect(await first.line(/./)).toBe('holder');
  const { engine } = await open(folder, { heartbeatMs: 300 }, { sharedFolder: true });
  const second = child('share.mjs', [folder]);
  expect(await second.line(/./)).toBe('client');
  const workflow = await deploy(engine, 'busy');
  await engine.submitMany(Array.from({ length: count }, () => ({ workflow, input: { busyMs: 1 } })));
  await engine.start();
  const finished = () => numberOf(engine, 'select coalesce(sum(members), 0) from millrace_outcome');
  const heartbeats = () => numberOf(engine, `select count(*) from millrace_audit_event where short_name = 'Ok'`);
  await vi.waitFor(async () => expect(await finished()).toBeGreaterThan(0), { timeout: 30_000 });
  expect(await finished()).toBeLessThan(count);
  await first.kill();
  await second.kill();
  const heartbeatsBefore = await heartbeats();
  await vi.waitFor(async () => expect(await finished()).toBe(count), { timeout: 60_000, interval: 100 });
  expect((await engine.status()).storeFailure).toBeNull();
  expect(await numberOf(engine, 'select count(*) from millrace_segment')).toBe(0);
  const once = `select count(*) from (select instance from millrace_audit_event where short_name = 'FinishingFlowChart'
    group by instance having count(*) = 1) as once`;
  expect(await numberOf(engine, once)).toBe(count);
  await vi.waitFor(async () => expect(await heartbeats()).toBeGreaterThan(heartbeatsBefore), { timeout: 30_000 });
});
