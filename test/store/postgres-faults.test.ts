// PostgreSQL in trouble: restarted, killed, cut off, misconfigured. Nothing acknowledged is lost, nothing is applied twice,
// no answer is wrong.

import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { blamesValue } from '../../src/engine/store-trouble.js';
import { systemClock } from '../../src/observe/clock.js';
import type { Commit, Segment } from '../../src/store/contract.js';
import { openPostgres, type PostgresOptions } from '../../src/store/postgres/driver.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { auditEvents } from '../../src/workflow/events.js';
import { TcpProxy } from '../servers/tcp-proxy.js';
import { markOf, nothing, outcomeOf, rootOf, segmentOf } from './conformance.js';
import { TestPostgres } from './postgres-server.js';

const weekMs = 7 * 86_400_000;
let server: TestPostgres;
let url: string;

beforeAll(async () => {
  server = await TestPostgres.start();
});
afterAll(() => server.remove(), 60_000);
beforeEach(async () => {
  url = await server.newDatabase();
});

async function openStore(at = url, options: PostgresOptions = {}): Promise<SqlStore> {
  const driver = await openPostgres(at, options);
  onTestFinished(() => driver.close());
  const retention = { historyMs: weekMs, auditMs: weekMs };
  return SqlStore.open(driver, driver.info, retention, auditEvents, systemClock.nowMs());
}

const unavailable = { code: 'STORE_UNAVAILABLE' };

/** Two instances that are submitted. */
function submission(name = '/faults/flow'): { commit: Commit; segment: Segment } {
  const root = rootOf(2);
  const segment = segmentOf(root, [0, 1], { name });
  const audit = [{ root: root.id, atMs: 1, trace: '[]', events: 0 }];
  return { commit: { ...nothing(), roots: [root], segments: [segment], audit }, segment };
}

/** One of them ends. */
function ending(segment: Segment): Commit {
  const audit = [{ root: segment.root, atMs: 2, trace: '[]', events: 0 }];
  return { ...nothing(), marks: [markOf(segment, [0])], outcomes: [outcomeOf(segment, [0])], audit };
}

/** As the engine commits: the same commit again until it is answered. Counts what went wrong on the way. */
class Persistent {
  troubles = 0;
  constructor(readonly store: SqlStore) {}

  async commit(commit: Commit): Promise<string> {
    for (;;) {
      try {
        return (await this.store.commit(commit)).kind;
      } catch (error) {
        if (blamesValue(error)) throw error;
        this.troubles += 1;
        await new Promise(resolve => setTimeout(resolve, 20));
      }
    }
  }
}

/** Submit and end instances on a few strands while `trouble` goes on; then look at what is there. */
async function commitDuring(
  store: SqlStore,
  trouble: () => Promise<void>,
): Promise<{ commits: number; troubles: number }> {
  const persistent = new Persistent(store);
  const roots: string[] = [];
  let isOver = false;
  const strand = async (): Promise<void> => {
    while (!isOver) {
      const { commit, segment } = submission();
      expect(await persistent.commit(commit)).toBe('committed');
      expect(await persistent.commit(ending(segment))).toBe('committed');
      roots.push(segment.root);
    }
  };
  const strands = [1, 2, 3, 4].map(strand);
  await trouble();
  isOver = true;
  await Promise.all(strands);
  const persisted = await store.query(
    `select count(*), count(distinct root), sum(open) from millrace_segment where open = 1 and root = any($1::uuid[])`,
    [`{${roots.join(',')}}`],
  );
  const all = String(roots.length);
  expect(persisted).toEqual([[all, all, all]]);
  const written = `select (select count(*) from millrace_audit), (select count(*) from millrace_outcome),
    (select count(*) from millrace_body), (select count(*) from millrace_commit)`;
  const twice = String(2 * roots.length);
  expect(await store.query(written, [])).toEqual([[twice, all, all, twice]]);
  return { commits: 2 * roots.length, troubles: persistent.troubles };
}

describe('a server that goes away', () => {
  test('crashed and restarted in the middle of commits: nothing is lost, nothing is there twice', async () => {
    const store = await openStore();
    const told = await commitDuring(store, async () => {
      for (let round = 0; round < 3; round++) {
        await new Promise(resolve => setTimeout(resolve, 300));
        await server.crash();
        await server.run();
      }
      await new Promise(resolve => setTimeout(resolve, 300));
    });
    console.log(`${told.commits} commits, ${told.troubles} sent again`);
    expect(told.troubles).toBeGreaterThan(0);
  });

  test('backends killed in the middle of commits: the same', async () => {
    const store = await openStore();
    const told = await commitDuring(store, async () => {
      for (let round = 0; round < 15; round++) {
        await server.administer(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'millrace %'`,
        );
        await new Promise(resolve => setTimeout(resolve, 60));
      }
    });
    console.log(`${told.commits} commits, ${told.troubles} sent again`);
    expect(told.troubles).toBeGreaterThan(0);
  });

  test('while it is away everything is refused at once, and when it is back all goes on', async () => {
    const store = await openStore();
    const { commit } = submission();
    await server.crash();
    await expect(store.commit(commit)).rejects.toMatchObject(unavailable);
    // At once: each is not waited for.
    const startedMs = performance.now();
    for (let round = 0; round < 20; round++) await expect(store.commit(commit)).rejects.toMatchObject(unavailable);
    await expect(store.scan(null, 1, 0)).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    await expect(openPostgres(url)).rejects.toMatchObject(unavailable);
    await server.run();
    expect(await new Persistent(store).commit(commit)).toBe('committed');
    expect((await store.scan(null, 10, 0)).length).toBe(1);
  });
});

describe('a network that fails', () => {
  const through = (port: number): string => {
    const { pathname } = new URL(url);
    return `postgres://postgres@127.0.0.1:${port}${pathname}`;
  };

  const proxied = async (): Promise<TcpProxy> => {
    const proxy = await TcpProxy.start({ path: server.socketPath });
    onTestFinished(() => proxy.close());
    return proxy;
  };

  test('a reply lost after the commit ran: it is refused as unknown, and recognised when it is sent again', async () => {
    const proxy = await proxied();
    const store = await openStore(through(proxy.port));
    // Statements are prepared by now: the server says one thing to what comes next.
    await store.commit(submission().commit);
    const { commit, segment } = submission('/faults/lost');
    const lost = proxy.loseReplyTo(request => request.includes('/faults/lost'));
    const first = store.commit(commit);
    await lost;
    await expect(first).rejects.toMatchObject(unavailable);
    expect(await new Persistent(store).commit(commit)).toBe('committed');
    expect(await store.segments([segment.id])).toEqual([segment]);
    expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [segment.root])).toEqual([
      ['1'],
    ]);
  });

  test('a connection that stands still is given up, and the next one is used', async () => {
    const proxy = await proxied();
    const store = await openStore(through(proxy.port), { answerMs: 2_000 });
    const { commit } = submission();
    await store.commit(commit);
    proxy.silence();
    const refused = expect(store.commit(submission().commit)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('2000 ms'),
    });
    await refused;
    proxy.cut();
    proxy.up();
    expect(await new Persistent(store).commit(commit)).toBe('committed');
  });

  test('commits through connections that are cut again and again: nothing is lost, nothing is there twice', async () => {
    const proxy = await proxied();
    const store = await openStore(through(proxy.port));
    const told = await commitDuring(store, async () => {
      for (let round = 0; round < 20; round++) {
        await new Promise(resolve => setTimeout(resolve, 40));
        proxy.cut();
      }
    });
    console.log(`${told.commits} commits, ${told.troubles} sent again`);
    expect(told.troubles).toBeGreaterThan(0);
  });
});

describe('a server that is not what it should be', () => {
  test('strict durability is refused where fsync or synchronous_commit is off, also when it is found out later', async () => {
    const store = await openStore();
    await server.crash();
    await server.run({ fsync: 'off' });
    const notDurable = { code: 'STORE_NOT_DURABLE', message: expect.stringContaining('fsync off') };
    await expect(openPostgres(url)).rejects.toMatchObject(notDurable);
    await expect(store.commit(submission().commit)).rejects.toMatchObject({ ...unavailable, cause: notDurable });
    const relaxed = await openPostgres(url, { durability: 'relaxed' });
    await relaxed.close();
    await server.crash();
    await server.run();
    await server.administer(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
    await expect(openPostgres(url)).rejects.toMatchObject({
      code: 'STORE_NOT_DURABLE',
      message: expect.stringContaining('synchronous_commit off'),
    });
    expect(await new Persistent(await openStore(url, { durability: 'relaxed' })).commit(submission().commit)).toBe(
      'committed',
    );
  });

  test('one that has become read-only is trouble, not a fault of the value, and passes', async () => {
    const store = await openStore();
    const database = new URL(url).pathname.slice(1);
    await server.administer(`alter database ${database} set default_transaction_read_only = on`);
    await server.administer(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'millrace %'`,
    );
    const { commit } = submission();
    const refusals: unknown[] = [];
    for (let round = 0; round < 3; round++) refusals.push(await store.commit(commit).catch((error: unknown) => error));
    expect(refusals.map(error => blamesValue(error))).toEqual([false, false, false]);
    expect(refusals.at(-1)).toMatchObject({ code: '25006' });
    await server.administer(`alter database ${database} set default_transaction_read_only = off`);
    expect(await new Persistent(store).commit(commit)).toBe('committed');
  });

  test('too few connections, no such database, no URL', async () => {
    await server.administer('create role few login connection limit 2');
    await expect(openPostgres(url.replace('postgres@', 'few@'))).rejects.toMatchObject(unavailable);
    await expect(openPostgres(server.url('nowhere'))).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('nowhere'),
    });
    await expect(openPostgres('http://host/database')).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    const secret = openPostgres('postgres://me:s3cret@:bad');
    await expect(secret).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.not.stringContaining('s3cret'),
    });
    await expect(openPostgres(url, { connections: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await expect(openPostgres(url, { schema: 'a;b' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});
