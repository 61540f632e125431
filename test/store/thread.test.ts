// The store thread: closing, dying, further clients (C1, C3 of `src/store/pglite/port-client.ts`), and the home in memory.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { builtFile } from '../../src/observe/thread-entry.js';
import { adHocMax } from '../../src/store/ad-hoc.js';
import { decode } from '../../src/store/binary.js';
import type { SqlCall } from '../../src/store/driver.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import { PortClient } from '../../src/store/pglite/port-client.js';
import { StatementNumbers } from '../../src/store/pglite/statement-numbers.js';
import { groupBytesMax, groupTransactionsMax } from '../../src/store/pglite/thread-protocol.js';
import { textRows } from '../../src/store/text-rows.js';
import { insert, rowIds, setup } from './setup.js';

describe('the thread', () => {
  test('what was asked before close is carried out, and what comes after is refused', async () => {
    const { folder, driver } = await setup();
    const asked = Array.from({ length: 50 }, (_, id) => driver.transaction([insert(id)]));
    await driver.close();
    await Promise.all(asked);
    await expect(driver.transaction([insert(99)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(() => driver.connect()).toThrow('STORE_FAILED');
    const { driver: again } = await setup({ folder });
    expect((await rowIds(again)).length).toBe(50);
  });

  test('a second client, in another thread, writes while the main loop is blocked', async () => {
    const { driver } = await setup();
    const done = new Int32Array(new SharedArrayBuffer(4));
    const port = driver.connect();
    const program = `
      const { workerData } = require('node:worker_threads');
      import(${JSON.stringify(builtFile('src/store/pglite/port-client.js').href)}).then(async ({ PortClient }) => {
        const client = new PortClient(workerData.port);
        const statement = { name: 'insert', text: 'insert into t values ($1::int4, $2::text)' };
        await client.transaction([{ statement, parameters: ['7', 'from the watchdog'] }]);
        Atomics.store(workerData.done, 0, 1);
        Atomics.notify(workerData.done, 0);
      });`;
    const worker = new Worker(program, { eval: true, execArgv: [], workerData: { port, done }, transferList: [port] });
    const ended = once(worker, 'exit');
    // Blocks this thread, as a loop without end would.
    expect(Atomics.wait(done, 0, 0, 20_000)).not.toBe('timed-out');
    await ended;
    expect(await rowIds(driver)).toEqual([7]);
  });

  test('a client that leaves does not disturb the others', async () => {
    const { driver } = await setup();
    const other = new PortClient(driver.connect());
    await other.transaction([insert(1)]);
    await other.close();
    await expect(other.transaction([insert(2)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await driver.transaction([insert(3)]);
    expect(await rowIds(driver)).toEqual([1, 3]);
  });

  test('when the thread dies, what is pending is refused and the folder is free', async () => {
    const { folder, driver } = await setup();
    const other = new PortClient(driver.connect());
    await other.transaction([insert(1)]);
    const pending = [driver.transaction([insert(2)]), other.transaction([insert(3)])];
    const refused = Promise.all(
      pending.map(each =>
        expect(each).rejects.toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringContaining('the store thread has ended'),
        }),
      ),
    );
    driver.killThread();
    await refused;
    await driver.close();
    const { driver: again } = await setup({ folder });
    expect(await rowIds(again)).toContain(1);
  });

  test('of ad-hoc statements the last used are kept, however many there are', async () => {
    const { driver } = await setup();
    const adHoc = (n: number): SqlCall => {
      const text =
        n % 100 === 99 ? `select nonsense_${n}` : `select ${n}, count(*) from t a, t b, t c where a.v = '${n}'`;
      return { statement: { name: `query ${n}`, text }, parameters: [], results: 'text' };
    };
    const answers = async (calls: readonly number[]): Promise<(string | null)[]> => {
      const settled = await Promise.allSettled(calls.map(n => driver.transaction([adHoc(n)])));
      return settled.map(each => (each.status === 'fulfilled' ? textRows(each.value[0]!)[0]![0]! : null));
    };
    const expected = (calls: readonly number[]): (string | null)[] =>
      calls.map(n => (n % 100 === 99 ? null : String(n)));
    const held = { name: 'held', text: `select count(*) from pg_prepared_statements where name like 'query %'` };
    let memoryBytes = 0;
    for (let round = 0; round < 5; round++) {
      const all = Array.from({ length: 1_000 }, (_, n) => n + round * 500);
      expect(await answers(all)).toEqual(expected(all)); // at once
      for (const n of [7, 1_007, 7, 8]) expect(await answers([n])).toEqual([String(n)]);
      const [rows] = await driver.transaction([{ statement: held, parameters: [] }]);
      expect(decode.int8(rows![0]![0]!)).toBeLessThanOrEqual(adHocMax);
      memoryBytes ||= (await driver.figures()).memoryBytes;
    }
    expect((await driver.figures()).memoryBytes).toBe(memoryBytes);
  });

  test('what is asked for at once is split at the bounds of a group, and answered in order', async () => {
    const { driver } = await setup();
    const groupsOf = async (calls: readonly SqlCall[]): Promise<number> => {
      const { groups } = await driver.figures();
      await Promise.all(calls.map(call => driver.transaction([call])));
      return (await driver.figures()).groups - groups;
    };
    const many = Array.from({ length: 2 * groupTransactionsMax + 1 }, (_, id) => insert(id));
    expect(await groupsOf(many)).toBe(3);
    const large = Array.from({ length: 4 }, (_, id) => insert(10_000 + id, 'x'.repeat(groupBytesMax * 0.4)));
    expect(await groupsOf(large)).toBe(2);
    // A single transaction above the bound is no reason to refuse it.
    expect(await groupsOf([insert(20_000), insert(20_001, 'x'.repeat(groupBytesMax + 1)), insert(20_002)])).toBe(3);
    // Ad-hoc statements lose their numbers to others between the messages.
    const adHoc = Array.from({ length: groupTransactionsMax + 300 }, (_, n) => `select ${n}`);
    const answers = await Promise.all(
      adHoc.map(text =>
        driver.transaction([{ statement: { name: `query ${text}`, text }, parameters: [], results: 'text' }]),
      ),
    );
    expect(answers.map(([rows]) => `select ${textRows(rows!)[0]![0]}`)).toEqual(adHoc);
  });

  test('a client numbers no more ad-hoc statements than it keeps', () => {
    const numbers = new StatementNumbers();
    const known: string[] = [];
    const use = (n: number): string => {
      const number = numbers.of({ name: `query ${n}`, text: `select ${n}` });
      for (const statement of numbers.takeIntroduced()) known[statement.number] = statement.text;
      return known[number]!;
    };
    numbers.of({ name: 'kept', text: 'select' });
    for (let n = 0; n < 1_000; n++) {
      expect(use(n)).toBe(`select ${n}`);
      expect(use(0)).toBe('select 0');
    }
    expect(numbers.size).toBe(adHocMax + 1);
    expect(known.length).toBeLessThanOrEqual(adHocMax + 2);
  });

  test('the disk is measured', async () => {
    const { driver } = await setup();
    const before = await driver.diskBytes();
    await driver.script(`create table big as select repeat(md5(i::text), 20) from generate_series(1, 10000) i`);
    await driver.script('checkpoint');
    expect((await driver.diskBytes()) - before).toBeGreaterThan(5_000_000);
  });
});

test('a home in memory keeps V1 and V3, and nothing on disk', async () => {
  const driver = await openPgliteMemory();
  await driver.script('create table t (id int4 primary key, v text)');
  const settled = await Promise.allSettled([1, 2, 1].map(id => driver.transaction([insert(id)])));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(await rowIds(driver)).toEqual([1, 2]);
  expect(await driver.diskBytes()).toBe(0);
  expect(driver.info).toEqual({ kind: 'pglite-memory', location: 'memory', durability: 'none' });
  await driver.close();
});
