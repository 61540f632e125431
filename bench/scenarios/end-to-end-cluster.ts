// The store in PostgreSQL, the queue in Redis: how fast is one engine, and are three on the same machine no slower?

import { endToEnd } from './end-to-end.js';
import type { Scenario } from './scenario.js';

export const endToEndCluster: Scenario = {
  ...endToEnd,
  name: 'end-to-end-cluster',
  sentence: 'end-to-end on PostgreSQL and Redis; subject.ratio is three engine processes over one',
  home: 'postgres-and-redis',
  peers: ['bullmq', 'graphile-worker'],
  baseline: { scenario: 'end-to-end-cluster-3', ratio: 'there-over-here' },
};

export const endToEndCluster3: Scenario = {
  ...endToEndCluster,
  name: 'end-to-end-cluster-3',
  sentence: 'the same with three engine processes',
  engines: 3,
  peers: [],
  baseline: null,
};
