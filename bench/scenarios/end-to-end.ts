// One workflow, one action: how many instances a second go from submit to a stored end?

import { plainScenario, type Scenario } from './scenario.js';

export const endToEnd: Scenario = {
  ...plainScenario,
  name: 'end-to-end',
  sentence: 'one workflow with one action, submitted in batches of 500 and executed meanwhile',
  peers: ['bullmq', 'graphile-worker', 'pg-boss'],
};
