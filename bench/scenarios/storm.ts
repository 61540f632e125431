// Everything fails, always: what does an attempt cost when it is recorded and tried again?
//
// The delays are short (10, 20, 40, 80, 160 ms), so that the work is measured and not the waiting.

import { plainScenario, type Scenario } from './scenario.js';

export const storm: Scenario = {
  ...plainScenario,
  name: 'storm',
  sentence: 'every action fails and is retried 5 times (10 ms, doubling), then the instance is kept as failed',
  size: 10_000,
  toySize: 100,
  action: 'refuse',
  retry: { retries: 5, delayMs: 10, factor: 2 },
  peers: ['bullmq', 'pg-boss'],
};
