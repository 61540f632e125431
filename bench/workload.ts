// What is submitted: instance `i` of a scenario, and the batches they travel in. The same for every contestant.

import type { FilmRecord } from './records.js';
import type { Scenario } from './scenarios/scenario.js';

/** Instances a submit call carries, for us and for the peers. */
export const batchSize = 500;

/** `one-at-a-time`: instances before the measured ones, so that compiled code is measured and not the compiler. */
export function warmUpCount(setting: { readonly isToy: boolean }): number {
  return setting.isToy ? 5 : 100;
}

/** One instance to submit. */
export interface Work {
  /** 0 to `scenario.branches` - 1. */
  readonly branch: number;
  /** 1 (first) to `scenario.priorities`, or `null` when the scenario has none. */
  readonly priority: number | null;
  readonly record: FilmRecord;
}

/** What a job carries: the record, and when it was handed to submit (`performance.now()` of the child process). */
export type Payload = { readonly record: FilmRecord; readonly submittedAtMs: number; readonly step: number };

/** Instance `index`: neighbours differ in priority, then in branch, so that nothing lies in order. */
export function workOf(scenario: Scenario, films: readonly FilmRecord[], index: number): Work {
  return {
    branch: Math.floor(index / scenario.priorities) % scenario.branches,
    priority: scenario.priorities > 1 ? 1 + (index % scenario.priorities) : null,
    record: films[index % films.length]!,
  };
}

/** All instances of a round, in batches of `batchSize`. */
export function* batches(scenario: Scenario, films: readonly FilmRecord[], size: number): Generator<Work[]> {
  for (let from = 0; from < size; from += batchSize) {
    const count = Math.min(batchSize, size - from);
    yield Array.from({ length: count }, (_, offset) => workOf(scenario, films, from + offset));
  }
}

/** What the scores of `size` instances add up to. */
export function expectedChecksum(
  films: readonly FilmRecord[],
  score: (record: FilmRecord) => number,
  size: number,
): number {
  const scores = films.map(score);
  let sum = 0;
  for (let index = 0; index < size; index++) sum += scores[index % scores.length]!;
  return sum;
}

/** Attempts of actions a scenario of `size` instances makes when nothing is run twice. */
export function expectedActions(scenario: Scenario, size: number): number {
  return size * actionsOf(scenario) * (scenario.action === 'refuse' ? scenario.retry.retries + 1 : 1);
}

/** Actions of one instance. */
export function actionsOf({ shape, steps, actionsPerStep }: Scenario): number {
  switch (shape) {
    case 'sequence':
      return steps * actionsPerStep;
    case 'split':
      return steps + 2;
    case 'loop':
      return steps;
  }
}
