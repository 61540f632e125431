// Tests run in processes of their own: many of them start threads, hold ports or block their event loop. Grammars are
// generated first: tests read the source, not what was built. Much of their time is waiting, for leases and children, so
// one file more runs at a time than there are processors. How long a wait for something may take is not what a test is
// about: where it comes at once it costs nothing to allow a busy machine half a minute.

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/long-first.js';
import { optimizeLater } from './test/optimize-later.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['scripts/build-grammars.ts', 'test/servers/initialised-clusters.ts'],
    setupFiles: ['test/seed.ts'],
    pool: 'forks',
    execArgv: [optimizeLater],
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
