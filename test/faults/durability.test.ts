// Nothing is acknowledged before it has been fsynced, and when fsync fails nothing is acknowledged any more.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { deploy, freshFolder, module, open, states } from './setup.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const dayMs = 86_400_000;

test('the store counts an fsync before each acknowledgement of a submit and of a commit', async () => {
  const { engine, driver } = await open(freshFolder());
  const syncs = async (): Promise<number> => (await driver.figures()).syncs;
  const workflow = await deploy(engine, 'double');
  for (let n = 0; n < 20; n++) {
    const before = await syncs();
    await engine.submit({ workflow, input: { n } });
    expect(await syncs()).toBeGreaterThan(before);
  }
  await engine.start();
  await expect.poll(async () => (await engine.status()).finished).toBe(20);
  for (let n = 0; n < 10; n++) {
    // Counted before it may run, so that the fsync of its commit cannot be counted as the submit's.
    const id = await engine.submit({ workflow, input: { n }, eligibleAtMs: Date.now() + 100 });
    const before = await syncs();
    await engine.result(id);
    expect(await syncs()).toBeGreaterThan(before);
  }
});

test('without the hook that makes fsync real a strict engine does not open; with it the same folder does', async () => {
  const folder = freshFolder();
  const withoutHook = open(folder, {}, { storeFaults: { withoutFsyncHook: true } });
  await expect(withoutHook).rejects.toMatchObject({ code: 'STORE_NOT_DURABLE' });
  const { engine } = await open(folder);
  expect(engine.state).toBe('stopped');
});

const hasStrace = spawnSync('strace', ['--version']).status === 0;

test.runIf(hasStrace)(
  'strace sees the log of the store reach the disk before each acknowledgement',
  { timeout: 120_000 },
  () => {
    const folder = freshFolder();
    const trace = join(folder, 'trace');
    const args = ['-f', '-y', '-s', '64', '-e', 'trace=fdatasync,fsync,write', '-o', trace];
    const traced = spawnSync(
      'strace',
      [...args, process.execPath, here('children/acknowledge.mjs'), join(folder, 'data'), module],
      {
        encoding: 'utf8',
      },
    );
    expect(traced.stderr).toBe('');
    const printed = traced.stdout.trim().split('\n');
    const told = readTrace(readFileSync(trace, 'utf8'));
    // What the child printed stands in the trace in the same order, with the fsyncs in between.
    expect(told.filter(line => line !== 'synced')).toEqual(printed);
    const acknowledgements = [...told.keys()].filter(at => /^(acknowledged|ended) /.test(told[at]!));
    expect(acknowledgements.length).toBe(20);
    // The child does one thing at a time: what was synced since it said that it begins was synced for this.
    for (const at of acknowledgements)
      expect(told.slice(0, at).lastIndexOf('synced')).toBeGreaterThan(
        told.slice(0, at).findLastIndex(line => line !== 'synced'),
      );
  },
);

/** The child's own lines, and `synced` for each fsync of the store's write-ahead log that has succeeded, in order. */
function readTrace(text: string): string[] {
  const told: string[] = [];
  const syncing = new Set<string>();
  for (const line of text.split('\n')) {
    const thread = line.slice(0, line.indexOf(' '));
    const printed = /write\(1<[^>]*>, "((?:begin|acknowledged|ended) \d+)\\n"/.exec(line);
    if (printed !== null) told.push(printed[1]!);
    const isOfLog = /f(?:data)?sync\(\d+<[^>]*\/pg_wal\//.test(line);
    if (isOfLog && line.includes('<unfinished')) syncing.add(thread);
    const hasEnded = isOfLog || (/<\.\.\. f(?:data)?sync resumed/.test(line) && syncing.delete(thread));
    if (hasEnded && / = 0$/.test(line)) told.push('synced');
  }
  return told;
}

const failed = { code: 'STORE_FAILED', message: expect.stringContaining('fsync failed: EIO') };

/** An engine with instances that execute, wait and are waited for, and the trigger that makes its next fsync fail. */
async function engineInUse(folder: string) {
  const failFsync = new Int32Array(new SharedArrayBuffer(4));
  const { engine } = await open(folder, { healthPort: 0 }, { storeFaults: { failFsync } });
  const workflow = await deploy(engine, 'wait');
  await engine.start();
  const acknowledged = await engine.submit(
    Array.from({ length: 30 }, (_, n) => ({ workflow, input: { n, waitMs: n < 10 ? 700 : 60_000 } })),
  );
  acknowledged.push(await engine.submit({ workflow, eligibleAtMs: Date.now() + dayMs }));
  await expect.poll(async () => (await engine.status()).claimed).toBe(30);
  const waiting = acknowledged.map(id =>
    engine.result(id).then(
      () => 'ended',
      (error: unknown) => error,
    ),
  );
  return { engine, workflow, acknowledged, waiting, fail: () => Atomics.store(failFsync, 0, 1) };
}

async function expectRefusals(engine: Engine, workflow: string, known: string): Promise<void> {
  for (let round = 0; round < 3; round++) await expect(engine.submit({ workflow })).rejects.toMatchObject(failed);
  await expect(engine.submitMany([{ workflow }])).rejects.toMatchObject(failed);
  await expect(engine.pause(workflow)).rejects.toMatchObject(failed);
  await expect(engine.result(known)).rejects.toMatchObject(failed);
  const health = await fetch(`http://127.0.0.1:${engine.healthPort}/health`);
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: 'database-failing' });
}

/** Ends the engine in the time given, and finds everything that was acknowledged in the folder. */
async function expectNothingLost(engine: Engine, folder: string, acknowledged: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  await engine.dispose(500);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  const again = await open(folder);
  const found = new Map(
    (await again.engine.query('select instance, state from millrace_instances')).map(([id, state]) => [id!, state!]),
  );
  for (const id of acknowledged)
    expect(found.get(id) ?? (await again.engine.show(id)).state).toMatch(/^(ready|finished)$/);
  // A submit whose fsync failed may be on the disk all the same; nothing else may.
  const { ready = 0, finished = 0, ...others } = await states(again.engine);
  expect(others).toEqual({});
  expect(ready + finished).toBeLessThanOrEqual(acknowledged.length + 1);
}

test('a submit whose fsync fails is refused, and so is everything after it; nothing acknowledged is lost', async () => {
  const folder = freshFolder();
  const { engine, workflow, acknowledged, waiting, fail } = await engineInUse(folder);
  fail();
  await expect(engine.submit({ workflow })).rejects.toMatchObject(failed);
  for (const end of await Promise.all(waiting)) expect(end).toMatchObject(failed);
  await expectRefusals(engine, workflow, acknowledged.at(-1)!);
  await expectNothingLost(engine, folder, acknowledged);
});

test('a commit whose fsync fails: whoever waits for a result is told why', async () => {
  const folder = freshFolder();
  const { engine, workflow, acknowledged, waiting, fail } = await engineInUse(folder);
  fail(); // the first to commit is whoever has waited 700 ms
  for (const end of await Promise.all(waiting)) expect(end).toMatchObject(failed);
  await expectRefusals(engine, workflow, acknowledged.at(-1)!);
  await expect(engine.stop(0).then(() => engine.start())).rejects.toMatchObject(failed);
  await expectNothingLost(engine, folder, acknowledged);
});

test('a start that finds the store failed leaves the engine stopped, and no thread behind', async () => {
  const failFsync = new Int32Array(new SharedArrayBuffer(4));
  const { engine } = await open(freshFolder(), {}, { storeFaults: { failFsync } });
  Atomics.store(failFsync, 0, 1);
  await expect(deploy(engine, 'double')).rejects.toMatchObject(failed);
  await expect(engine.start()).rejects.toMatchObject(failed);
  expect(engine.state).toBe('stopped');
  await engine.dispose();
});
