// A million ready instances: are claims and submits as fast as with ten thousand?

import { plainScenario, type Scenario } from './scenario.js';

export const backlog: Scenario = {
  ...plainScenario,
  name: 'backlog',
  sentence: 'drain and submit with 1,000,000 ready against 10,000 (subject.ratio)',
  arrival: 'backlog',
  size: 1_000_000,
  toySize: 2_000,
  smallSize: 10_000,
  smallToySize: 500,
  rounds: 1,
};
