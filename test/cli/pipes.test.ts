// Readers that leave early: real pipes of a shell.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { oneCall, type World, world } from './setup.js';

// Several processes at once on two cores.
vi.setConfig({ testTimeout: 120_000 });

const instances = 2_000;

/** Prints all the way, over some seconds. */
function printing(own: World): string[] {
  const flow = oneCall(own, `console.log('acted'); await new Promise(resolve => setTimeout(resolve, 200));`);
  return ['run', flow, '--count', String(instances), '--threads', '1'];
}

async function expectStopped(own: World): Promise<void> {
  const { '/test/flow finished': finished = 0, '/test/flow ready': ready = 0, ...others } = await own.counts();
  expect(others).toEqual({});
  expect(ready).toBeGreaterThan(0);
  expect(finished).toBeGreaterThan(0);
}

test.concurrent('a run whose reader has left stops as if interrupted, and says so', async context => {
  const own = world(context);
  expect(await own.pipe('2>err | head -n 1', ...printing(own))).toEqual({ code: 141, stdout: 'acted\n' });
  await expectStopped(own);
  const said = readFileSync(join(own.folder, 'err'), 'utf8');
  expect(said).toMatch(/interrupted; [\d,]+ instances stay ready in millrace-data/);
  expect(said).not.toMatch(/EPIPE|^\s+at /m);
});

test.concurrent('the same with standard error in the pipe', async context => {
  const own = world(context);
  expect(await own.pipe('2>&1 | head -n 1', ...printing(own))).toEqual({ code: 141, stdout: 'acted\n' });
  await expectStopped(own);
});

test.concurrent('a run that has ended before its reader is missed keeps its exit code', async context => {
  const own = world(context);
  const flow = oneCall(own, 'return 1;');
  expect((await own.pipe('2>err | :', 'run', flow, '--count', '3')).code).toBe(0);
  expect(await own.counts()).toEqual({ '/test/flow finished': 3 });
  // Looking ends with 0, a refusal with its own code.
  expect((await own.pipe('2>&1 | :', 'audit')).code).toBe(0);
  expect((await own.pipe('2>&1 | :', 'run', 'nowhere.yaml')).code).toBe(2);
});
