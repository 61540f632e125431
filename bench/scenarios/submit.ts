// Submits alone, by the client over HTTP, durable, nothing executed: how many instances a second, in what memory?

import { plainScenario, type Scenario } from './scenario.js';

export const submit: Scenario = {
  ...plainScenario,
  name: 'submit',
  sentence: '1,000,000 by the client over HTTP, durable, nothing executed; BullMQ addBulk, Fastify that stores nothing',
  arrival: 'submit',
  size: 1_000_000,
  toySize: 1_200,
  peers: ['bullmq', 'fastify'],
};
