// A year of schedules, calendars and deadlines in some seconds.

import { plainScenario, type Scenario } from './scenario.js';

export const year: Scenario = {
  ...plainScenario,
  name: 'year',
  sentence: 'a year of month-end closings with calendars, deadlines and late windows on a clock of its own',
  arrival: 'year',
  size: 12,
  toySize: 12,
};
