// A Redis and a PostgreSQL for all tests of a file.

import { afterAll, beforeAll } from 'vitest';
import { TestPostgres } from '../store/postgres-server.js';
import { RedisServer } from './redis-server.js';

export interface Servers {
  redis: RedisServer;
  postgres: TestPostgres;
}

/** To be called at the top of a test file; its servers run while its tests do. */
export function redisAndPostgres(): Servers {
  const servers = {} as Servers;
  beforeAll(async () => {
    servers.redis = await RedisServer.start();
    servers.postgres = await TestPostgres.start();
  });
  afterAll(async () => {
    await servers.redis.stop();
    await servers.postgres.remove();
  });
  return servers;
}
