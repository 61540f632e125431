// A Redis server of a test's own: a unix socket in a folder of its own, nothing kept unless it is asked for.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { standStill } from './standstill.js';

export class RedisServer {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'millrace-redis-'));
  readonly #settings: readonly string[];
  #process: ChildProcess | null = null;
  #client: Redis | null = null;

  private constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  }

  /** @param settings of redis.conf, beside or instead of ours */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const server = new RedisServer(settings);
    await server.restart();
    return server;
  }

  /** Path of its socket, which a client takes as its URL. */
  get socket(): string {
    return path.join(this.#folder, 'redis.sock');
  }

  /** A client for what a test does behind the queue's back. */
  get client(): Redis {
    if (this.#client === null) throw new Error('the server does not run');
    return this.#client;
  }

  /** Start it after a `kill`. What it had is what was saved: nothing, unless a test has saved it. */
  async restart(): Promise<void> {
    const args = ['--port', '0', '--unixsocket', this.socket, '--dir', this.#folder, '--save', ''];
    const child = spawn('/usr/bin/redis-server', [...args, '--maxmemory-policy', 'noeviction', ...this.#settings]);
    this.#process = child;
    const client = new Redis(this.socket, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => {}); // until it listens
    await Promise.race([
      client.ping().catch(error => (String(error).includes('NOAUTH') ? null : Promise.reject(error))),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`redis-server ended with ${code}`))),
      passed(10_000, null, { ref: false }).then(() => Promise.reject(new Error('redis-server does not answer'))),
    ]);
    this.#client = client;
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#client?.disconnect();
    this.#client = null;
    this.#process = null;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Stand still until `goOn`. */
  async standStill(): Promise<void> {
    if (this.#process !== null) await standStill(this.#process);
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
