// T1 to T3 of `src/store/pglite/trash.ts`: emptying big tables, and being killed at it.

import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';
import { textRows } from '../../src/store/text-rows.js';
import { freshFolder, insert, rowIds, setup, startChild } from './setup.js';

const createBig = 'create table big (i int4, v text); create index on big (i)';

function fill(megabytes: number): string {
  return `insert into big select i, repeat('x', 960) from generate_series(1, ${megabytes * 1_000}) i`;
}

async function ask(driver: ThreadedDriver, text: string): Promise<(string | null)[]> {
  const [rows] = await driver.transaction([{ statement: { name: text, text }, parameters: [], results: 'text' }]);
  return textRows(rows!)[0]!;
}

function inTrash(folder: string): string[] {
  const trash = path.join(folder, 'pglite.trash');
  return fs.existsSync(trash) ? fs.readdirSync(trash) : [];
}

test('a big table is emptied without a stall, and its disk is given back', async () => {
  const { folder, driver } = await setup();
  await driver.script(createBig);
  await driver.script(fill(60));
  await driver.script('checkpoint');
  const bytesBefore = await driver.diskBytes();
  let longestMs = 0;
  const timed = async (work: Promise<unknown>): Promise<number> => {
    const startedMs = systemClock.monotonicMs();
    await work;
    return systemClock.monotonicMs() - startedMs;
  };
  const truncated = timed(driver.script('truncate big'));
  for (let id = 1; id <= 50; id++) longestMs = Math.max(longestMs, await timed(driver.transaction([insert(id)])));
  console.log(`truncate of 60 MB: ${(await truncated).toFixed(1)} ms; longest commit ${longestMs.toFixed(1)} ms`);
  await driver.script(fill(1));
  await driver.close();
  expect(inTrash(folder)).toEqual([]);
  const { driver: again } = await setup({ folder });
  expect(await ask(again, 'select count(*), count(distinct i), sum(length(v)) from big where i > 0')).toEqual([
    '1000',
    '1000',
    '960000',
  ]);
  expect((await rowIds(again)).length).toBe(50);
  expect(bytesBefore - (await again.diskBytes())).toBeGreaterThan(50_000_000);
});

test('big files of tables that are dropped, or rolled back, go too', async () => {
  const { folder, driver } = await setup();
  await driver.script(createBig);
  await driver.script(fill(10));
  await driver.script('drop table big');
  await driver.script(createBig);
  await driver.script(fill(1));
  await expect(driver.script(`truncate big; ${fill(10)}; select 1 / 0`)).rejects.toMatchObject({ code: '22012' });
  expect(await ask(driver, 'select count(*) from big')).toEqual(['1000']);
  await driver.close();
  expect(inTrash(folder)).toEqual([]);
});

test('killed in the middle of a swap: the file has two names, and its data stays', async () => {
  const folder = freshFolder();
  const child = startChild(
    `const driver = await openPgliteFolder({ folder: argument });
     await driver.script(${JSON.stringify(createBig)});
     await driver.script(${JSON.stringify(fill(10))});
     const statement = { name: 'path', text: "select pg_relation_filepath('big')" };
     const [[[bytes]]] = await driver.transaction([{ statement, parameters: [], results: 'text' }]);
     say(Buffer.from(bytes).toString());`,
    folder,
  );
  const file = path.join(folder, 'pglite', (await child.line())!);
  await child.kill();
  fs.mkdirSync(path.join(folder, 'pglite.trash'));
  fs.linkSync(file, path.join(folder, 'pglite.trash', 'other-name'));
  fs.writeFileSync(path.join(folder, 'pglite.trash', 'other-name.empty'), '');
  const { driver } = await setup({ folder });
  expect(await ask(driver, 'select count(*), sum(length(v)) from big')).toEqual(['10000', '9600000']);
  await driver.script('truncate big');
  await driver.close();
  expect(inTrash(folder)).toEqual([]);
});

test('kill -9 around TRUNCATE: the table is full or empty, as its transactions say', { timeout: 180_000 }, async () => {
  const folder = freshFolder();
  const { driver } = await setup({ folder });
  await driver.script(`${createBig}; create table mark (is_full bool); insert into mark values (false)`);
  await driver.close();
  const program = `
    const driver = await openPgliteFolder({ folder: argument });
    for (;;) {
      await driver.script(${JSON.stringify(`${fill(10)}; update mark set is_full = true`)});
      say('full');
      await driver.script('truncate big; update mark set is_full = false');
      say('empty');
    }`;
  const found: (string | null)[] = [];
  for (let round = 0; round < 10; round++) {
    const child = startChild(program, folder);
    expect(await child.line()).toBe('full');
    await new Promise<void>(resolve => systemClock.setTimer(round * 4, resolve));
    await child.kill();
    const { driver: again } = await setup({ folder });
    const [rows, isFull] = await ask(again, 'select (select count(*) from big where i > 0), is_full from mark');
    expect(rows).toBe(isFull === 't' ? '10000' : '0');
    found.push(isFull!);
    await again.script('truncate big; update mark set is_full = false');
    await again.close();
    expect(inTrash(folder)).toEqual([]);
  }
  console.log(`full at reopen: ${found.join(' ')}`);
});
