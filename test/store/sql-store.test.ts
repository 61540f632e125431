// SqlStore on PGlite: the contract's suite on each home, and what is its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import { openPgliteFolder, type ThreadedDriver } from '../../src/store/pglite/threaded.js';
import './postgres-module.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { auditEvents } from '../../src/workflow/events.js';
import { markOf, nothing, outcomeOf, rootOf, segmentOf, storeConformance } from './conformance.js';
import { StoreModel } from './store-model.js';

const weekMs = 7 * 86_400_000;

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-sql-store-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function storeOn(driver: ThreadedDriver, retentionMs = weekMs, nowMs = systemClock.nowMs()): Promise<SqlStore> {
  return SqlStore.open(driver, driver.info, { historyMs: retentionMs, auditMs: retentionMs }, auditEvents, nowMs);
}

storeConformance('memory', async () => storeOn(await openPgliteMemory()));
storeConformance('disk', async () => storeOn(await openPgliteFolder({ folder: temporaryFolder() })));

test('two engines on one store: the first commit wins, the refused one leaves no trace', async () => {
  const driver = await openPgliteMemory();
  onTestFinished(() => driver.close());
  const [ours, theirs] = [await storeOn(driver), await storeOn(driver)];
  const root = rootOf(10);
  const segment = segmentOf(root, [...root.ordinals]);
  await ours.commit({ ...nothing(), roots: [root], segments: [segment] });
  const trace = (engine: string) => ({
    root: root.id,
    atMs: 1,
    trace: JSON.stringify([{ s: engine, b: 1, a: 0, k: 0, n: 1, f: 0, e: [[28, -1, -1, 0]] }]),
    events: 1,
  });
  const finish = (engine: string) => ({
    ...nothing(),
    marks: [markOf(segment, [0, 1])],
    outcomes: [outcomeOf(segment, [0, 1])],
    audit: [trace(engine)],
  });
  expect(await theirs.commit(finish('theirs'))).toEqual({ kind: 'committed' });
  expect(await ours.commit(finish('ours'))).toEqual({ kind: 'stale' });
  expect(await ours.query('select distinct engine from millrace_audit_event', [])).toEqual([['theirs']]);
  expect(await ours.segments([segment.id])).toEqual(await theirs.segments([segment.id]));
});

test('a store on disk is the same after it was closed and opened again', async () => {
  const folder = temporaryFolder();
  const first = await storeOn(await openPgliteFolder({ folder }));
  const model = new StoreModel();
  const root = rootOf(20);
  const segments = [
    segmentOf(root, [0, 1, 2, 3, 4, 5]),
    segmentOf(root, [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
  ];
  const commits = [
    {
      ...nothing(),
      roots: [root],
      segments,
      names: [{ name: 'kept', instance: root.id }],
      audit: [{ root: root.id, atMs: 1, trace: '[]', events: 0 }],
    },
    { ...nothing(), marks: [markOf(segments[0]!, [0, 5])], outcomes: [outcomeOf(segments[0]!, [0, 5], 'removed')] },
    {
      ...nothing(),
      marks: [markOf(segments[1]!, [...segments[1]!.ordinals.keys()])],
      outcomes: [outcomeOf(segments[1]!, [...segments[1]!.ordinals.keys()])],
    },
  ];
  for (const commit of commits) {
    expect(await first.commit(commit)).toEqual({ kind: 'committed' });
    model.apply(commit);
  }
  await first.close();
  const second = await storeOn(await openPgliteFolder({ folder }));
  onTestFinished(() => second.close());
  expect(await model.stateOf(second)).toEqual(model.state());
  // S4 outlives the process too.
  expect(await second.commit(commits[1]!)).toEqual({ kind: 'committed', isRepeat: true });
  expect(await model.stateOf(second)).toEqual(model.state());
});

test('a store from before failures were kept, and instances could have several contexts, is brought up to date, with what it holds', async () => {
  const driver = await openPgliteMemory();
  onTestFinished(() => driver.close());
  const before = await storeOn(driver);
  await before.putWorkflow('/conformance/flow', '{}', '/', 1);
  const root = rootOf(4);
  const failed = segmentOf(root, [0, 1], { state: 'failed' });
  await before.commit({ ...nothing(), roots: [root], segments: [failed] });
  await driver.script(`
    drop view millrace_instances, millrace_contexts;
    drop table millrace_shared;
    drop function millrace_is_open, millrace_context_state;
    alter table millrace_segment
      drop column failures, drop column context, drop column scope, drop column has_run,
      drop constraint millrace_segment_state_check,
      add constraint millrace_segment_state_check check (state between 0 and 2);
    delete from millrace_migration where name in ('0004-failures', '0009-contexts');
  `);

  const now = await storeOn(driver);
  expect(await now.segments([failed.id])).toEqual([failed]);
  const errors = ['m', 'n'].map(message => ({ code: 'X', message, action: 'a', attempt: 1, stack: '' }));
  const later = segmentOf(root, [2, 3], { state: 'failed', failures: { errors, of: [1, 0] } });
  await now.commit({ ...nothing(), segments: [later] });
  expect(await now.segments([later.id])).toEqual([later]);
  expect(
    await now.query(`select ordinal, state, error->>'message' from millrace_instances order by ordinal`, []),
  ).toEqual([
    ['0', 'failed', null],
    ['1', 'failed', null],
    ['2', 'failed', 'n'],
    ['3', 'failed', 'm'],
  ]);
});

test('the catalogue of events is in the store, by the names of the original', async () => {
  const store = await storeOn(await openPgliteMemory());
  onTestFinished(() => store.close());
  const rows = await store.query(
    'select code, name, console_name, short_name, family from millrace_event order by code',
    [],
  );
  expect(rows).toEqual(
    auditEvents.map(({ code, name, consoleName, shortName, family }) => [
      String(code),
      name,
      consoleName,
      shortName,
      family,
    ]),
  );
});

test('what a query sets does not outlive it: the next commit is as durable as any', async () => {
  const driver = await openPgliteFolder({ folder: temporaryFolder() });
  const store = await storeOn(driver);
  onTestFinished(() => store.close());
  const everything = 'select name, setting, current_user from pg_settings order by name';
  const before = await store.query(everything, []);
  const changed = await store.query(
    `select set_config('synchronous_commit', 'off', false), set_config('search_path', 'pg_catalog', false),
      set_config('enable_seqscan', 'on', false), set_config('plan_cache_mode', 'auto', false),
      set_config('default_transaction_read_only', 'on', false), set_config('role', 'pg_monitor', false)`,
    [],
  );
  expect(changed).toEqual([['off', 'pg_catalog', 'on', 'auto', 'on', 'pg_monitor']]);
  expect(await store.query('select current_setting($1::text)', ['synchronous_commit'])).toEqual([['on']]);
  expect(await store.query(everything, [])).toEqual(before);
  const { syncs } = await driver.figures();
  const root = rootOf(1);
  expect(await store.commit({ ...nothing(), roots: [root], segments: [segmentOf(root, [0])] })).toEqual({
    kind: 'committed',
  });
  expect((await driver.figures()).syncs).toBe(syncs + 1);
});

test('a version that another connection took first is tried once more', async () => {
  const driver = await openPgliteMemory();
  const store = await storeOn(driver);
  onTestFinished(() => store.close());
  // PGlite has one session, so the other connection is played by a trigger. What a sequence counts is not undone.
  await driver.script(`create sequence attempt;
    create function lose() returns trigger language plpgsql as $$ begin
      if nextval('attempt') <> new.definition::bigint then raise unique_violation; end if;
      return new;
    end $$;
    create trigger lose before insert on millrace_workflow for each row execute function lose()`);
  const put = (definition: string) => store.putWorkflow('/contended', definition, '/here', 1);
  // Beaten in its first attempt, stored by its second.
  expect(await put('2')).toMatchObject({ version: 1, definition: '2' });
  // Always beaten: told after two attempts.
  await expect(put('5')).rejects.toMatchObject({ code: '23505', statement: 'put_workflow' });
  expect(await store.query('select last_value from attempt', [])).toEqual([['4']]);
});

test('a generation is emptied when its turn comes again, not before, and stalls are told', async () => {
  const nowMs = systemClock.nowMs();
  const store = await storeOn(await openPgliteMemory(), 6_000, nowMs);
  onTestFinished(() => store.close());
  const root = rootOf(1);
  const segment = segmentOf(root, [0]);
  await store.commit({
    ...nothing(),
    roots: [root],
    segments: [segment],
    audit: [{ root: root.id, atMs: 1, trace: '[]', events: 0 }],
  });
  await store.commit({ ...nothing(), marks: [markOf(segment, [0])], outcomes: [outcomeOf(segment, [0])] });
  expect((await store.keepHouse(nowMs + 999)).rotated).toEqual([]);
  for (let round = 1; round <= 7; round++) {
    const report = await store.keepHouse(nowMs + round * 1_000);
    expect(report.rotated).toEqual(['history', 'audit']);
    expect(report.longestMs).toBeGreaterThan(0);
    expect(await store.locate(root.id)).toMatchObject({ kind: 'left' });
  }
  await store.keepHouse(nowMs + 8_000);
  expect(await store.locate(root.id)).toBeNull();
  expect(
    await store.query('select (select count(*) from millrace_audit), (select count(*) from millrace_body)', []),
  ).toEqual([['0', '0']]);
});
