// Tests run in processes of their own: many of them start threads, hold ports or block their event loop. Grammars are
// generated first: tests read the source, not what was built.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['scripts/build-grammars.ts'],
    pool: 'forks',
    testTimeout: 30_000,
  },
});
