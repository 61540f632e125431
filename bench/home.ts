// Where Millrace keeps its work in a round: the servers are started, and what an engine must be told.

import { join } from 'node:path';
import type { EngineOptions } from '../src/engine/index.js';
import { threadsFor } from '../src/engine/options.js';
import type { Setting } from './contestant.js';
import { startPostgres } from './servers/postgres.js';
import { startRedis } from './servers/redis.js';

export interface Home {
  /** Options of engine 0, 1, ...: what can be written as JSON. */
  optionsOf(engine: number): Pick<EngineOptions, 'dataFolder' | 'postgres' | 'redis' | 'name' | 'threads'>;
  /** For print. */
  readonly settings: string;
  /** What Redis uses more than when it was empty; `null` without one. */
  queueBytes(): Promise<number | null>;
  close(): Promise<void>;
}

export async function openHome({ scenario, folder }: Setting): Promise<Home> {
  const dataFolder = (engine: number) => join(folder, engine === 0 ? 'millrace' : `millrace-${engine}`);
  switch (scenario.home) {
    case 'folder':
      return {
        optionsOf: () => ({ dataFolder: dataFolder(0) }),
        settings: 'PGlite on disk',
        queueBytes: async () => null,
        close: async () => {},
      };
    case 'folder-and-redis': {
      const redis = await startRedis(folder, null);
      const emptyBytes = await redis.usedBytes();
      return {
        optionsOf: engine => ({ dataFolder: dataFolder(0), redis: redis.socket, name: `engine-${engine}` }),
        settings: `PGlite on disk; ${redis.settings}`,
        queueBytes: async () => (await redis.usedBytes()) - emptyBytes,
        close: () => redis.stop(),
      };
    }
    case 'postgres-and-redis': {
      const postgres = await startPostgres(folder);
      const redis = await startRedis(folder, null);
      const emptyBytes = await redis.usedBytes();
      const { user, database, host } = postgres.connection;
      const url = `postgres://${user}@localhost/${database}?host=${host}`;
      return {
        // Each with a folder of its own, for its logs.
        optionsOf: engine => ({
          dataFolder: dataFolder(engine),
          postgres: url,
          redis: redis.socket,
          name: `engine-${engine}`,
          // As `millrace start --processes` shares them out.
          threads: threadsFor(scenario.engines),
        }),
        settings: `${postgres.settings}; ${redis.settings}`,
        queueBytes: async () => (await redis.usedBytes()) - emptyBytes,
        close: async () => {
          await redis.stop();
          await postgres.stop();
        },
      };
    }
  }
}
