// Tests run in processes of their own: many of them start threads, hold ports or block their event loop. Grammars are
// generated first: tests read the source, not what was built. Much of their time is waiting, for leases and children, so
// one file more runs at a time than there are processors. How long a wait for something may take is not what a test is
// about: where it comes at once it costs nothing to allow a busy machine half a minute.
//
// Files of rooms whose tests leave nothing behind in their process share one, one after the other, and with it what is
// loaded and compiled: a second or two of a processor each. A file that changes its process, or measures it, has one alone.

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/long-first.js';
import { optimizeLater } from './test/optimize-later.js';

const rooms = ['api', 'audit', 'config', 'flow', 'time', 'triggers', 'workflow'];
const measuring = ['long-loop', 'hostile', 'substitute', 'bad-calendar', 'follow', 'stream'].join('|');
const together = [
  ...rooms.map(room => `test/${room}/**/!(${measuring}).test.ts`),
  `test/engine/!(${measuring}).test.ts`,
];

// Not inherited (`extends`): a project's own number of workers would stand above that of the command line.
const each = {
  setupFiles: ['test/seed.ts', 'test/each-file.ts'],
  pool: 'forks',
  execArgv: [optimizeLater],
  testTimeout: 120_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 30_000 } },
} as const;

export default defineConfig({
  test: {
    globalSetup: ['scripts/build-grammars.ts', 'test/servers/initialised-clusters.ts'],
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    projects: [
      { test: { ...each, name: 'alone', include: ['test/**/*.test.ts'], exclude: together } },
      { test: { ...each, name: 'together', include: together, isolate: false } },
    ],
  },
});
