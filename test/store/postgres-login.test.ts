// How the store gets in: TLS and passwords are `pg`'s, and the socket it hands over is spoken to as any other.

import { execFileSync } from 'node:child_process';
import { chownSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPostgres, type PostgresDriver } from '../../src/store/postgres/driver.js';
import { textRows } from '../../src/store/text-rows.js';
import { TestPostgres } from './postgres-server.js';

/** An address of this machine that nobody else listens at. */
const host = `127.${20 + (process.pid % 200)}.${(process.pid >> 8) % 250}.9`;
const password = 'p@ss w/örd';
let server: TestPostgres;

beforeAll(async () => {
  server = await TestPostgres.start();
  await server.administer(`set password_encryption = 'scram-sha-256'; create role app login password '${password}'`);
  await server.administer('create database app owner app');
  await server.crash();
  const folder = server.dataFolder;
  const [key, certificate] = ['server.key', 'server.crt'].map(name => path.join(folder, name));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${host}`,
      '-addext',
      `subjectAltName=IP:${host}`,
      '-keyout',
      key!,
      '-out',
      certificate!,
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(
    path.join(folder, 'pg_hba.conf'),
    'local all postgres trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n',
  );
  const { uid, gid } = statSync(folder);
  for (const file of [key!, certificate!]) chownSync(file, uid, gid);
  await server.run({ listen_addresses: host, ssl: 'on' });
});
afterAll(() => server.remove(), 60_000);

function url(query: string, given = password): string {
  return `postgres://app:${encodeURIComponent(given)}@${host}/app?${query}`;
}

async function open(...args: Parameters<typeof openPostgres>): Promise<PostgresDriver> {
  const driver = await openPostgres(...args);
  onTestFinished(() => driver.close());
  return driver;
}

test('by TLS with a certificate that is looked at, and a password by SCRAM', async () => {
  const driver = await open(url(`sslmode=verify-full&sslrootcert=${path.join(server.dataFolder, 'server.crt')}`));
  const text = `select ssl::text, version, repeat('x', 100000) from pg_stat_ssl where pid = pg_backend_pid()`;
  const [rows] = await driver.transaction([{ statement: { name: 'ssl', text }, parameters: [], results: 'text' }]);
  expect(textRows(rows!)).toEqual([['true', expect.stringContaining('TLSv1'), 'x'.repeat(100_000)]]);
  expect(driver.info.location).toBe(`postgres://app@${host}/app`);
});

test('a wrong password, an unknown certificate and no TLS are refused, and the password is not told', async () => {
  const said: string[] = [];
  const refusal = async (at: string): Promise<string> => {
    const error = (await open(at).catch((reason: unknown) => reason)) as { code: string; message: string };
    said.push(error.message);
    return error.code;
  };
  expect(await refusal(url('sslmode=no-verify', 'wr0ng'))).toBe('OPTION_INVALID');
  expect(await refusal(url('sslmode=verify-full'))).toBe('STORE_UNAVAILABLE');
  expect(await refusal(url('sslmode=disable'))).toBe('OPTION_INVALID');
  expect(said).toEqual([
    expect.stringContaining('password authentication failed'),
    expect.stringContaining('self-signed certificate'),
    expect.stringContaining('no pg_hba.conf entry'),
  ]);
  expect(said.join()).not.toMatch(/wr0ng|p@ss|p%40ss/);
});

test('options that the URL itself has are kept, and hold', async () => {
  const at = url(
    `sslmode=no-verify&options=${encodeURIComponent('-c work_mem=7MB -c enable_seqscan=on')}&application_name=mine`,
  );
  const driver = await open(at, { settings: { maintenance_work_mem: '9MB', 'millrace.note': 'a b\\c' } });
  const text = `select current_setting('work_mem'), current_setting('enable_seqscan'), current_setting('maintenance_work_mem'),
    current_setting('millrace.note'), current_setting('application_name')`;
  const [rows] = await driver.transaction([{ statement: { name: 'settings', text }, parameters: [], results: 'text' }]);
  expect(textRows(rows!)).toEqual([['7MB', 'on', '9MB', 'a b\\c', 'mine']]);
});
