// The home in PostgreSQL: a few connections to a server that others use as well, other engines among them.
//
// Half of the connections are for transactions that change something, half for those that do not: reads do not stand
// behind commits. Scripts (migrations, TRUNCATE) have a connection of their own for as long as they run.
//
// Guarantees are those of `store/driver.ts`; here is how:
//   V1. A transaction is what stands before a Sync: PostgreSQL runs it as one.
//   V2. It answers after the commit, which waits for the disk: with strict durability a server with fsync or
//       synchronous_commit off is refused. Commits on several connections share an fsync by PostgreSQL's own means.
//   V3. Every transaction has a Sync of its own.
//   V4. A server whose fsync fails ends itself and recovers from its log: its connections are lost, and so are the
//       answers that were awaited, nothing else.

import { type Clock, systemClock } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type { StoreInfo } from '../contract.js';
import type { SqlCall, SqlDriver, SqlRows, SqlStatement, TransactionOptions } from '../driver.js';
import { textRows } from '../text-rows.js';
import { Connection } from './connection.js';
import { Lane } from './lane.js';
import { leastLoaded, OrderedLanes } from './ordered-lanes.js';
import { checkServer } from './server-check.js';
import { clientConfig, locationOf, type Purpose, type SessionOptions } from './session-settings.js';
import { notConnected, passesSoon } from './unavailable.js';

export interface PostgresOptions {
  /** Default `strict`. `relaxed`: what was acknowledged just before the server or its machine crashed may be lost. */
  readonly durability?: 'strict' | 'relaxed';
  /** Schema of the tables, made if absent; lower-case letters, digits and `_`. Default `public`. */
  readonly schema?: string;
  /** Connections kept, 1 to 64: half for reads, unless there is only one. Default 4. */
  readonly connections?: number;
  /** PostgreSQL settings of the sessions, over ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long the server may be silent while it owes an answer, milliseconds. Default 60,000. */
  readonly answerMs?: number;
  readonly clock?: Clock;
}

const connectionsByDefault = 4;
const connectionsMax = 64;
/** Over what a statement (30 s) and a lock (10 s) may take. */
const answerMsByDefault = 60_000;
/** How long a server that is just starting is waited for, and how often it is asked. */
const patienceMs = 10_000;
const askAgainMs = 200;

const databaseBytes: SqlStatement = {
  name: 'database_bytes',
  text: 'select pg_database_size(current_database())',
};

/**
 * Open the store in a PostgreSQL database, 15 or later. Prepared statements and settings are a session's, so there must
 * be no pooler in between that deals out sessions by transaction.
 *
 * @param url `postgres://user:password@host:port/database`, with what libpq and `pg` know behind a `?`
 * @throws {EngineError} OPTION_INVALID (URL, password, database, version, encoding), STORE_NOT_DURABLE, or
 *   STORE_UNAVAILABLE when it cannot be reached now
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<PostgresDriver> {
  const driver = new PostgresDriver(url, options);
  await driver.open();
  return driver;
}

export class PostgresDriver implements SqlDriver {
  readonly info: StoreInfo;
  /** See `SqlDriver`. */
  readonly isServer = true;
  readonly #session: SessionOptions;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #commits: readonly Lane[];
  readonly #reads: readonly Lane[];
  readonly #ordered: OrderedLanes<Lane>;
  readonly #scripts = new Set<Lane>();
  #closing: Promise<void> | null = null;

  constructor(url: string, options: PostgresOptions) {
    const { durability = 'strict', schema = 'public', connections = connectionsByDefault, settings = {} } = options;
    if (!Number.isInteger(connections) || connections < 1 || connections > connectionsMax) {
      throw new EngineError('OPTION_INVALID', `connections: ${connections} must be 1 to ${connectionsMax}`);
    }
    this.info = { kind: 'postgresql', location: locationOf(url), durability };
    this.#session = { url, durability, schema, settings };
    this.#clock = options.clock ?? systemClock;
    this.#answerMs = options.answerMs ?? answerMsByDefault;
    const lanes = (count: number, purpose: Purpose): Lane[] =>
      Array.from({ length: count }, () => new Lane(() => this.#connect(purpose), this.#clock));
    this.#commits = lanes(Math.max(1, connections >> 1), 'commits');
    this.#reads = connections === 1 ? this.#commits : lanes(connections - this.#commits.length, 'reads');
    this.#ordered = new OrderedLanes(this.#commits);
  }

  /** Make all connections, so that a server that has not so many says so now. */
  async open(): Promise<void> {
    try {
      await this.#openFirst();
      if (this.#session.schema !== 'public') await this.script(`create schema if not exists ${this.#session.schema}`);
      await Promise.all([...this.#lanes].map(lane => lane.open()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  transaction(calls: readonly SqlCall[], options: TransactionOptions = {}): Promise<SqlRows[]> {
    if (calls.length === 0) return Promise.resolve([]);
    const { readOnly = false, touches = [] } = options;
    if (readOnly && !this.#ordered.isUnderWay(touches)) return leastLoaded(this.#reads).transaction(calls);
    return this.#ordered.run(touches, lane => lane.transaction(calls));
  }

  async script(text: string): Promise<void> {
    if (this.#closing !== null) throw new EngineError('STORE_FAILED', 'the store is closed');
    const lane = new Lane(() => this.#connect('scripts'), this.#clock);
    this.#scripts.add(lane);
    try {
      await lane.script(text);
    } finally {
      this.#scripts.delete(lane);
      await lane.close();
    }
  }

  async diskBytes(): Promise<number> {
    const call = { statement: databaseBytes, parameters: [], results: 'text' } as const;
    const [rows] = await this.transaction([call], { readOnly: true });
    return Number(textRows(rows!)[0]![0]);
  }

  /** Carry out what is under way, and close the connections. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#lanes, ...this.#scripts].map(lane => lane.close())).then(() => {});
    return this.#closing;
  }

  get #lanes(): ReadonlySet<Lane> {
    return new Set([...this.#commits, ...this.#reads]);
  }

  async #openFirst(): Promise<void> {
    const first = this.#commits[0]!;
    const giveUpAtMs = this.#clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        return await first.open();
      } catch (error) {
        if (!passesSoon(error as EngineError) || this.#clock.monotonicMs() > giveUpAtMs) throw error;
      }
      await new Promise<void>(resolve => void this.#clock.setTimer(askAgainMs, resolve));
    }
  }

  async #connect(purpose: Purpose): Promise<Connection> {
    const { location } = this.info;
    const connection = await Connection.open({
      config: clientConfig(this.#session, purpose),
      location,
      clock: this.#clock,
      answerMs: purpose === 'scripts' ? null : this.#answerMs,
      mustWrite: purpose === 'commits',
    });
    try {
      await checkServer(connection, location, this.#session.durability);
    } catch (error) {
      const { hasEnded } = connection;
      await connection.close();
      if (!hasEnded) throw notConnected(error, location);
      throw new EngineError('STORE_UNAVAILABLE', `cannot connect to ${location}: it hung up at once`, { cause: error });
    }
    return connection;
  }
}
