// An engine is killed in the middle of an operation on many: said again, it comes to what it would have come to.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import { Child } from './child-process.js';

const child = fileURLToPath(new URL('children/operation.mjs', import.meta.url));
const instances = 600;

test.each([
  ['rename', { to: '/renamed/' }, '/renamed/flow', 'ready'],
  ['remove', { force: true }, '/killed/flow', 'removed'],
] as const)(
  '%s, killed in its middle and said again',
  { timeout: 120_000 },
  async (operation, options, workflow, state) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-operation-'));
    const killed = new Child(child, [folder, operation, JSON.stringify(options)], {});
    let engine: Awaited<ReturnType<typeof createEngine>> | null = null;
    try {
      const told = Number((await killed.line(/^progress/)).split(' ')[1]);
      await killed.kill();
      expect(told).toBeGreaterThan(0);
      expect(told).toBeLessThan(instances);
      engine = await createEngine({ dataFolder: folder, loggers: nullLoggers });
      const done = await engine[operation]('/killed/', options as { to: string; force: true });
      // What had been told was durable, and is not done again.
      expect(done.contexts).toBe(instances - told);
      expect(await engine.count('/')).toEqual([{ workflow, state, instances }]);
    } finally {
      await killed.kill();
      await engine?.dispose(0);
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
