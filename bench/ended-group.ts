// Instances that ended together, as they travel from an engine, in this process or another, to the tally of a round.

import type { EndedInstances } from '../src/engine/index.js';
import type { Scenario } from './scenarios/scenario.js';

export interface EndedGroup {
  /** What the ids of a batch have in common. */
  readonly root: string;
  /** When they were submitted, milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly scores: readonly number[];
}

/** How many characters of an id are its root's. */
export const rootLength = 32;

export function groupOf(scenario: Scenario, ended: EndedInstances): EndedGroup {
  return {
    root: ended.instance(0).slice(0, rootLength),
    createdAtMs: ended.createdAtMs,
    scores: Array.from({ length: ended.count }, (_, index) => scoreOf(scenario, ended, index)),
  };
}

export function scoreOf(scenario: Scenario, ended: EndedInstances, index: number): number {
  if (scenario.action === 'refuse') return Number(ended.error(index)!.message.split(' ')[1]);
  return Number(ended.resultText(index));
}
