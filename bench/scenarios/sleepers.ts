// What waits for a time: a million that sleep, and 10,000 that are due at one instant.

import { plainScenario, type Scenario } from './scenario.js';

export const sleepers: Scenario = {
  ...plainScenario,
  name: 'sleepers',
  sentence: '1,000,000 wait for a far time: memory, disk, restart; 10,000 of them wake (six minutes)',
  arrival: 'sleepers',
  size: 1_000_000,
  toySize: 1_000,
  rounds: 1,
};

export const due: Scenario = {
  ...plainScenario,
  name: 'due',
  sentence: '10,000 due at one instant: how late they start, also right after a restart',
  arrival: 'due',
  size: 10_000,
  toySize: 100,
  measure: 'p50Ms',
};

/** By name alone: the same with the queue in Redis; each with a time, or a submit, of its own, and so in a row of its own. */
export const sleepersApart: readonly Scenario[] = [sleepers, due].flatMap(scenario => [
  { ...scenario, name: `${scenario.name}-redis`, home: 'folder-and-redis' },
  { ...scenario, name: `${scenario.name}-apart`, isApart: true },
]);
