// The random operations of the contract's suite over a connection that loses every third answer after Redis has acted:
// what is repeated then must leave what the model leaves.

import { randomUUID } from 'node:crypto';
import { setTimeout as passed } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import type { Queue } from '../../src/queue/contract.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import { RedisServer } from '../servers/redis-server.js';
import { TcpProxy } from '../servers/tcp-proxy.js';
import { compareRandomly } from './conformance-random.js';

let server!: RedisServer;
let proxy!: TcpProxy;
beforeAll(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.start({ path: server.socket });
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

/** A withdrawal and an expiry do not answer again what they have done, so theirs are not lost; nor are those of reads. */
const repeatable = [
  'offer',
  'claim',
  'settle',
  'release',
  'extend',
  'announce',
  'setInheritedPriority',
  'setFifo',
  'setKeys',
  'setFairness',
  'setThrottle',
];

/** The queue as somebody sees it who repeats what was not answered. */
function repeating(queue: Queue): Queue {
  let calls = 0;
  return new Proxy(queue, {
    get(target, name: keyof Queue) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      if (!repeatable.includes(name)) return call;
      return async (...args: unknown[]): Promise<unknown> => {
        calls += 1;
        if (calls % 3 === 0) void proxy.loseReplyTo(request => request.includes('evalsha'));
        for (;;) {
          try {
            return await call(...args);
          } catch (error) {
            if ((error as { code?: unknown }).code !== 'QUEUE_UNAVAILABLE') throw error;
            await passed(5);
          }
        }
      };
    },
  });
}

test(
  'operations whose answers are lost, and that are repeated, leave what the model leaves',
  { timeout: 120_000 },
  () =>
    compareRandomly({
      create: async nowMs =>
        repeating(createRedisQueue({ url: `redis://127.0.0.1:${proxy.port}`, name: randomUUID() }, nowMs)),
      randomRuns: 30,
    }),
);
