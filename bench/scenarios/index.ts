// All scenarios, in the order of the help text.

import { backlog } from './backlog.js';
import { cold } from './cold.js';
import { endToEnd } from './end-to-end.js';
import { endToEndCluster, endToEndCluster3 } from './end-to-end-cluster.js';
import { flowCharts, flows } from './flows.js';
import { io } from './io.js';
import { latency } from './latency.js';
import { micro } from './micro.js';
import { mixed } from './mixed.js';
import { backlogRedis, coldRedis, endToEndRedis, mixedRedis } from './on-redis.js';
import { order } from './order.js';
import type { Scenario } from './scenario.js';
import { due, sleepers, sleepersApart } from './sleepers.js';
import { steps } from './steps.js';
import { storm } from './storm.js';
import { submit } from './submit.js';
import { sustained } from './sustained.js';
import { time } from './time.js';
import { year } from './year.js';

export const scenarios: readonly Scenario[] = [
  endToEnd,
  mixed,
  steps,
  io,
  storm,
  latency,
  backlog,
  cold,
  sustained,
  submit,
  endToEndRedis,
  endToEndCluster,
  endToEndCluster3,
  mixedRedis,
  backlogRedis,
  coldRedis,
  micro,
  flows,
  time,
  sleepers,
  due,
  year,
  order,
];

/** @throws Error naming the scenarios there are */
export function scenarioNamed(name: string): Scenario {
  const scenario = [...scenarios, ...flowCharts, ...sleepersApart].find(each => each.name === name);
  if (scenario !== undefined) return scenario;
  throw new Error(`unknown scenario "${name}"; there are: ${scenarios.map(each => each.name).join(', ')}`);
}
