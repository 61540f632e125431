// Neighbours never share a branch and a priority: what do order and scattered bodies cost?

import { plainScenario, type Scenario } from './scenario.js';

export const mixed: Scenario = {
  ...plainScenario,
  name: 'mixed',
  sentence: '10 priorities x 20 branches, interleaved; the peers with their priorities',
  branches: 20,
  priorities: 10,
  peers: ['bullmq', 'graphile-worker', 'pg-boss'],
};
