// The sql action: statements that are executed in the commit, once, and vanish with it.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { SqlDriver } from '../../src/store/driver.js';
import { openSharedFolder } from '../../src/store/pglite/shared/folder.js';
import { openPostgres } from '../../src/store/postgres/driver.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { everyHome, here, homeOptions, newBranch, ownWorld, temporaryFolder } from './setup.js';

const insert = {
  sql: 'insert into effects (instance, amount, tags) values ($1, $2, $3)',
  parameters: ['${id}', '${amount}', '${tags}'],
};
const call = (name: string, more: object = {}): Action => ({ name, type: 'call', function: 'mark', ...more });
const sql = (name: string, more: object = {}): Action => ({
  name,
  type: 'sql',
  statements: [insert],
  retry: { retries: 0 },
  ...more,
});

describe.each(everyHome)('sql actions, %s', home => {
  let engine: Engine;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const folder = temporaryFolder();
    const options = await homeOptions(home, folder);
    let driver: Pick<SqlDriver, 'script'> | null = null;
    engine = await createEngine(
      { ...options, threads: 1, sql: true, loggers: nullLoggers },
      {
        onDriver: made => {
          driver = made;
        },
      },
    );
    closing.push(() => engine.dispose(0));
    if (options.postgres) {
      const own = await openPostgres(options.postgres);
      closing.push(() => own.close());
      driver = own;
    }
    if (home === 'shared') {
      const own = await openSharedFolder({ folder });
      closing.push(() => own.close());
      driver = own;
    }
    await driver!.script(
      'create table effects (instance text, amount int check (amount < 100), tags jsonb, unique (instance, amount))',
    );
    await engine.start();
  }, 60_000);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  }, 60_000);

  const deploy = async (actions: Action[], flows: Flow[] = []): Promise<string> => {
    const name = `${newBranch()}sql`;
    await engine.deploy({ name, module: './flow-actions.mjs', actions, flows }, here);
    return name;
  };
  const effects = async (prefix: string) =>
    engine.query('select instance, amount::text, tags::text from effects where instance like $1 order by 1, 2', [
      `${prefix}%`,
    ]);

  test('are executed in the commit with typed parameters, and their RESULT is that before', async () => {
    const workflow = await deploy([call('a'), sql('write')], [{ from: 'a', to: 'write' }]);
    const [first, second] = await engine.submit([
      { workflow, input: { id: 'typed-1', amount: 7, tags: ['x', { y: null }] } },
      { workflow, input: { id: "typed-2'); drop table effects; --", amount: -1, tags: null } },
    ]);
    expect((await engine.result(first!)).result).toEqual({ way: ['a'] });
    expect((await engine.result(second!)).state).toBe('finished');
    expect(await effects('typed')).toEqual([
      ['typed-1', '7', '["x", {"y": null}]'],
      ["typed-2'); drop table effects; --", '-1', null],
    ]);
  });

  test('one that the database refuses fails its own instance, and nobody else', async () => {
    const workflow = await deploy([sql('write')]);
    const amounts = Array.from({ length: 40 }, (_, at) => (at === 17 || at === 31 ? 1_000 : at));
    const ids = await engine.submit(
      amounts.map((amount, at) => ({
        workflow,
        input: { id: `many-${String(at).padStart(2, '0')}`, amount, tags: [] },
      })),
    );
    const results = await Promise.all(ids.map(id => engine.result(id)));
    expect(results.flatMap(({ state }, at) => (state === 'failed' ? [at] : []))).toEqual([17, 31]);
    expect(results[17]!.error).toMatchObject({ code: 'SqlFailed', action: 'write' });
    expect(results[17]!.error!.message).toContain('effects_amount_check');
    const expected = amounts.flatMap((amount, at) => (amount < 100 ? [`many-${String(at).padStart(2, '0')}`] : []));
    expect((await effects('many')).map(([instance]) => instance)).toEqual(expected);
  });

  test('what is not a table, or not SQL, fails too; and is tried again as the action says', async () => {
    const statements = [{ sql: 'insert into no_such_table values (1)' }];
    const missing = await deploy([sql('write', { statements, retry: { retries: 1, delayMs: 1 } })]);
    const wrong = await deploy([sql('write', { statements: [{ sql: 'insert effects blah' }] })]);
    const [first, second] = await engine.submit([
      { workflow: missing, input: {} },
      { workflow: wrong, input: {} },
    ]);
    expect(await engine.result(first!)).toMatchObject({ state: 'failed', error: { code: 'SqlFailed' } });
    expect((await engine.show(first!)).attempt).toBe(2);
    expect(await engine.result(second!)).toMatchObject({ state: 'failed', error: { code: 'SqlFailed' } });
  });

  test('of a transaction that fails, or is rolled back by its error flow, nothing is left', async () => {
    const fails = call('b', { retry: { retries: 0 } });
    const failing = await deploy([sql('write'), fails], [{ from: 'write', to: 'b' }]);
    const flows = (rollback: boolean): Flow[] => [
      { from: 'write', to: 'b' },
      { from: 'b', to: 'handle', kind: 'error', rollback },
    ];
    const rolledBack = await deploy([sql('write'), fails, call('handle')], flows(true));
    const kept = await deploy([sql('write'), fails, call('handle')], flows(false));
    const input = { amount: 1, tags: null, fails: ['b'] };
    const ids = await engine.submit([
      { workflow: failing, input: { ...input, id: 'undone-1' } },
      { workflow: rolledBack, input: { ...input, id: 'undone-2' } },
      { workflow: kept, input: { ...input, id: 'undone-3' } },
    ]);
    const states = await Promise.all(ids.map(async id => (await engine.result(id)).state));
    expect(states).toEqual(['failed', 'finished', 'finished']);
    expect((await effects('undone')).map(([instance]) => instance)).toEqual(['undone-3']);
  });

  test('one that is refused takes the error flow of its own action, with nothing of its transaction; or its retries', async () => {
    const fields = { parameters: ['${id}', 1_000, null] };
    const refused = (name: string, more: object = {}) => sql(name, { statements: [{ ...insert, ...fields }], ...more });
    const good = { statements: [{ ...insert, sql: `${insert.sql} returning 1`, parameters: ['${id}', 1, null] }] };
    const overError = await deploy(
      [call('a', { transactionBreak: true }), call('b'), refused('write'), sql('other', good), call('handle')],
      [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'write' },
        { from: 'write', to: 'other' },
        { from: 'write', to: 'handle', kind: 'error' },
      ],
    );
    const policy = (codes: string[]) => ({ retry: { retries: 1, delayMs: 1, codes } });
    const retried = await deploy([refused('write', policy(['SqlFailed']))]);
    const notRetried = await deploy([refused('write', policy(['Other']))]);
    const ids = await engine.submit(
      [overError, retried, notRetried].map(workflow => ({ workflow, input: { id: 'refused' } })),
    );
    const [first, second, third] = await Promise.all(ids.map(id => engine.result(id)));
    // Where `a` and `b` were is forgotten.
    const error = { code: 'SqlFailed', action: 'write', attempt: 1 };
    expect(first).toMatchObject({ state: 'finished', result: { way: ['handle'], error } });
    expect(second).toMatchObject({ state: 'failed', error: { code: 'SqlFailed', attempt: 2 } });
    expect(third).toMatchObject({ state: 'failed', error: { code: 'SqlFailed', attempt: 1 } });
    expect(await effects('refused')).toEqual([]);
  });

  test('one of several contexts that is refused takes its error flow into the join; what the others did is kept', async () => {
    const write = (name: string, amount: number) =>
      sql(name, { statements: [{ ...insert, parameters: ['${id}', amount, null] }] });
    const workflow = await deploy(
      [call('a'), write('good', 1), write('bad', 1_000), { name: 'done', type: 'null' }, call('end', { join: 'all' })],
      [
        { from: 'a', to: 'good' },
        { from: 'a', to: 'bad' },
        { from: 'good', to: 'end' },
        { from: 'bad', to: 'done' },
        { from: 'bad', to: 'end', kind: 'error' },
      ],
    );
    const id = await engine.submit({ workflow, input: { id: 'several' } });
    const error = { code: 'SqlFailed', action: 'bad', attempt: 1 };
    expect(await engine.result(id)).toMatchObject({ state: 'finished', result: { way: ['a', 'end'], error } });
    expect((await effects('several')).map(([, amount]) => amount)).toEqual(['1']);
  });

  test('of contexts of one instance too, each in the commit of its own transaction', async () => {
    const parallel = ['b1', 'b2', 'b3'].map(name =>
      sql(name, { statements: [{ ...insert, parameters: ['${id}', name.slice(1), null] }] }),
    );
    const workflow = await deploy(
      [call('a'), ...parallel, call('end', { join: 'all' })],
      ['b1', 'b2', 'b3'].flatMap(name => [
        { from: 'a', to: name },
        { from: name, to: 'end' },
      ]),
    );
    const id = await engine.submit({ workflow, input: { id: 'split' } });
    expect((await engine.result(id)).state).toBe('finished');
    expect((await effects('split')).map(([, amount]) => amount)).toEqual(['1', '2', '3']);
  });
});

test('one that is refused is handled by the error handler of its branch', async () => {
  const runtimeConfiguration = path.join(temporaryFolder(), 'runtime.properties');
  writeFileSync(runtimeConfiguration, '/refused/DEFAULT_FLOW_CHART_ERROR_HANDLER=/handlers/no\n');
  const { engine } = await ownWorld('memory', { sql: true, runtimeConfiguration });
  const no: Action = { name: 'no', type: 'error', code: 'GaveUp' };
  await engine.deploy({ name: '/handlers/no', actions: [no], flows: [] });
  const statements = [{ sql: 'insert into no_such_table values (1)' }];
  await engine.deploy({ name: '/refused/flow', actions: [sql('write', { statements })], flows: [] });
  const id = await engine.submit({ workflow: '/refused/flow', input: {} });
  const error = { code: 'SqlFailed', action: 'write', attempt: 1, handler: { code: 'GaveUp', action: 'no' } };
  expect(await engine.result(id)).toMatchObject({ state: 'failed', error });
});

test('sql actions are off unless the engine is told', async () => {
  const own = await ownWorld('memory');
  const name = `${own.branch}sql`;
  await own.engine.deploy({ name, actions: [sql('write')], flows: [] });
  const id = await own.engine.submit({ workflow: name, input: { id: 'x', amount: 1, tags: null } });
  expect(await own.engine.result(id)).toMatchObject({ state: 'failed', error: { code: 'SqlDisabled' } });
});
