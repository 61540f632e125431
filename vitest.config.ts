// Tests run in processes of their own: many of them start threads, hold ports or block their event loop. Grammars are
// generated first: tests read the source, not what was built. Much of their time is waiting, for leases and children, so
// all processors are used, and two files run at a time on a machine with one. How long a wait for something may take is
// not what a test is about: where it comes at once it costs nothing to allow a busy machine half a minute.

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['scripts/build-grammars.ts'],
    setupFiles: ['test/seed.ts'],
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
