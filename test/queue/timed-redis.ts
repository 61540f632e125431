// Redis as a test file has it whose queues have the test's own time: one server for the file, a queue of its own for each test.

import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Claim, Queue } from '../../src/queue/contract.js';
import { RedisServer } from '../servers/redis-server.js';
import { claimOf, leaseMs } from './queue-world.js';
import { RedisWorld } from './redis-world.js';

const beginMs = 1_000_000;

/** Of what is long eligible. */
export const longAgo = { eligibleAtMs: 1, createdAtMs: 1 };

/** Made once in each file that has it: the hooks are that file's. */
export class TimedRedis {
  server!: RedisServer;
  world!: RedisWorld;
  nowMs = beginMs;

  constructor() {
    beforeAll(async () => {
      this.server = await RedisServer.start();
    });
    afterAll(() => this.server.stop());
    beforeEach(() => {
      this.nowMs = beginMs;
      this.world = new RedisWorld(this.server);
    });
    afterEach(() => this.world.close());
  }

  /** Another object on the queue. */
  readonly connect = (): Queue => this.world.connect({ nowMs: () => this.nowMs });

  readonly opened = async (): Promise<Queue> => {
    const queue = this.connect();
    await queue.attach('engine-1', leaseMs);
    await queue.open();
    return queue;
  };

  readonly claim = (queue: Queue, limit: number, engine = 'engine-1'): Promise<Claim | null> =>
    claimOf(queue, { engine, limit, leaseMs });

  /** What there is in Redis, by key, of a queue of which nothing is left. */
  readonly plainKeys = (queue: Queue): string[] => [queue.epoch!, 'epoch', 'epochs'].sort();
}
