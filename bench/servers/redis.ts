// A Redis server of our own on a unix socket. For BullMQ as its production guide asks: append-only file, no eviction. For
// Millrace without persistence: its queue is rebuilt from the store.

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { RedisFsync } from '../contestant.js';
import { ServerProcess } from './server-process.js';

export interface RedisServer {
  readonly socket: string;
  readonly settings: string;
  /** Memory in use, bytes. */
  usedBytes(): Promise<number>;
  /** CPU time it has taken, microseconds. */
  cpuUs(): Promise<number>;
  stop(): Promise<void>;
}

const candidates = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];

/** @param fsync of the append-only file; `null`: nothing is kept */
export async function startRedis(folder: string, fsync: RedisFsync | null): Promise<RedisServer> {
  const command = findRedis();
  const socket = path.join(folder, 'redis.sock');
  const options: readonly (readonly [string, string])[] = [
    ['port', '0'],
    ['unixsocket', socket],
    ['dir', folder],
    ...(fsync === null
      ? []
      : ([
          ['appendonly', 'yes'],
          ['appendfsync', fsync],
        ] as const)),
    ['save', ''],
    ['maxmemory-policy', 'noeviction'],
  ];
  const server = await ServerProcess.start({
    command,
    args: options.flatMap(([name, value]) => [`--${name}`, value]),
    isReady: () => accepts(socket),
    stopSignal: 'SIGKILL', // the folder is thrown away: no last rewrite
  });
  return {
    socket,
    settings: `redis-server, ${fsync === null ? 'no persistence' : `AOF ${fsync}`}, unix socket`,
    usedBytes: () => usedBytes(socket),
    cpuUs: () => cpuUs(socket),
    stop: () => server.stop(),
  };
}

async function usedBytes(socket: string): Promise<number> {
  const [bytes] = await infoOf(socket, 'memory', ['used_memory']);
  return bytes!;
}

async function cpuUs(socket: string): Promise<number> {
  const [user, system] = await infoOf(socket, 'cpu', ['used_cpu_user', 'used_cpu_sys']);
  return (user! + system!) * 1e6;
}

async function infoOf(socket: string, section: string, names: readonly string[]): Promise<readonly number[]> {
  const client = new Redis(socket);
  try {
    const info = await client.info(section);
    return names.map(name => {
      const [, found] = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info) ?? [];
      if (found === undefined) throw new Error(`INFO ${section} has no ${name}`);
      return Number(found);
    });
  } finally {
    client.disconnect();
  }
}

function findRedis(): string {
  const named = process.env.MILLRACE_REDIS_SERVER;
  const found = named ?? candidates.find(candidate => existsSync(candidate));
  if (found !== undefined && existsSync(found)) return found;
  throw new Error(
    'redis-server was not found: install it (Debian: apt-get install redis-server), or name it in MILLRACE_REDIS_SERVER',
  );
}

/** Whether somebody listens on a unix socket. */
export function accepts(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
