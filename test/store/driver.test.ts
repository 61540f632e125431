// V1 to V4 of `src/store/driver.ts`, held by the PGlite homes.

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../src/store/binary.js';
import { SqlError } from '../../src/store/driver.js';
import { CrashSync } from '../../src/store/pglite/crash-sync.js';
import { databaseFolder } from '../../src/store/pglite/template.js';
import { openPgliteFolder } from '../../src/store/pglite/threaded.js';
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

describe('V1: a transaction is applied whole or not at all', () => {
  test('a transaction whose second call fails leaves nothing of the first', async () => {
    const { driver } = await setup();
    await driver.transaction([insert(1)]);
    const refused = driver.transaction([insert(2), insert(1)]);
    await expect(refused).rejects.toMatchObject({ name: 'SqlError', code: '23505', statement: 'insert' });
    expect(await rowIds(driver)).toEqual([1]);
  });

  test('rows come back call by call, in binary or text as asked', async () => {
    const { driver } = await setup();
    const count = { name: 'count', text: 'select count(*), null::text from t' };
    const answers = await driver.transaction([
      insert(1),
      { statement: count, parameters: [] },
      insert(2),
      { statement: count, parameters: [], results: 'text' },
    ]);
    expect(answers.map(rows => rows.length)).toEqual([0, 1, 0, 1]);
    expect(decode.int8(answers[1]![0]![0]!)).toBe(1);
    expect(answers[1]![0]![1]).toBeNull();
    expect(decode.text(answers[3]![0]![0]!)).toBe('2');
  });

  test('a result of several megabytes arrives whole', async () => {
    const { driver } = await setup();
    const statement = { name: 'many', text: `select i, repeat('x', 500) from generate_series(1, $1::int4) i` };
    const [rows] = await driver.transaction([{ statement, parameters: [encode.int4(20_000)] }]);
    expect(rows!.length).toBe(20_000);
    expect(decode.int4(rows![19_999]![0]!)).toBe(20_000);
    expect(rows!.every(row => row[1]!.length === 500)).toBe(true);
  });

  test('no calls are an empty answer', async () => {
    const { driver } = await setup();
    expect(await driver.transaction([])).toEqual([]);
  });

  test('a script is applied whole or not at all', async () => {
    const { driver } = await setup();
    await expect(driver.script('insert into t values (1); insert into nowhere values (1)')).rejects.toMatchObject({
      code: '42P01',
    });
    expect(await rowIds(driver)).toEqual([]);
    await driver.script('insert into t values (1); insert into t values (2)');
    await driver.script('vacuum t');
    await driver.script('checkpoint');
    expect(await rowIds(driver)).toEqual([1, 2]);
  });
});

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

describe('V3: a failing transaction does not fail its neighbours', () => {
  test('a NUL in one of many at once', async () => {
    const { driver } = await setup();
    const settled = await Promise.allSettled(
      Array.from({ length: 100 }, (_, id) => driver.transaction([insert(id, id === 40 ? 'a\0b' : 'fine')])),
    );
    const refused = settled.flatMap((outcome, id) => (outcome.status === 'rejected' ? [{ id, ...outcome }] : []));
    expect(refused.map(({ id }) => id)).toEqual([40]);
    expect(refused[0]!.reason).toBeInstanceOf(SqlError);
    expect(refused[0]!.reason).toMatchObject({ code: '22021', statement: 'insert' });
    expect(await rowIds(driver)).toEqual(Array.from({ length: 100 }, (_, id) => id).filter(id => id !== 40));
  });

  test('many culprits at once, at the start, in the middle and at the end', async () => {
    const { driver } = await setup();
    const isBad = (id: number): boolean => id % 7 === 0 || id >= 190;
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, (_, id) =>
        driver.transaction([insert(id), insert(1000 + id, isBad(id) ? '\0' : '')]),
      ),
    );
    expect(settled.map(outcome => outcome.status === 'rejected')).toEqual(settled.map((_, id) => isBad(id)));
    expect((await rowIds(driver)).length).toBe(2 * settled.filter((_, id) => !isBad(id)).length);
  });

  test('a neighbour in the group is the reason: the first stands, the second is refused', async () => {
    const { driver } = await setup();
    const [first, second, third] = await Promise.allSettled([1, 1, 2].map(id => driver.transaction([insert(id)])));
    expect([first!.status, second!.status, third!.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('a failure that only the commit shows is charged to its own transaction', async () => {
    const { driver } = await setup();
    await driver.script('create table child (t int4 references t deferrable initially deferred)');
    const orphan = { name: 'orphan', text: 'insert into child values ($1::int4)' };
    const settled = await Promise.allSettled([
      driver.transaction([insert(1)]),
      driver.transaction([{ statement: orphan, parameters: ['99'] }]),
      driver.transaction([insert(2)]),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: '23503', statement: 'COMMIT' } });
  });

  test('a statement that cannot be prepared fails its own transaction, by name', async () => {
    const { driver } = await setup();
    const wrong = { name: 'wrong', text: 'select nothing from nowhere' };
    const settled = await Promise.allSettled([
      driver.transaction([insert(1)]),
      driver.transaction([insert(2), { statement: wrong, parameters: [] }]),
      driver.transaction([insert(3)]),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: '42P01', statement: 'wrong' } });
    expect(await rowIds(driver)).toEqual([1, 3]);
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
