// The order of execution by itself: what do throttles, rates, priorities, fairness and blocked work cost a claim?

import { plainScenario, type Scenario } from './scenario.js';

export const order: Scenario = {
  ...plainScenario,
  name: 'order',
  sentence: 'claims of both queues under throttles, rates, priorities, fairness, beside blocked work, over plain ones',
  arrival: 'order',
  size: 2_000,
  toySize: 20,
  rounds: 5,
};
