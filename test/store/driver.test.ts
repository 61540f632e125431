// V1 to V4 of `src/store/driver.ts`, held by the PGlite home on disk.

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CrashSync } from '../../src/store/pglite/crash-sync.js';
import { databaseFolder } from '../../src/store/pglite/template.js';
import { openPgliteFolder } from '../../src/store/pglite/threaded.js';
import { driverConformance } from './driver-conformance.js';
import { freshFolder, insert, rowIds, setup, startChild } from './setup.js';

function failNextFsync(): { failFsync: Int32Array } {
  return { failFsync: new Int32Array(new SharedArrayBuffer(4)) };
}

function covers(sync: CrashSync, database: string): boolean {
  const descriptor = fs.openSync(path.join(database, 'PG_VERSION'), 'r');
  try {
    return sync.covers(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

driverConformance('PGlite on disk', async () => (await setup()).driver);

describe('V2: an answer comes after the fsync', () => {
  test('every acknowledgement has an fsync before it', async () => {
    const { driver } = await setup();
    for (let id = 1; id <= 20; id++) {
      const before = await driver.figures();
      await driver.transaction([insert(id)]);
      const after = await driver.figures();
      expect(after.syncs).toBeGreaterThan(before.syncs);
    }
  });

  test('transactions that wait together share an fsync', async () => {
    const { driver } = await setup();
    const before = await driver.figures();
    await Promise.all(Array.from({ length: 100 }, (_, id) => driver.transaction([insert(id)])));
    const after = await driver.figures();
    expect(after.transactions - before.transactions).toBe(100);
    expect(after.groups - before.groups).toBe(1);
    expect(after.syncs - before.syncs).toBe(1);
  });

  test('without the fsync hook a strict store refuses to open', async () => {
    const opening = openPgliteFolder({ folder: freshFolder(), faults: { withoutFsyncHook: true } });
    await expect(opening).rejects.toMatchObject({ code: 'STORE_NOT_DURABLE' });
  });

  test('settings that switch durability off are refused', async () => {
    const opening = openPgliteFolder({ folder: freshFolder(), settings: { synchronous_commit: 'off' } });
    await expect(opening).rejects.toMatchObject({ code: 'STORE_NOT_DURABLE' });
  });

  test('what was acknowledged is there after kill -9', async () => {
    const folder = freshFolder();
    const child = startChild(
      `const driver = await openPgliteFolder({ folder: argument });
       await driver.script('create table t (id int4 primary key, v text)');
       const statement = { name: 'insert', text: 'insert into t values ($1::int4, repeat($2::text, 100))' };
       let id = 0;
       const work = async () => {
         for (;;) {
           const mine = ++id;
           await driver.transaction([{ statement, parameters: [String(mine), 'x'] }]);
           say(String(mine));
         }
       };
       for (let each = 0; each < 8; each++) void work();`,
      folder,
    );
    const acknowledged: number[] = [];
    while (acknowledged.length < 300) acknowledged.push(Number(await child.line()));
    await child.kill();
    for (let line = await child.line(); line !== null; line = await child.line()) acknowledged.push(Number(line));
    const { driver } = await setup({ folder });
    const there = new Set(await rowIds(driver));
    expect(acknowledged.filter(id => !there.has(id))).toEqual([]);
  });

  test('what recovery repairs is synced too, and a failed sync there refuses the store', async () => {
    const folder = freshFolder();
    const { driver } = await setup({ folder });
    await driver.close();
    const { driver: clean } = await setup({ folder });
    const syncsWhenClean = (await clean.figures()).syncs;
    await clean.close();
    const child = startChild(
      `const driver = await openPgliteFolder({ folder: argument });
       await driver.script("insert into t select i, repeat('x', 100) from generate_series(1, 1000) i");
       say('done');`,
      folder,
    );
    await child.line();
    await child.kill();
    const faults = failNextFsync();
    Atomics.store(faults.failFsync, 0, 1);
    const refused = { code: 'STORE_FAILED', message: expect.stringContaining('EIO') };
    await expect(openPgliteFolder({ folder, faults })).rejects.toMatchObject(refused);
    const { driver: again } = await setup({ folder });
    expect((await again.figures()).syncs).toBeGreaterThan(syncsWhenClean + 2);
    expect((await rowIds(again)).length).toBe(1_000);
  });

  test('what was synced before recovery is not synced again, unless it has changed since', async () => {
    const { folder, driver } = await setup();
    driver.killThread();
    await driver.close();
    const database = databaseFolder(folder);
    expect(await CrashSync.of(database, 60_000).then(sync => covers(sync!, database))).toBe(false);
    const sync = await CrashSync.of(database, -1_000);
    expect(covers(sync!, database)).toBe(true);
    fs.appendFileSync(path.join(database, 'PG_VERSION'), '\n');
    expect(covers(sync!, database)).toBe(false);
    const { driver: again } = await setup({ folder });
    await again.close();
    expect(await CrashSync.of(database)).toBeNull();
  });

  test('relaxed survives a clean end and makes no fsync', async () => {
    const { folder, driver } = await setup({ durability: 'relaxed' });
    await driver.transaction([insert(1)]);
    expect((await driver.figures()).syncs).toBe(0);
    await driver.close();
    const { driver: again } = await setup({ folder });
    expect(await rowIds(again)).toEqual([1]);
  });
});

describe('V4: after a failed fsync everything is refused', () => {
  test('the transaction is refused with the reason, and so is everything after it', async () => {
    const faults = failNextFsync();
    const { folder, driver } = await setup({ faults });
    await driver.transaction([insert(1)]);
    Atomics.store(faults.failFsync, 0, 1);
    await expect(driver.transaction([insert(2)])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/fsync failed: EIO.*is not known/),
    });
    const refused = { code: 'STORE_FAILED', message: expect.stringContaining('fsync failed: EIO') };
    await expect(driver.transaction([insert(3)])).rejects.toMatchObject(refused);
    await expect(driver.script('checkpoint')).rejects.toMatchObject(refused);
    await driver.close();
    const { driver: again } = await setup({ folder });
    expect(await rowIds(again)).toContain(1);
  });

  test('one that fails in the middle of a message does not make the thread spin', async () => {
    const faults = failNextFsync();
    const { driver } = await setup({ faults });
    const text = `select pg_logical_emit_message(false, 'test', repeat('x', 100), true)`;
    const flush = { statement: { name: 'flush', text }, parameters: [] };
    await driver.transaction([flush, insert(1)]);
    Atomics.store(faults.failFsync, 0, 1);
    const long = 'x'.repeat(50_000);
    const settled = await Promise.allSettled([
      driver.transaction([insert(2, long), flush, insert(3, long)]),
      driver.transaction([insert(4, long)]),
    ]);
    expect(settled).toMatchObject([
      { status: 'rejected', reason: { code: 'STORE_FAILED' } },
      { status: 'rejected', reason: { code: 'STORE_FAILED' } },
    ]);
    await expect(driver.transaction([insert(5)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await driver.diskBytes()).toBeGreaterThan(0);
  });

  test('one that fails in a checkpoint', async () => {
    const faults = failNextFsync();
    const { driver } = await setup({ faults });
    await driver.transaction([insert(1)]);
    Atomics.store(faults.failFsync, 0, 1);
    await expect(driver.script('checkpoint')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(driver.transaction([insert(2)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});
