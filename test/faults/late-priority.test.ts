// A late instance of the highest priority overtakes all but the work that already waits in the threads (D8).

import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { RedisServer } from '../servers/redis-server.js';

const module = fileURLToPath(new URL('../fixtures/engine/actions.mjs', import.meta.url));
const threads = 2;
const busyMs = 2;
/** 25 ms of measured work a thread; measured work is noisy on a loaded machine, so as much again. */
const waitingMs = 2 * 25;

test.each(['its own queue', 'Redis'])(
  'a late instance of priority 1 among 20,000 of priority 10 starts after at most 25 ms of work a thread, %s',
  async queue => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-late-'));
    const file = join(folder, 'starts');
    const redis = queue === 'Redis' ? await RedisServer.start() : null;
    const engine = await createEngine({ dataFolder: 'memory', threads, redis: redis?.socket ?? null });
    try {
      await engine.deploy({
        name: '/late/busy',
        module,
        actions: [{ name: 'act', type: 'call', function: 'noteBusyStart' }],
        flows: [],
      });
      const record = (label: string, priority: number) => ({
        workflow: '/late/busy',
        priority,
        input: { file, label, busyMs },
      });
      await engine.submitMany(Array.from({ length: 20_000 }, () => record('10', 10)));
      await engine.start();
      // Until the cost of the action is known and the threads are full.
      await expect.poll(async () => (await engine.status()).finished).toBeGreaterThan(500);

      const late = await engine.submit(record('1', 1));
      appendFileSync(file, 'acknowledged\n');
      expect((await engine.result(late)).state).toBe('finished');

      const lines = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map(line => line.split(' ')[0]);
      const startedBefore = lines.indexOf('1') - lines.indexOf('acknowledged') - 1;
      console.log(
        `${Math.max(0, startedBefore)} starts of priority 10 between the acknowledgement and the late instance`,
      );
      expect(startedBefore).toBeLessThanOrEqual(threads * (waitingMs / busyMs + 1));
    } finally {
      await engine.dispose(0);
      await redis?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
