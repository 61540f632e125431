// Ten minutes without a pause: do disk and memory stay flat, and how long is the longest commit?

import { plainScenario, type Scenario } from './scenario.js';

export const sustained: Scenario = {
  ...plainScenario,
  name: 'sustained',
  sentence: 'ten minutes of load with 10,000 open at most: disk, memory, longest commit',
  arrival: 'sustained',
  size: 10_000,
  toySize: 500,
  durationMs: 600_000,
  toyDurationMs: 2_000,
  rounds: 1,
};
