// The home in PostgreSQL: the suites of the Store contract and of the drivers on each version there is, and what is its own.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import { builtFile } from '../../src/observe/thread-entry.js';
import { adHocMax } from '../../src/store/ad-hoc.js';
import { openPostgres, type PostgresDriver, type PostgresOptions } from '../../src/store/postgres/driver.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { textRows } from '../../src/store/text-rows.js';
import { auditEvents } from '../../src/workflow/events.js';
import { markOf, nothing, outcomeOf, rootOf, segmentOf, storeConformance } from './conformance.js';
import { driverConformance } from './driver-conformance.js';
import { hasPostgres15, TestPostgres } from './postgres-server.js';
import { insert, rowIds } from './setup.js';

const weekMs = 7 * 86_400_000;

function storeOn(driver: PostgresDriver): Promise<SqlStore> {
  const retention = { historyMs: weekMs, auditMs: weekMs };
  return SqlStore.open(driver, driver.info, retention, auditEvents, systemClock.nowMs());
}

for (const version of [18, 15] as const) {
  describe.skipIf(version === 15 && !hasPostgres15)(`PostgreSQL ${version}`, () => {
    let server: TestPostgres;
    beforeAll(async () => {
      server = await TestPostgres.start(version);
      expect(server.version).toContain(`PostgreSQL ${version}.`);
    }, 60_000);
    afterAll(() => server.remove(), 60_000);

    storeConformance(`PostgreSQL ${version}`, async () => storeOn(await openPostgres(server.url())));

    driverConformance(`PostgreSQL ${version}`, async () => {
      const driver = await openPostgres(await server.newDatabase());
      onTestFinished(() => driver.close());
      await driver.script('create table t (id int4 primary key, v text)');
      return driver;
    });
  });
}

test('workflow versions become visible in the order of their numbers: who asks for those since the last one misses none', async () => {
  const server = await TestPostgres.start();
  onTestFinished(() => server.remove());
  const url = await server.newDatabase();
  const [first, second, gate] = await Promise.all([openPostgres(url), openPostgres(url), openPostgres(url)]);
  const drivers = [first, second, gate];
  onTestFinished(async () => void (await Promise.all(drivers.map(driver => driver.close()))));
  const [slow, quick] = [await storeOn(first), await storeOn(second)];
  await gate.script(`
    create table gate (n int); insert into gate values (1);
    create function wait_at_gate() returns trigger language plpgsql as $$ begin
      if new.definition = 'slow' then perform n from gate for update; end if;
      return new;
    end $$;
    create trigger wait_at_gate after insert on millrace_workflow for each row execute function wait_at_gate()`);
  const one = (text: string) => ({ statement: { name: text, text }, parameters: [], results: 'text' }) as const;
  const waiting = async () => {
    const [rows] = await gate.transaction([one('select count(*) from pg_locks where not granted')], { readOnly: true });
    return Number(textRows(rows!)[0]![0]);
  };
  // Somebody holds the gate; the slow one has its number, and stands there before its end.
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('begin; select n from gate for update');
  const puts = [slow.putWorkflow('/slow', 'slow', '/', 1)];
  await expect.poll(waiting, { timeout: 30_000 }).toBe(1);
  let isPut = false;
  puts.push(quick.putWorkflow('/quick', 'quick', '/', 1));
  void puts[1]!.then(() => {
    isPut = true;
  });
  await expect.poll(async () => isPut || (await waiting()) === 2, { timeout: 30_000 }).toBe(true);
  const seen = (await quick.workflows()).map(({ number }) => number);
  await holder.query('commit');
  const numbers = (await Promise.all(puts)).map(({ number }) => number);
  const since = (await quick.workflows(Math.max(0, ...seen))).map(({ number }) => number);
  expect([...seen, ...since].sort()).toEqual(numbers.sort());
}, 60_000);

describe('the driver', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await TestPostgres.start();
  });
  afterAll(() => server.remove(), 60_000);

  const open = async (options: PostgresOptions = {}): Promise<PostgresDriver> => {
    const driver = await openPostgres(await server.newDatabase(), options);
    onTestFinished(() => driver.close());
    await driver.script('create table t (id int4 primary key, v text)');
    return driver;
  };
  const ask = async (driver: PostgresDriver, text: string, readOnly = true): Promise<(string | null)[][]> => {
    const [rows] = await driver.transaction([{ statement: { name: text, text }, parameters: [], results: 'text' }], {
      readOnly,
    });
    return textRows(rows!);
  };

  test('a slow read holds up no commit, and a slow commit no read', async () => {
    const driver = await open();
    const done: string[] = [];
    const note = (name: string) => () => void done.push(name);
    await driver.script('create function slow() returns int language sql as $$ select 1 from pg_sleep(1) $$');
    await Promise.all([
      ask(driver, 'select slow()').then(note('slow read')),
      driver.transaction([insert(1)]).then(note('commit')),
    ]);
    await Promise.all([
      ask(driver, 'select slow(), 1', false).then(note('slow commit')),
      ask(driver, 'select 1').then(note('read')),
    ]);
    expect(done).toEqual(['commit', 'slow read', 'read', 'slow commit']);
  });

  test('a read sees every commit that was acknowledged before', async () => {
    const driver = await open();
    for (let id = 0; id < 200; id++) {
      await driver.transaction([insert(id)]);
      expect(await ask(driver, 'select max(id) from t')).toEqual([[String(id)]]);
    }
  });

  test('segments that are asked for while commits change them are what those have left', async () => {
    const driver = await open();
    const store = await storeOn(driver);
    const root = rootOf(200);
    const segment = segmentOf(root, [...root.ordinals]);
    await store.commit({ ...nothing(), roots: [root], segments: [segment] });
    for (let at = 0; at < 100; at++) {
      const [, [fresh]] = await Promise.all([
        store.commit({ ...nothing(), marks: [markOf(segment, [at])], outcomes: [outcomeOf(segment, [at])] }),
        store.segments([segment.id]),
      ]);
      expect(fresh!.open).toBe(199 - at);
    }
  });

  test('V6: what touches the same is done in order, however many connections there are', async () => {
    const driver = await open({ connections: 8 });
    await driver.script('create table log (at int generated always as identity, thing text, n int)');
    const statement = {
      name: 'log',
      text: `insert into log (thing, n) select $1::text, $2::int from pg_sleep(random() * 0.005)`,
    };
    await Promise.all(
      Array.from({ length: 120 }, (_, n) => {
        const things = n % 10 === 0 ? ['a', 'b', 'c'] : [['a', 'b', 'c'][n % 3]!];
        const calls = things.map(thing => ({ statement, parameters: [thing, String(n)] }));
        return driver.transaction(calls, { touches: things });
      }),
    );
    const wrong = `select count(*) from log a join log b on a.thing = b.thing and a.at < b.at and a.n > b.n`;
    expect(await ask(driver, wrong)).toEqual([['0']]);
    expect(await ask(driver, 'select count(*) from log')).toEqual([[String(120 + 2 * 12)]]);
  });

  test('a query can change nothing, and what it sets is gone after it', async () => {
    const driver = await open();
    const store = await storeOn(driver);
    await driver.script('create sequence counter');
    await expect(store.query(`select nextval('counter')`, [])).rejects.toMatchObject({ code: '25006' });
    const everything = 'select name, setting from pg_settings order by name';
    const before = await store.query(everything, []);
    await store.query(
      `select set_config('search_path', 'pg_catalog', false), set_config('enable_seqscan', 'on', false)`,
      [],
    );
    expect(await store.query(everything, [])).toEqual(before);
    expect(Object.fromEntries(before as [string, string][])).toMatchObject({
      enable_seqscan: 'off',
      plan_cache_mode: 'force_generic_plan',
      search_path: 'public',
      TimeZone: 'UTC',
    });
  });

  test('ad-hoc statements beyond the last used are forgotten', async () => {
    const driver = await open({ connections: 1 });
    const store = await storeOn(driver);
    for (let n = 0; n < adHocMax + 20; n++) expect(await store.query(`select ${n}`, [])).toEqual([[String(n)]]);
    expect(await store.query('select 0', [])).toEqual([['0']]);
    // The oldest is closed behind this one, which still sees it.
    const held = `select count(*) - 1 from pg_prepared_statements where name like 'query %'`;
    expect(await store.query(held, [])).toEqual([[String(adHocMax)]]);
  });

  test('a schema of its own is made and used', async () => {
    const url = await server.newDatabase();
    const driver = await openPostgres(url, { schema: 'mill' });
    const store = await storeOn(driver);
    onTestFinished(() => store.close());
    expect(await store.query(`select count(*) > 10 from pg_tables where schemaname = 'mill'`, [])).toEqual([['t']]);
    expect(await store.query(`select count(*) from pg_tables where schemaname = 'public'`, [])).toEqual([['0']]);
    expect(await store.diskBytes()).toBeGreaterThan(1_000_000);
    expect(store.info).toMatchObject({ kind: 'postgresql', durability: 'strict' });
  });

  test('engines that start together make the schema once', async () => {
    const url = await server.newDatabase();
    const stores = await Promise.all(
      Array.from({ length: 4 }, async () => storeOn(await openPostgres(url, { connections: 2 }))),
    );
    const [applied] = await stores[0]!.query('select count(*), count(distinct name) from millrace_migration', []);
    expect(applied![0]).toBe(applied![1]);
    expect(await stores[3]!.query('select ring, slot from millrace_generation order by 1', [])).toEqual([
      ['audit', '0'],
      ['history', '0'],
    ]);
    await Promise.all(stores.map(store => store.close()));
  });

  test('an open store that awaits nothing does not keep its process alive', async () => {
    const program = `
      import { openPostgres } from '${builtFile('src/store/postgres/driver.js')}';
      const driver = await openPostgres(process.argv[1]);
      await driver.script('create table t (id int)');
      const asked = driver.transaction([{ statement: { name: 'n', text: 'select 7 from pg_sleep(0.2)' }, parameters: [], results: 'text' }]);
      void asked.then(([[[seven]]]) => process.stdout.write(Buffer.from(seven)));`;
    const args = ['--input-type=module', '-e', program, await server.newDatabase()];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(stdout).toBe('7');
  });

  test('what was asked before close is carried out, what comes after is refused', async () => {
    const url = await server.newDatabase();
    const driver = await openPostgres(url);
    await driver.script('create table t (id int4 primary key, v text)');
    const asked = Array.from({ length: 50 }, (_, id) => driver.transaction([insert(id)]));
    const closed = driver.close();
    await expect(driver.transaction([insert(99)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await Promise.all([...asked, closed]);
    await expect(driver.script('select 1')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    const again = await openPostgres(url);
    onTestFinished(() => again.close());
    expect((await rowIds(again)).length).toBe(50);
  });
});
