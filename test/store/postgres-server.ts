// Real PostgreSQL servers for tests: a cluster in a temporary folder, which can be restarted, crashed and misconfigured.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createCluster, embeddedBinaries, type PostgresCluster } from '../../bench/servers/postgres.js';
import type { ServerProcess } from '../../bench/servers/server-process.js';

/** The oldest version the store takes, where Debian's is installed. */
export const postgres15 = '/usr/lib/postgresql/15/bin';
export const hasPostgres15 = existsSync(`${postgres15}/postgres`);

export class TestPostgres {
  readonly #folder: string;
  readonly #cluster: PostgresCluster;
  readonly #removeFolder = (): void => rmSync(this.#folder, { recursive: true, force: true });
  #server: ServerProcess | null = null;
  #databases = 0;

  private constructor(folder: string, cluster: PostgresCluster) {
    this.#folder = folder;
    this.#cluster = cluster;
  }

  /** A running server; the caller ends it with `remove`. */
  static async start(version: 15 | 18 = 18, settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
    const embedded = version === 18 ? await embeddedBinaries() : null;
    const binaries = embedded ?? { initdb: `${postgres15}/initdb`, postgres: `${postgres15}/postgres` };
    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-pg-'));
    const server = new TestPostgres(folder, await createCluster(folder, binaries));
    process.once('exit', server.#removeFolder);
    await server.run(settings);
    return server;
  }

  /** The folder of its data, for its configuration. */
  get dataFolder(): string {
    return this.#cluster.folder;
  }

  get version(): string {
    return this.#cluster.version;
  }

  get socketPath(): string {
    return path.join(this.#folder, '.s.PGSQL.5432');
  }

  /** URL of a database by its socket. */
  url(database = 'postgres', user = 'postgres'): string {
    return `postgres://${user}@localhost/${database}?host=${this.#folder}`;
  }

  /** URL of a database of a test's own. */
  async newDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await this.administer(`create database ${name}`);
    return this.url(name);
  }

  /** Run a command as somebody who is not the store. */
  async administer(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Run it again after a crash, with settings of its own. */
  async run(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#server = await this.#cluster.start({ max_connections: '40', ...settings });
  }

  /** End it as a crash does: no checkpoint, connections cut. */
  async crash(): Promise<void> {
    await this.#server?.stop();
    this.#server = null;
  }

  /** End it in good order, with a checkpoint; sessions are told that an administrator ends them. */
  async shutDown(): Promise<void> {
    await this.#server?.stop('SIGINT');
    this.#server = null;
  }

  async remove(): Promise<void> {
    await this.crash();
    process.off('exit', this.#removeFolder);
    this.#removeFolder();
  }
}
