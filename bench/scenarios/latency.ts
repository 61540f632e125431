// An idle engine: how long from submit to a stored end?

import { plainScenario, type Scenario } from './scenario.js';

export const latency: Scenario = {
  ...plainScenario,
  name: 'latency',
  sentence: 'one instance at a time, the next when the last has ended; ratios are of p50, less is better',
  arrival: 'one-at-a-time',
  size: 2_000,
  toySize: 25,
  measure: 'p50Ms',
  peers: ['bullmq', 'graphile-worker', 'pg-boss'],
};
