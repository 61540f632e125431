// Where on the path of a transaction runs begin and end, and when its members came there.

import type { CommitItem } from '../commit/commit-builder.js';
import { isEntered, runMarkOf } from '../commit/commit-trace.js';

/** A run by steps of the path. Of one whose start lies before the transaction only the end is here, and the other way round. */
export interface RunSteps {
  readonly start: number | null;
  readonly end: number | null;
}

export function runStepsOf(item: CommitItem): RunSteps[] {
  const runs: RunSteps[] = [];
  let start: number | null = null;
  for (const step of item.path.keys()) {
    if (!isEntered(item, step)) continue;
    switch (runMarkOf(item, step)) {
      case 'start':
        start ??= step;
        break;
      case 'end':
        runs.push({ start, end: step });
        start = null;
        break;
      case null:
        break;
    }
  }
  return start === null ? runs : [...runs, { start, end: null }];
}

/** When the members reached a step. @param choose one of their times */
export function timeAt(item: CommitItem, step: number, choose: typeof Math.max): number {
  let found = timeOf(item, step, 0);
  for (let member = 1; member < item.positions.length; member++) found = choose(found, timeOf(item, step, member));
  return found;
}

/** When one of the members did. */
export function timeOf({ baseMs, times, path }: CommitItem, step: number, member: number): number {
  return baseMs + times[member * path.length * 2 + 2 * step]!;
}
