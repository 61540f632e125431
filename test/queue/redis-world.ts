// A queue in Redis as a test of faults sees it: a name of its own, several objects on it, a proxy in between.

import { randomUUID } from 'node:crypto';
import type { Queue } from '../../src/queue/contract.js';
import { createRedisQueue } from '../../src/queue/redis/redis-queue.js';
import type { ScriptName } from '../../src/queue/redis/scripts.js';
import type { RedisServer } from '../servers/redis-server.js';
import { TcpProxy } from '../servers/tcp-proxy.js';

export class RedisWorld {
  readonly name = randomUUID();
  readonly #server: RedisServer;
  readonly #queues: Queue[] = [];
  readonly #proxies: TcpProxy[] = [];
  /** What connections told of themselves. */
  readonly errors: Error[] = [];

  constructor(server: RedisServer) {
    this.#server = server;
  }

  /** Another object on the same queue. */
  connect(
    more: {
      readonly url?: string;
      readonly answerWithinMs?: number;
      readonly store?: string;
      readonly nowMs?: () => number;
    } = {},
  ): Queue {
    const { nowMs, ...options } = more;
    const queue = createRedisQueue(
      { url: this.#server.socket, name: this.name, onError: error => this.errors.push(error), ...options },
      nowMs,
    );
    this.#queues.push(queue);
    return queue;
  }

  /** An object whose connection a test can harm. */
  async connectThroughProxy(
    more: { readonly answerWithinMs?: number } = {},
  ): Promise<{ queue: Queue; proxy: TcpProxy }> {
    const proxy = await TcpProxy.start({ path: this.#server.socket });
    this.#proxies.push(proxy);
    return { proxy, queue: this.connect({ ...more, url: `redis://127.0.0.1:${proxy.port}` }) };
  }

  /** Everything the queue has in Redis, by key without its tag. */
  async keys(): Promise<string[]> {
    const tag = `{millrace:${this.name}}:`;
    return (await this.#server.client.keys(`${tag}*`)).map(key => key.slice(tag.length)).sort();
  }

  /** The name in Redis of one of the keys of the epoch: `nodes`, `heads`. */
  keyOf(part: string): string {
    const [queue] = this.#queues;
    return `{millrace:${this.name}}:${queue!.epoch}:${part}`;
  }

  async close(): Promise<void> {
    for (const queue of this.#queues) await queue.close();
    for (const proxy of this.#proxies) await proxy.close();
  }
}

/** For `loseReplyTo`: the request that runs a script the server has seen. */
export function runs(name: ScriptName): (request: Buffer) => boolean {
  return request => request.includes(`\r\n${name}\r\n`);
}
