// Three coordinators behind HTTP take instances from the client while one after the other is killed with SIGKILL and
// started again, master and holder of the folder included. Every instance sent, repeats included, ends exactly once.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { builtFile } from '../../src/observe/thread-entry.js';
import { redisAndPostgres } from '../servers/redis-and-postgres.js';

const count = Number(process.env.COUNT ?? 30_000);
const killEveryMs = 2_500;
const kills = Number(process.env.KILLS ?? 4);

const servers = redisAndPostgres();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

class Coordinator {
  #process: ChildProcess | null = null;

  constructor(
    readonly port: number,
    readonly args: readonly string[],
    readonly env: NodeJS.ProcessEnv,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const args = [
      fileURLToPath(builtFile('src/cli/main.js')),
      'start',
      '--port',
      String(this.port),
      '--health-port',
      '0',
      ...this.args,
    ];
    const child = spawn(process.execPath, args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let errors = '';
    child.stderr.on('data', chunk => {
      errors = `${errors}${String(chunk)}`.slice(-4_000);
    });
    const ready = new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', line => {
        if (line.includes('is ready')) resolve();
      });
      child.once('exit', code => reject(new Error(`ended with ${code} before it was ready: ${errors}`)));
    });
    await ready;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = await ended;
    return code as number | null;
  }
}

test.each(['PostgreSQL', 'one PGlite folder'])(
  `${count} instances sent over HTTP to three coordinators on %s, one killed again and again`,
  { timeout: 300_000 },
  async home => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-service-'));
    const env: NodeJS.ProcessEnv = { ...process.env, MILLRACE_REDIS: servers.redis.socket };
    if (home === 'PostgreSQL') env.MILLRACE_POSTGRES = await servers.postgres.newDatabase();
    const args = ['--data', join(folder, 'data'), '--cluster', folder.slice(folder.lastIndexOf('/') + 1)];
    args.push('--failover-window', '3', '--threads', '1');
    const all = await Promise.all(Array.from({ length: 3 }, async () => new Coordinator(await freePort(), args, env)));
    await Promise.all(all.map(each => each.start()));
    const client = createClient({ urls: all.map(({ url }) => url), deadlineMs: 120_000 });
    await client.deploy({ name: '/killed/flow', actions: [{ name: 'a', type: 'null' }], flows: [] });

    let isSent = false;
    const disturbing = (async () => {
      for (let at = 0; at < kills; at++) {
        await passed(killEveryMs);
        const victim = all[at % all.length]!;
        await victim.kill();
        await victim.start();
      }
    })();
    // Slow enough to last as long as the kills.
    const records = (async function* () {
      for (let n = 0; n < count; n++) {
        if (n % 500 === 0) await passed((kills * killEveryMs * 500) / count);
        yield { workflow: '/killed/flow', input: { n } };
      }
      isSent = true;
    })();
    const sent = await client.submitMany(records);
    await disturbing;
    expect(isSent).toBe(true);
    expect(sent.submitted).toBe(count);

    const counts = async () => {
      const { counts: found } = (await (await fetch(`${all[0]!.url}/v1/instances?limit=1`)).json()) as {
        counts: { state: string; instances: number }[];
      };
      return Object.fromEntries(found.map(({ state, instances }) => [state, instances]));
    };
    await expect.poll(counts, { timeout: 60_000, interval: 500 }).toEqual({ finished: count });
    const codes = await Promise.all(all.map(each => each.kill('SIGTERM')));
    expect(codes).toEqual([0, 0, 0]);
    rmSync(folder, { recursive: true });
  },
);
