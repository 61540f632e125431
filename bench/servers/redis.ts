// A Redis server of our own for BullMQ, as its production guide asks: append-only file, no eviction; a unix socket.

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { RedisFsync } from '../contestant.js';
import { ServerProcess } from './server-process.js';

export interface RedisServer {
  readonly socket: string;
  readonly settings: string;
  stop(): Promise<void>;
}

const candidates = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];

export async function startRedis(folder: string, fsync: RedisFsync): Promise<RedisServer> {
  const command = findRedis();
  const socket = path.join(folder, 'redis.sock');
  const options: readonly (readonly [string, string])[] = [
    ['port', '0'],
    ['unixsocket', socket],
    ['dir', folder],
    ['appendonly', 'yes'],
    ['appendfsync', fsync],
    ['save', ''],
    ['maxmemory-policy', 'noeviction'],
  ];
  const server = await ServerProcess.start({
    command,
    args: options.flatMap(([name, value]) => [`--${name}`, value]),
    isReady: () => accepts(socket),
    stopSignal: 'SIGKILL', // the folder is thrown away: no last rewrite
  });
  return { socket, settings: `redis-server, AOF ${fsync}, unix socket`, stop: () => server.stop() };
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
