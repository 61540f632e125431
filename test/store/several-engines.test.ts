// Several engines on one store: rings that move on under an engine, one housekeeper at a time, commits to the same segments.

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import type { Commit, Segment, Store } from '../../src/store/contract.js';
import type { SqlDriver } from '../../src/store/driver.js';
import { Generations } from '../../src/store/generations.js';
import { House, houseLimits } from '../../src/store/house.js';
import { HouseLease } from '../../src/store/house-lease.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import { openPostgres, type PostgresDriver } from '../../src/store/postgres/driver.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { textRows } from '../../src/store/text-rows.js';
import { auditEvents } from '../../src/workflow/events.js';
import { markOf, nothing, outcomeOf, rootOf, segmentOf } from './conformance.js';
import { TestPostgres } from './postgres-server.js';

const startMs = 1_800_000_000_000;
const lastsMs = 1_000;
const retention = { historyMs: 6 * lastsMs, auditMs: 6 * lastsMs };

let server: TestPostgres;
beforeAll(async () => {
  server = await TestPostgres.start();
});
afterAll(() => server.remove(), 60_000);

async function ask(driver: SqlDriver, text: string): Promise<(string | null)[][]> {
  const [rows] = await driver.transaction([{ statement: { name: text, text }, parameters: [], results: 'text' }]);
  return textRows(rows!);
}

function openOn(driver: SqlDriver): Promise<SqlStore> {
  const info = { kind: 'postgresql', location: 'test', durability: 'strict' } as const;
  return SqlStore.open(driver, info, retention, auditEvents, startMs);
}

/** Drivers of two engines on one empty store. */
const homes: Record<string, () => Promise<[SqlDriver, SqlDriver]>> = {
  async PGlite() {
    const driver = await openPgliteMemory();
    onTestFinished(() => driver.close());
    return [driver, driver];
  },
  async PostgreSQL() {
    const url = await server.newDatabase();
    const drivers = await Promise.all([openPostgres(url), openPostgres(url)]);
    onTestFinished(() => Promise.all(drivers.map(driver => driver.close())).then(() => {}));
    return drivers as [PostgresDriver, PostgresDriver];
  },
};

function submission(): Commit {
  const root = rootOf(1);
  const audit = [{ root: root.id, atMs: 1, trace: '[]', events: 0 }];
  return { ...nothing(), roots: [root], segments: [segmentOf(root, [0])], audit };
}

for (const [home, open] of Object.entries(homes)) {
  describe(home, () => {
    test('two that find a rotation due at once rotate once, and what is written meanwhile stays', async () => {
      const [ours, theirs] = await open();
      const stores = [await openOn(ours), await openOn(theirs)];
      let commits = 0;
      for (let round = 1; round <= 20; round++) {
        const kept = Promise.all(stores.map(store => store.keepHouse(startMs + round * lastsMs)));
        await Promise.all(stores.map(store => store.commit(submission())));
        commits += 2;
        const rotated = (await kept).flatMap(({ rotated }) => rotated);
        expect(rotated.sort()).toEqual(['audit', 'history']);
        expect(await ask(ours, 'select ring, slot from millrace_generation where is_current order by 1')).toEqual([
          ['audit', String(round % 8)],
          ['history', String(round % 8)],
        ]);
        // The bodies of open instances are carried over for ever; the audit is kept for six generations at least.
        expect(await ask(ours, 'select count(distinct id) from millrace_body')).toEqual([[String(commits)]]);
        const [[audited]] = (await ask(ours, 'select count(*) from millrace_audit')) as [[string]];
        expect(Number(audited)).toBeGreaterThanOrEqual(Math.min(commits, 12));
      }
    });

    test('an engine that was left behind writes into the slot that is current, and empties none', async () => {
      const [ours, theirs] = await open();
      const [store, behind] = [await openOn(ours), await openOn(theirs)];
      const stale = await Generations.load(theirs, retention, startMs);
      for (let round = 1; round <= 7; round++) await store.keepHouse(startMs + round * lastsMs);
      const late = submission();
      await behind.commit(late);
      const slots = `select (select array_agg(generation) from millrace_body), (select array_agg(generation) from millrace_audit)`;
      expect(await ask(ours, slots)).toEqual([['{7}', '{7}']]);
      // It believes that slot 1 is due. The slot behind it in truth is 0.
      expect(stale.due('audit', startMs + 7 * lastsMs)).toBe(1);
      expect(await stale.empty('millrace_audit', 'audit')).toBe('moved-on');
      expect(await stale.enterNext('audit', startMs)).toBe('moved-on');
      expect((await behind.keepHouse(startMs + 7 * lastsMs)).rotated).toEqual([]);
      for (let round = 8; round <= 13; round++) await store.keepHouse(startMs + round * lastsMs);
      expect(await ask(ours, slots)).toEqual([['{5}', '{7}']].map(([, audit]) => [expect.anything(), audit]));
    });

    test('a retention that one is told holds for the others from the next rotation', async () => {
      const [ours, theirs] = await open();
      const store = await openOn(ours);
      await Generations.load(theirs, { historyMs: 60 * lastsMs, auditMs: 60 * lastsMs }, startMs);
      expect((await store.keepHouse(startMs + lastsMs)).rotated).toEqual([]);
      expect((await store.keepHouse(startMs + 10 * lastsMs)).rotated).toEqual(['history', 'audit']);
    });

    test('one keeps house at a time; one that has died is waited for, for a lease', async () => {
      const [ours, theirs] = await open();
      await openOn(ours);
      const [first, second] = [new HouseLease(ours, systemClock), new HouseLease(theirs, systemClock)];
      expect([await first.take(), await second.take(), await first.take()]).toEqual([true, false, true]);
      const generations = await Generations.load(theirs, retention, startMs);
      const house = new House(theirs, generations, systemClock, houseLimits);
      expect((await house.keep(startMs + lastsMs)).rotated).toEqual([]);
      await ours.script('update millrace_housekeeper set until = until - 60000');
      expect((await house.keep(startMs + lastsMs)).rotated).toEqual(['history', 'audit']);
      expect(await first.take()).toBe(true);
      await first.giveUp();
      // A lease from before the clock was set back.
      await ours.script('update millrace_housekeeper set holder = gen_random_uuid(), until = until + 4000000000000');
      expect(await second.take()).toBe(true);
    });
  });
}

test('a long query of somebody else puts the rotation off for a minute, and holds up nobody', async () => {
  const url = await server.newDatabase();
  const driver = await openPostgres(url);
  const store = await openOn(driver);
  const reader = new pg.Client({ connectionString: url });
  await reader.connect();
  onTestFinished(() => Promise.all([store.close(), reader.end()]).then(() => {}));
  await reader.query('begin; select count(*) from millrace_outcome');
  const startedMs = performance.now();
  const refused = expect(store.keepHouse(startMs + lastsMs)).rejects.toMatchObject({ code: '55P03' });
  await store.commit(submission());
  await ask(driver, 'select count(*) from millrace_outcome');
  await refused;
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  expect((await store.keepHouse(startMs + lastsMs + 59_999)).rotated).toEqual([]);
  await reader.query('commit');
  expect((await store.keepHouse(startMs + lastsMs + 60_000)).rotated).toEqual(['history', 'audit']);
});

test('three engines that commit to the same 16 segments wait for each other, and never in a circle', async () => {
  const url = await server.newDatabase();
  const drivers = await Promise.all([openPostgres(url), openPostgres(url), openPostgres(url)]);
  const stores = await Promise.all(drivers.map(openOn));
  onTestFinished(() => Promise.all(stores.map(store => store.close())).then(() => {}));
  const perEngine = 50;
  const members = stores.length * perEngine + 20;
  const shared: Segment[] = [];
  const closing: Segment[] = [];
  for (let at = 0; at < 16; at++) {
    const root = rootOf(members + 10);
    shared.push(
      segmentOf(
        root,
        Array.from({ length: members }, (_, n) => n),
      ),
    );
    closing.push(...Array.from({ length: 10 }, (_, n) => segmentOf(root, [members + n])));
    await stores[0]!.commit({ ...nothing(), roots: [root], segments: [shared[at]!, ...closing.slice(-10)] });
  }
  const shuffled = <T>(values: readonly T[]): T[] =>
    values
      .map(value => ({ value, at: Math.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value);
  /** All engines try to close the same ones: one wins, the others are stale and try without. */
  const leave = async (store: Store, positions: readonly number[], rivals: readonly Segment[]): Promise<number> => {
    const marks = shuffled([...shared.map(each => markOf(each, positions)), ...rivals.map(each => markOf(each, [0]))]);
    const outcomes = shared.map(each => outcomeOf(each, positions));
    const audit = [{ root: shared[0]!.root, atMs: 1, trace: '[]', events: 0 }];
    const { kind } = await store.commit({ ...nothing(), marks, outcomes, audit });
    if (kind === 'committed') return 0;
    expect(kind).toBe('stale');
    return 1 + (await leave(store, positions, []));
  };
  const refused = await Promise.all(
    stores.map(async (store, engine) => {
      let count = 0;
      for (let turn = 0; turn < perEngine; turn += 2) {
        const next = (n: number): number[] => [engine * perEngine + turn + n];
        const rivals = shuffled(closing.slice(turn * 3, turn * 3 + 6));
        const both = [leave(store, next(0), rivals.slice(0, 3)), leave(store, next(1), rivals.slice(3))];
        count += (await Promise.all(both)).reduce((sum, each) => sum + each, 0);
      }
      return count;
    }),
  );
  console.log(`${refused.join(', ')} of ${perEngine} commits decided again`);
  expect(await ask(drivers[0]!, 'select distinct open from millrace_segment where open > 1')).toEqual([
    [String(members - stores.length * perEngine)],
  ]);
  expect(await ask(drivers[0]!, 'select sum(members) from millrace_outcome')).toEqual([
    [String(16 * stores.length * perEngine)],
  ]);
  // Those that were refused have left none.
  expect(await ask(drivers[0]!, 'select count(*) from millrace_audit')).toEqual([[String(stores.length * perEngine)]]);
  const deadlocks = 'select deadlocks from pg_stat_database where datname = current_database()';
  expect(await server.administer(deadlocks, new URL(url).pathname.slice(1))).toEqual([{ deadlocks: '0' }]);
});
