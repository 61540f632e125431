// Housekeeping (`src/store/house.ts`), on rows made by hand where they must be many or old.

import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import { encode } from '../../src/store/binary.js';
import type { SqlDriver, SqlStatement } from '../../src/store/driver.js';
import { Generations, type Retention } from '../../src/store/generations.js';
import { House, type HouseLimits, houseLimits } from '../../src/store/house.js';
import { migrate } from '../../src/store/migrations/index.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import { textRows } from '../../src/store/text-rows.js';

const startMs = 1_800_000_000_000;
const lastsMs = 1_000;

async function houseOn(
  limits: Partial<HouseLimits> = {},
  retention: Partial<Retention> = {},
): Promise<{
  driver: SqlDriver;
  generations: Generations;
  house: House;
}> {
  const driver = await openPgliteMemory();
  onTestFinished(() => driver.close());
  await migrate(driver);
  const generations = await Generations.load(
    driver,
    { historyMs: 6 * lastsMs, auditMs: 6 * lastsMs, ...retention },
    startMs,
  );
  return { driver, generations, house: new House(driver, generations, systemClock, { ...houseLimits, ...limits }) };
}

async function ask(driver: SqlDriver, text: string): Promise<(string | null)[][]> {
  const [rows] = await driver.transaction([{ statement: { name: text, text }, parameters: [], results: 'text' }]);
  return textRows(rows!);
}

/** Roots 1 to `count` in slot 1, which is emptied first: body, segment where `open` holds, outcome where `late` holds. */
async function fill(driver: SqlDriver, count: number, open: string, late: string): Promise<void> {
  const root = `(lpad(to_hex(i), 28, '0') || '0000')::uuid`;
  await driver.script(`
    insert into millrace_body select 1, ${root}, ${root}, '1', '\\x0000000001000000', '\\x31', 'me', 1
      from generate_series(1, ${count}) i;
    insert into millrace_segment (id, root, workflow, name, place, transaction, attempt, kills, state, eligible_at, created_at,
        ordinals, open, gone)
      select ${root}, ${root}, 1, 'w', 0, 0, 0, 0, 0, 0, 0, '1', 1, '0' from generate_series(1, ${count}) i where ${open};
    insert into millrace_outcome select case when ${late} then 0 else 1 end, ${root}, 1, 'w', 0, 1, '1', 1, null
      from generate_series(1, ${count}) i where not (${open});
    insert into millrace_name select 'name ' || i, ${root} from generate_series(1, ${count}) i`);
}

test('what is still needed is carried over page by page, once, and names go with their outcome', async () => {
  const { driver, house } = await houseOn({ pageRows: 7, bodyPageRows: 7 });
  await fill(driver, 100, 'i % 10 = 0', 'i % 10 = 1');
  const report = await house.keep(startMs + lastsMs);
  expect(report).toMatchObject({ rotated: ['history', 'audit'], bodiesCarried: 20 });
  expect(await ask(driver, 'select generation, count(*) from millrace_body group by 1')).toEqual([['0', '20']]);
  expect(await ask(driver, 'select count(*) from millrace_name')).toEqual([['20']]);
  expect(await ask(driver, 'select slot from millrace_generation where is_current')).toEqual([['1'], ['1']]);
});

test('working bodies older than history go when no segment names them, and no others', async () => {
  const { driver, house } = await houseOn({ pageRows: 7 });
  // 20 made long ago, a named one every fifth; 3 made just now.
  const idAt = (ms: number, i: string): string => `(lpad(to_hex(${ms}), 12, '0') || lpad(to_hex(${i}), 20, '0'))::uuid`;
  const [old, fresh] = [idAt(startMs - 10 * lastsMs, 'i'), idAt(startMs, 'i')];
  await driver.script(`
    insert into millrace_body_working select 8, ${old}, ${old}, '1', '\\x0000000001000000', '\\x31' from generate_series(1, 20) i;
    insert into millrace_body_working select 8, ${fresh}, ${fresh}, '1', '\\x0000000001000000', '\\x31'
      from generate_series(1, 3) i;
    insert into millrace_segment (id, root, body, workflow, name, place, transaction, attempt, kills, state, eligible_at,
        created_at, ordinals, open, gone)
      select ${old}, ${old}, ${old}, 1, 'w', 0, 0, 0, 0, 0, 0, 0, '1', 1, '0' from generate_series(1, 20) i where i % 5 = 0`);
  expect((await house.keep(startMs + lastsMs)).rotated).toContain('history');
  const left = `select count(*) filter (where id < ${idAt(startMs, '0')}), count(*) from millrace_body_working`;
  expect(await ask(driver, left)).toEqual([['4', '7']]);
});

test('a round that was interrupted after it carried does not carry twice', async () => {
  const { driver, house } = await houseOn({ pageRows: 7, bodyPageRows: 7 });
  await fill(driver, 30, 'true', 'false');
  await driver.script(
    'insert into millrace_body select 0, id, root, ordinals, offsets, bytes from millrace_body limit 12',
  );
  expect((await house.keep(startMs + lastsMs)).bodiesCarried).toBe(18);
  expect(await ask(driver, 'select count(*), count(distinct id) from millrace_body')).toEqual([['30', '30']]);
});

test('commits go in between the steps of a round', async () => {
  const { driver, house } = await houseOn();
  await fill(driver, 2_000, 'true', 'false');
  let between = 0;
  let isOver = false;
  const commits = (async () => {
    for (; !isOver; between++) await ask(driver, 'select 1');
  })();
  const report = await house.keep(startMs + lastsMs);
  isOver = true;
  await commits;
  console.log(`${between} transactions in between; longest step ${report.longestMs.toFixed(1)} ms`);
  expect(report.bodiesCarried).toBe(2_000);
  expect(between).toBeGreaterThan(20);
});

test('rounds that overlap are one: nothing written into the generation it entered is lost', async () => {
  const { driver, generations, house } = await houseOn();
  await fill(driver, 1_000, 'true', 'false');
  const body: SqlStatement = {
    name: 'body',
    text: `insert into millrace_body select $1::int, id, id, '1', '\\x0000000001000000', '\\x31', 'me', 1
      from (select lpad($2::text, 32, 'f')::uuid) as made (id)`,
  };
  let written = 0;
  let isOver = false;
  const commits = (async () => {
    for (; !isOver; written++)
      await driver.transaction([
        { statement: body, parameters: [encode.int4(generations.current.history), String(written)] },
      ]);
  })();
  const first = house.keep(startMs + lastsMs);
  for (let page = 0; page < 10; page++) await ask(driver, 'select 1');
  const second = house.keep(startMs + lastsMs);
  expect((await first).rotated).toEqual(['history', 'audit']);
  expect(await second).toBe(await first);
  isOver = true;
  await commits;
  expect(generations.current.history).toBe(1);
  expect(await ask(driver, `select count(*) from millrace_body where id::text like 'f%'`)).toEqual([[String(written)]]);
});

test('ids of commits are kept for ten minutes', async () => {
  const { driver, house } = await houseOn({ pageRows: 50 });
  const id = `(lpad(to_hex(i), 32, '0'))::uuid`;
  await driver.script(`insert into millrace_commit select ${id}, ${startMs} + i * 1000 from generate_series(1, 700) i`);
  await house.keep(startMs + 700_000);
  expect(await ask(driver, 'select count(*), min(at) from millrace_commit')).toEqual([
    ['601', String(startMs + 100_000)],
  ]);
});

test('the table of segments stays small under a steady load', async () => {
  const { driver, house } = await houseOn({ vacuumAfterRows: 500 });
  const pages = async (): Promise<number> =>
    Number((await ask(driver, `select pg_relation_size('millrace_segment') / 8192`))[0]![0]);
  const sizes: number[] = [];
  for (let round = 1; round <= 12; round++) {
    await fill(driver, 500, 'true', 'false');
    await driver.script('update millrace_segment set open = 1');
    await driver.script('delete from millrace_segment; delete from millrace_name; delete from millrace_body');
    expect((await house.keep(startMs)).vacuumed).toBe(true);
    sizes.push(await pages());
  }
  expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[1]! * 1.2);
});

test('the catalogue is vacuumed after generations were emptied, at most once a minute', async () => {
  const { driver, house } = await houseOn();
  const size = async (): Promise<number> => Number((await ask(driver, `select pg_relation_size('pg_class')`))[0]![0]);
  const sizes: number[] = [];
  for (let round = 1; round <= 60; round++) {
    await house.keep(startMs + round * 60_000);
    if (round % 20 === 0) sizes.push(await size());
  }
  expect(sizes[2]).toBe(sizes[1]);
});

test('tables whose transaction numbers are old are frozen, one a round, the generations only in need', async () => {
  const { driver, house } = await houseOn({ freezeAfterXids: 1_000, freezeLateAfterXids: 100_000, minorEveryMs: 0 });
  const aged = `select count(*) from pg_class where relkind = 'r' and age(relfrozenxid) > 1000 and relname !~ '_[0-7]$'`;
  // Every block with an exception handler that writes takes a transaction number.
  await driver.script(`do $$ begin for i in 1..1500 loop
    begin insert into millrace_name values (i, gen_random_uuid()); exception when others then null; end;
  end loop; end $$`);
  const before = Number((await ask(driver, aged))[0]![0]);
  expect(before).toBeGreaterThan(5);
  await house.keep(startMs);
  expect(Number((await ask(driver, aged))[0]![0])).toBe(before - 1);
  for (let round = 1; round <= before; round++) await house.keep(startMs);
  expect(Number((await ask(driver, aged))[0]![0])).toBe(0);
  const generation = `select min(age(relfrozenxid)) from pg_class where relname = 'millrace_body_3'`;
  expect(Number((await ask(driver, generation))[0]![0])).toBeGreaterThan(1_000);
});

test('with times of maintenance nothing goes before the next one, and then all that has expired goes', async () => {
  // Each 40 s; generations last a second, so that several expire in between.
  const nextMs = (ms: number): number => startMs + Math.ceil((ms - startMs) / 40_000) * 40_000;
  const { driver, generations, house } = await houseOn({}, { maintainedFromMs: nextMs });
  const outcomes = () => ask(driver, 'select generation, count(*) from millrace_outcome group by 1');
  const insert = (n: number) =>
    driver.script(`insert into millrace_outcome values (${generations.current.history},
      '00000000-0000-0000-0000-00000000000${n}', 1, 'w', 0, 1, '1', 1, null)`);
  await insert(1);
  for (const ms of [lastsMs, 7 * lastsMs, 39_999]) expect((await house.keep(startMs + ms)).rotated).toEqual([]);
  // Its generation is closed: what came just now is in it.
  expect((await house.keep(startMs + 40_000)).rotated).toEqual(['history', 'audit']);
  expect(await outcomes()).toEqual([['0', '1']]);
  await insert(2);
  expect((await house.keep(startMs + 79_999)).rotated).toEqual([]);
  // Also when nobody kept house at its time.
  expect((await house.keep(startMs + 81_000)).rotated).toEqual(['history', 'audit']);
  expect(await outcomes()).toEqual([['1', '1']]);
  expect((await house.keep(startMs + 120_000)).rotated).toEqual(['history', 'audit']);
  expect(await outcomes()).toEqual([]);
});
