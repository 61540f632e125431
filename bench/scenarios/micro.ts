// Parts of the engine by themselves, with tinybench: where do the microseconds of an instance go?

import { plainScenario, type Scenario } from './scenario.js';

export const micro: Scenario = {
  ...plainScenario,
  name: 'micro',
  sentence: 'tinybench over single parts: transition, plan, serialization, the action itself; no peers',
  arrival: 'micro',
  size: 3_000,
  toySize: 20,
  rounds: 1,
};
