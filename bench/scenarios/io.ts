// Actions that wait for something else: does anything but the wait cost time?

import { plainScenario, type Scenario } from './scenario.js';

export const io: Scenario = {
  ...plainScenario,
  name: 'io',
  sentence: '10,000 instances whose action awaits 50 ms, 100 at once',
  size: 10_000,
  toySize: 300,
  action: 'scoreLater',
  waitMs: 50,
  concurrency: 100,
  peers: ['bullmq', 'graphile-worker', 'pg-boss'],
};
