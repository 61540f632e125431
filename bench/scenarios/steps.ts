// Three actions with two transaction breaks: what does a durable step cost beside a whole instance?
//
// graphile-worker runs it only when asked for: it adds each next step with a commit of its own and takes minutes a round.

import { plainScenario, type Scenario } from './scenario.js';

export const steps: Scenario = {
  ...plainScenario,
  name: 'steps',
  sentence: '3 actions with 2 transaction breaks; subject.ratio is actions a second over those of end-to-end',
  size: 50_000,
  toySize: 100,
  steps: 3,
  peers: ['bullmq', 'pg-boss'],
  baseline: { scenario: 'end-to-end', ratio: 'here-over-there' },
};
