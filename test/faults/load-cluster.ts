// Three engines in three processes under load (test/ledger/load-child.mjs), for tests that disturb them.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { nemesis } from '../ledger/nemesis.js';
import { Child } from './child-process.js';

export const loadScript = fileURLToPath(new URL('../ledger/load-child.mjs', import.meta.url));

export interface LoadOptions {
  /** URL or socket. */
  readonly redis: string;
  /** URL; absent: the engines share the folder. */
  readonly postgres?: string;
  readonly leaseMs: number;
  /** More for the load's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Have something done when the test has ended. */
export type AtEnd = (what: () => Promise<void>) => void;

export class LoadCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
  readonly children: Child[] = [];
  readonly env: Readonly<Record<string, string>>;

  private constructor({ redis, postgres, leaseMs, env }: LoadOptions) {
    this.env = {
      LOAD_REDIS: redis,
      LOAD_CLUSTER: this.name,
      LOAD_LEASE_MS: `${leaseMs}`,
      ...(postgres === undefined ? {} : { LOAD_POSTGRES: postgres }),
      ...env,
    };
  }

  /**
   * The engines `a`, `b` and `c`, which die with the test at the latest; the first one leads.
   *
   * @param atEnd of the test's context, where tests run side by side
   */
  static async start(options: LoadOptions, atEnd: AtEnd = onTestFinished): Promise<LoadCluster> {
    const cluster = new LoadCluster(options);
    atEnd(() => cluster.kill());
    await cluster.#join('a');
    await Promise.all([cluster.#join('b'), cluster.#join('c')]);
    return cluster;
  }

  async #join(name: string): Promise<void> {
    const child = new Child(loadScript, [this.folder], { ...this.env, LOAD_NAME: name, LOAD_TELL: '1' });
    this.children.push(child);
    await child.line(/^ready/);
  }

  /** Of the queue they share. */
  get name(): string {
    return this.folder.slice(this.folder.lastIndexOf('/') + 1);
  }

  get ledger(): string {
    return join(this.folder, 'ledger.jsonl');
  }

  /** With SIGKILL all at once. */
  async kill(): Promise<void> {
    await Promise.all(this.children.map(child => child.kill()));
  }

  /** With SIGTERM all at once: each carries out what it has begun. Their exit codes. */
  stop(): Promise<(number | null)[]> {
    for (const child of this.children) child.process.kill('SIGTERM');
    return Promise.all(this.children.map(child => child.exited));
  }

  /** An engine more brings all to its end, and exports it. Of its own it adds what ends soon. */
  async settle(limitMs: number): Promise<void> {
    const env = { ...this.env, LOAD_NAME: 'last', LOAD_LONG_MS: '0' };
    await nemesis({ script: loadScript, args: [this.folder], env, kills: 0, minMs: 0, maxMs: 0, limitMs });
  }
}
