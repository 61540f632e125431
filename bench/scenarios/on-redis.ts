// One engine with its queue in Redis and its store in a folder: what does the shared queue cost?

import { backlog } from './backlog.js';
import { cold } from './cold.js';
import { endToEnd } from './end-to-end.js';
import { mixed } from './mixed.js';
import type { Scenario } from './scenario.js';

const home = 'folder-and-redis';

export const endToEndRedis: Scenario = {
  ...endToEnd,
  name: 'end-to-end-redis',
  sentence: 'end-to-end with the queue in Redis',
  home,
  peers: ['bullmq'],
};

export const mixedRedis: Scenario = {
  ...mixed,
  name: 'mixed-redis',
  sentence: 'mixed with the queue in Redis',
  home,
  peers: ['bullmq'],
};

export const backlogRedis: Scenario = {
  ...backlog,
  name: 'backlog-redis',
  sentence: 'backlog with the queue in Redis, and what it takes there',
  home,
};

export const coldRedis: Scenario = { ...cold, name: 'cold-redis', sentence: 'cold with the queue in Redis', home };
