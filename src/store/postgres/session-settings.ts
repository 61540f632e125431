// How a session is started: what of PostgreSQL's settings we rely on. All are start options, so that they are what
// `reset all` behind a query of somebody else's goes back to.

import type { ClientConfig } from 'pg';
import { EngineError } from '../../observe/errors.js';

/** What a connection is for: commits; reads, in transactions that can change nothing; scripts, which may take long. */
export type Purpose = 'commits' | 'reads' | 'scripts';

export interface SessionOptions {
  /** `postgres://user:password@host:port/database?sslmode=...`, as libpq and `pg` have it. */
  readonly url: string;
  readonly durability: 'strict' | 'relaxed';
  /** Schema of the tables. */
  readonly schema: string;
  /** Further settings, over ours. */
  readonly settings: Readonly<Record<string, string>>;
}

const connectMs = 5_000;
/** A machine that has gone is noticed within a minute, also while nothing but a script waits for it. */
const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 30_000 };

/** Why each: one way to read and write values (the first four), plans (see `pglite/session-options.ts`), first commit
 * wins whatever the server's default isolation, and a server that learns within a minute that our machine is gone: it
 * may hold locks for a message that never comes whole. */
const common: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  timezone: 'UTC',
  datestyle: 'ISO',
  client_min_messages: 'error',
  enable_seqscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  random_page_cost: '1.1',
  jit: 'off',
  default_transaction_isolation: 'read committed',
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
};

/** A commit waits for locks of others' commits, which are short; one that waits longer is refused and sent again. It has no
 * other time limit: one that waits for a replica, and is cancelled there, would be committed here all the same. */
const ofPurpose: Readonly<Record<Purpose, Readonly<Record<string, string>>>> = {
  commits: { lock_timeout: '10s', statement_timeout: '0' },
  reads: { lock_timeout: '10s', statement_timeout: '30s', default_transaction_read_only: 'on' },
  scripts: { lock_timeout: '0', statement_timeout: '0' },
};

/** @throws {EngineError} OPTION_INVALID when the URL is none of PostgreSQL, or the schema no plain name */
export function clientConfig(options: SessionOptions, purpose: Purpose): ClientConfig {
  const { durability, schema, settings } = options;
  const url = parseUrl(options.url);
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new EngineError('OPTION_INVALID', `schema: "${schema}" must be lower-case letters, digits and _`);
  }
  const all = {
    ...common,
    search_path: schema,
    ...ofPurpose[purpose],
    ...(durability === 'relaxed' ? { synchronous_commit: 'off' } : {}),
    ...settings,
  };
  const ours = Object.entries(all).map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`);
  // What the URL says comes last and holds.
  url.searchParams.set('options', [...ours, url.searchParams.get('options') ?? ''].join(' ').trim());
  if (!url.searchParams.has('application_name')) url.searchParams.set('application_name', `millrace ${purpose}`);
  return { connectionString: url.href, connectionTimeoutMillis: connectMs, ...keepAlive };
}

/** The URL as it may be shown. */
export function locationOf(url: string): string {
  const { protocol, username, host, pathname, searchParams } = parseUrl(url);
  const shown = searchParams.get('host') ?? host;
  return `${protocol}//${username === '' ? '' : `${username}@`}${shown}${pathname}`;
}

/** Messages leave out what was given: it may hold a password. */
function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new EngineError('OPTION_INVALID', 'the URL of the PostgreSQL store cannot be read');
  }
  if (url.protocol === 'postgres:' || url.protocol === 'postgresql:') return url;
  throw new EngineError('OPTION_INVALID', `the URL of a PostgreSQL store begins with postgres:, not ${url.protocol}`);
}
