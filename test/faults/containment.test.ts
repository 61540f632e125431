// Actions that misbehave: each fails its own instance with its own error; its neighbours finish.

import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';

const module = fileURLToPath(new URL('../fixtures/engine/actions.mjs', import.meta.url));
const neighbours = 200;

let engine: Engine;
afterEach(() => engine.dispose(0));

/** @param actionBlockedMs only for who is to be found by it: on a busy machine a heap takes seconds to fill, too */
async function start(actionBlockedMs: number): Promise<void> {
  engine = await createEngine({
    dataFolder: 'memory',
    threads: 2,
    threadHeapMb: 64,
    actionGraceMs: 50,
    actionBlockedMs,
  });
  const action = { name: 'act', type: 'call', retry: { retries: 0 } } as const;
  const culprits = {
    loop: 'loopForEver',
    heap: 'fillHeap',
    exit: 'leaveProcess',
    late: 'throwsLate',
    neighbour: 'double',
  };
  for (const [name, called] of Object.entries(culprits)) {
    await engine.deploy({ name: `/contain/${name}`, module, actions: [{ ...action, function: called }], flows: [] });
  }
  await engine.deploy({
    name: '/contain/loop-with-timeout',
    module,
    actions: [{ ...action, function: 'loopForEver', timeoutMs: 200 }],
    flows: [],
  });
  await engine.start();
}

/** Submits the culprit among neighbours and waits for all. */
async function amongNeighbours(culprit: string): Promise<string> {
  const record = (n: number) => ({ workflow: '/contain/neighbour', input: { n } });
  const before = await engine.submit(Array.from({ length: neighbours / 2 }, (_, n) => record(n)));
  const id = await engine.submit({ workflow: `/contain/${culprit}` });
  const after = await engine.submit(Array.from({ length: neighbours / 2 }, (_, n) => record(n)));
  for (const neighbour of [...before, ...after]) expect((await engine.result(neighbour)).state).toBe('finished');
  return id;
}

async function errorOf(id: string): Promise<unknown> {
  expect((await engine.result(id)).state).toBe('failed');
  return (await engine.show(id)).error;
}

test.each([
  ['loop', 'ActionBlocked'],
  ['loop-with-timeout', 'ActionTimeout'],
  ['heap', 'ActionOutOfMemory'],
  ['exit', 'ActionExited'],
])('an action that does "%s" fails alone, with %s', async (culprit, code) => {
  await start(culprit === 'loop' ? 3_000 : 60_000);
  const id = await amongNeighbours(culprit);
  expect(await errorOf(id)).toMatchObject({ code, action: 'act' });
});

test('an action that throws after it has returned finishes; the error is audited against its own instance alone', async () => {
  await start(60_000);
  const id = await amongNeighbours('late');
  expect((await engine.result(id)).result).toEqual({ returned: true });
  const lateErrors = async (): Promise<(string | null)[][]> =>
    engine.query(`select instance, data->>'message' from millrace_audit_event
      where short_name = 'ExitingActionOnError' and message = 'thrown after the action had returned'`);
  await expect.poll(lateErrors).toEqual([[id, 'thrown after the action had returned']]);
});
