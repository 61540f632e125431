// After a restart nothing is cached: how much slower is a drain that reads everything from the store?

import { plainScenario, type Scenario } from './scenario.js';

export const cold: Scenario = {
  ...plainScenario,
  name: 'cold',
  sentence: 'drain right after a restart, nothing cached, against drained warm (subject.ratio)',
  arrival: 'restart',
};
