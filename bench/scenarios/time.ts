// Time expressions by themselves: how long does the next firing take?

import { plainScenario, type Scenario } from './scenario.js';

export const time: Scenario = {
  ...plainScenario,
  name: 'time',
  sentence: 'next firings of cron expressions beside croner, cron-parser and rrule; calendars; what never comes',
  arrival: 'time',
  size: 200,
  toySize: 1,
  rounds: 3,
};
