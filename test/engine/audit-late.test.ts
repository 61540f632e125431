// Commits land in another order than they began, when several connections commit: a follower passes none of them. The
// embedded store has one connection, so this is a PostgreSQL server with the audit's tables and nothing else.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../bench/servers/postgres.js';
import { engineRow } from '../../src/audit/engine-events.js';
import { AuditPages } from '../../src/engine/reads/audit-pages.js';
import type { Store } from '../../src/store/contract.js';
import { schemaScripts } from '../../src/store/migrations/index.js';
import { eventCode } from '../../src/workflow/events.js';

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-late-'));
let server: PostgresServer;
let pool: pg.Pool;
let pages: AuditPages;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  server = await startPostgres(folder);
  pool = new pg.Pool({ ...server.connection, max: 20 });
  for (const script of schemaScripts()) await pool.query(script);
  const query = async (text: string, parameters: unknown[]) =>
    (await pool.query({ text: `select * from (${text}) as query`, values: parameters, rowMode: 'array' })).rows;
  const store = { query, workflows: async () => [], bodies: async () => [] };
  pages = new AuditPages(store as unknown as Store);
});

afterAll(async () => {
  await pool?.end();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Record an event in a transaction; what is returned ends it. */
async function begun(message: string): Promise<(how?: 'commit' | 'rollback') => Promise<void>> {
  const client = await pool.connect();
  await client.query('begin');
  const { atMs, trace } = engineRow(null, 'e', 'u', [eventCode('EnteringCall')], message, 1_000);
  await client.query('insert into millrace_audit (generation, root, at, trace) values (0, null, $1, $2)', [
    atMs,
    trace,
  ]);
  return async (how = 'commit') => {
    await client.query(how);
    client.release();
  };
}

async function told(after: string): Promise<{ messages: (string | null)[]; next: string }> {
  const { events, next } = await pages.page({}, after, 'oldest', 100);
  return { messages: events.map(({ record }) => record.message), next };
}

test('a commit that lands late is told in its turn; until then what began behind it waits', async () => {
  const start = await pages.end();
  const slow = await begun('began first');
  await (await begun('began second'))();
  await (await begun('began third'))('rollback');
  const early = await told(start);
  expect(early.messages).toEqual([]);
  await slow();
  const late = await told(early.next);
  expect(late.messages).toEqual(['began first', 'began second']);
  expect((await told(late.next)).messages).toEqual([]);
});

test('twenty at once that end in any order are told once each, whatever the pages', async () => {
  let after = await pages.end();
  const all: (string | null)[] = [];
  const follow = async (): Promise<void> => {
    const { messages, next } = await told(after);
    all.push(...messages);
    after = next;
  };
  const expected: string[] = [];
  for (let round = 0; round < 10; round++) {
    const open = [];
    for (let n = 0; n < 15; n++) open.push({ message: `${round}.${n}`, end: await begun(`${round}.${n}`) });
    for (const [n, { message, end }] of [...open].sort((a, b) => hash(a.message) - hash(b.message)).entries()) {
      const how = n % 5 === 0 ? 'rollback' : 'commit';
      if (how === 'commit') expected.push(message);
      await end(how);
      await follow();
    }
  }
  await follow();
  expect([...all].sort()).toEqual([...expected].sort());
  expect(new Set(all).size).toBe(all.length);
});

function hash(text: string): number {
  return [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 7_919, 7);
}
