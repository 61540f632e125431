// Flow charts: what do ten actions cost with one transaction break and with ten, a split with its join, and a loop?
//
// For a peer a transaction is a job. Of pg-boss no job waits for others: it takes no part in the split.

import { plainScenario, type Scenario } from './scenario.js';

const flowChart = { ...plainScenario, toySize: 40, peers: ['bullmq', 'pg-boss'] } as const;

export const flowsOneBreak: Scenario = {
  ...flowChart,
  name: 'flows-one-break',
  sentence: 'ten actions in sequence, one transaction break in the middle',
  size: 50_000,
  steps: 2,
  actionsPerStep: 5,
};

export const flowsTenBreaks: Scenario = {
  ...flowChart,
  name: 'flows-ten-breaks',
  sentence: 'ten actions in sequence, each a transaction',
  size: 20_000,
  steps: 10,
};

export const flowsSplit: Scenario = {
  ...flowChart,
  name: 'flows-split',
  sentence: 'one action, five at once, one that joins them',
  size: 10_000,
  shape: 'split',
  steps: 5,
  peers: ['bullmq'],
};

export const flowsLoop: Scenario = {
  ...flowChart,
  name: 'flows-loop',
  sentence: 'one action a hundred times, each a transaction',
  size: 2_000,
  toySize: 10,
  shape: 'loop',
  steps: 100,
};

/** The races of `flows`. */
export const flowCharts: readonly Scenario[] = [flowsOneBreak, flowsTenBreaks, flowsSplit, flowsLoop];

export const flows: Scenario = {
  ...plainScenario,
  name: 'flows',
  sentence: `${flowCharts.map(({ name }) => name).join(', ')}; splits of up to 2,000 branches, a loop of --turns`,
  arrival: 'flows',
  size: 20_000,
  toySize: 200,
};
