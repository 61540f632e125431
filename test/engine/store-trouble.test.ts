// A store in trouble, for real: PostgreSQL itself refuses the commits as it does when its disk is full.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { loggersTo, nullLoggers } from '../../src/observe/loggers.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';
import { openPostgres } from '../../src/store/postgres/driver.js';
import { TcpProxy } from '../servers/tcp-proxy.js';
import { TestPostgres } from '../store/postgres-server.js';
import { definitionOf, here, noRetry, temporaryFolder } from './setup.js';

/** No room for more rows of the table. */
const fill = (table: string) => `create function test_disk_full() returns trigger language plpgsql as $$ begin
    raise exception 'could not extend file: No space left on device' using errcode = '53100';
  end $$;
  create trigger test_disk_full before insert on ${table} for each statement execute function test_disk_full()`;
const free = (table: string) => `drop trigger test_disk_full on ${table}`;

/** An engine in memory, its driver, and how often the store has failed. */
async function troubled(): Promise<{ engine: Engine; driver: ThreadedDriver; failures: () => number }> {
  let driver!: ThreadedDriver;
  let failed = 0;
  const loggers = loggersTo(({ message }) => {
    if (message === 'store command failed') failed += 1;
  });
  const onDriver = (made: ThreadedDriver): void => {
    driver = made;
  };
  const engine = await createEngine({ dataFolder: 'memory', threads: 1, loggers }, { onDriver });
  onTestFinished(() => engine.dispose(0));
  return { engine, driver, failures: () => failed };
}

test('what runs while the disk is full finishes when there is room again; nobody fails, nothing runs twice', async () => {
  const { engine, driver, failures } = await troubled();
  await engine.deploy(definitionOf('/trouble/flow', [{ function: 'echo', retry: noRetry }]), here);
  await engine.start();
  await driver.script(fill('millrace_outcome'));
  const ids = await engine.submit(Array.from({ length: 50 }, (_, n) => ({ workflow: '/trouble/flow', input: { n } })));
  await expect.poll(failures).toBeGreaterThanOrEqual(2);
  expect((await engine.status()).finished).toBe(0);
  await driver.script(free('millrace_outcome'));
  for (const [n, id] of ids.entries()) {
    expect(await engine.result(id)).toEqual({ instance: id, state: 'finished', result: { n }, error: null });
  }
  expect(await engine.status()).toMatchObject({ finished: 50, failed: 0, retried: 0 });
});

test('a call whose record cannot be stored has still been made; health hears of the record', async () => {
  const { engine, driver, failures } = await troubled();
  await driver.script(fill('millrace_audit'));
  const flow = definitionOf('/trouble/call', ['echo']);
  expect(await engine.deploy(flow, here)).toEqual({ name: '/trouble/call', version: 1 });
  expect(failures()).toBe(1);
  await driver.script(free('millrace_audit'));
  expect(await engine.deploy(flow, here)).toEqual({ name: '/trouble/call', version: 1 });
});

test('a stop does not wait for ever for a store in trouble; what it could not be told runs on whoever starts next', async () => {
  const { engine, driver, failures } = await troubled();
  await engine.deploy(definitionOf('/trouble/stop', [{ function: 'echo', retry: noRetry }]), here);
  await engine.start();
  await driver.script(fill('millrace_outcome'));
  const id = await engine.submit({ workflow: '/trouble/stop', input: { n: 1 } });
  await expect.poll(failures).toBeGreaterThanOrEqual(1);
  const stoppedMs = performance.now();
  await engine.stop(100);
  const tookMs = performance.now() - stoppedMs;
  expect(tookMs).toBeGreaterThan(5_000);
  expect(tookMs).toBeLessThan(30_000);
  expect(await engine.show(id)).toMatchObject({ state: 'ready' });
  await driver.script(free('millrace_outcome'));
  await engine.start();
  expect((await engine.result(id)).result).toEqual({ n: 1 });
});

describe('a store that does not answer at all', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await TestPostgres.start();
  });
  afterAll(() => server.remove(), 60_000);

  test('a commit with statements of sql actions whose answer is lost applies them once', async () => {
    const proxy = await TcpProxy.start({ path: server.socketPath });
    onTestFinished(() => proxy.close());
    const direct = await server.newDatabase();
    const postgres = `postgres://postgres@127.0.0.1:${proxy.port}/${new URL(direct).pathname.slice(1)}`;
    const options = { dataFolder: temporaryFolder(), threads: 1, loggers: nullLoggers, sql: true };
    const engine = await createEngine({ ...options, postgres });
    onTestFinished(() => engine.dispose(0));
    const driver = await openPostgres(direct);
    await driver.script('create table effects (of text)');
    await driver.close();
    const statements = [{ sql: 'insert into effects values ($1)', parameters: ['$' + '{of}'] }];
    await engine.deploy({ name: '/trouble/sql', actions: [{ name: 'write', type: 'sql', statements }], flows: [] });
    await engine.start();
    const workflow = '/trouble/sql';
    // Statements are prepared by now: the server says one thing to what comes next.
    await engine.result(await engine.submit({ workflow, input: { of: 'first' } }));
    // The name of a workflow's statement begins so: the submit has none.
    const lost = proxy.loseReplyTo(request => request.includes('sql ') && request.includes('of the lost one'));
    const id = await engine.submit({ workflow, input: { of: 'of the lost one' } });
    await lost;
    expect((await engine.result(id)).state).toBe('finished');
    expect(await engine.query('select of, count(*) from effects group by of order by of')).toEqual([
      ['first', '1'],
      ['of the lost one', '1'],
    ]);
  }, 60_000);

  test.each(['down', 'silence'] as const)(
    '%s: a dispose under load ends, with the house and the cluster',
    async how => {
      const proxy = await TcpProxy.start({ path: server.socketPath });
      onTestFinished(() => proxy.close());
      const direct = await server.newDatabase();
      const postgres = `postgres://postgres@127.0.0.1:${proxy.port}/${new URL(direct).pathname.slice(1)}`;
      const options = { dataFolder: temporaryFolder(), threads: 1, loggers: nullLoggers, actionGraceMs: 100 };
      const engine = await createEngine({ ...options, postgres, leaseMs: 1_000 });
      await engine.deploy(definitionOf('/trouble/silent', [{ function: 'echo', retry: noRetry }]), here);
      await engine.start();
      const ids = await engine.submit(Array.from({ length: 300 }, () => ({ workflow: '/trouble/silent', input: {} })));
      proxy[how]();
      // A round of the house begins, and a beat of the cluster.
      await new Promise(resolve => setTimeout(resolve, 2_500));
      const startedMs = performance.now();
      await engine.dispose(0);
      expect(performance.now() - startedMs).toBeLessThan(30_000);
      const next = await createEngine({ ...options, postgres: direct });
      onTestFinished(() => next.dispose(0));
      await next.start();
      for (const id of ids) expect((await next.result(id)).state).toBe('finished');
    },
    90_000,
  );
});
