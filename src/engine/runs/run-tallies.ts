// Sums of what actions and runs of a commit took, by workflow and action.

import type { RunTally } from '../../store/runs.js';
import type { CommitItem } from '../commit/commit-builder.js';

type Sum = { -readonly [Key in keyof RunTally]: RunTally[Key] };

export class Tallies {
  readonly #names = new Map<string, Map<string, Sum>>();

  add(name: string, action: string, count: number, runMs: number, waitMs: number, premature: number): void {
    let actions = this.#names.get(name);
    if (actions === undefined) {
      actions = new Map();
      this.#names.set(name, actions);
    }
    const sum = actions.get(action);
    if (sum === undefined) {
      actions.set(action, { name, action, count, runMs, waitMs, premature });
      return;
    }
    sum.count += count;
    sum.runMs += runMs;
    sum.waitMs += waitMs;
    sum.premature += premature;
  }

  list(): RunTally[] {
    return [...this.#names.values()].flatMap(actions => [...actions.values()]);
  }
}

/** Executions that ended well: those that failed, or came to nothing at a trigger, are in the history and in no average. */
export function actionTallies(item: CommitItem, tallies: Tallies): void {
  const { plan, path, outcome, exits, positions } = item;
  if (outcome.kind === 'unfired' || outcome.kind === 'waiting') return;
  const last = path.length - 1;
  for (let step = 0; step <= last; step++) {
    const exit = exits?.[step] ?? 'normal';
    if (exit === 'error' || exit === 'timeout' || (outcome.kind === 'failed' && step === last)) continue;
    const waitMs = step === 0 ? waitedMs(item) : 0;
    tallies.add(plan.name, plan.actions[path[step]!]!.name, positions.length, ranMs(item, step), waitMs, 0);
  }
}

/** Of all members together. */
function ranMs({ times, path, positions }: CommitItem, step: number): number {
  let sumMs = 0;
  for (let member = 0, at = 2 * step; member < positions.length; member++, at += 2 * path.length) {
    sumMs += Math.max(0, times[at + 1]! - times[at]!);
  }
  return sumMs;
}

/** From when they could begin, or came to the trigger, to when they began, of all members together. */
function waitedMs(item: CommitItem): number {
  const { times, path, positions, baseMs } = item;
  let sumMs = 0;
  for (let member = 0; member < positions.length; member++) {
    sumMs += Math.max(0, baseMs + times[member * path.length * 2]! - reachedMs(item, member));
  }
  return sumMs;
}

/** When a member could begin its transaction, or came to the trigger at which that begins. */
export function reachedMs({ arrivedMs, held }: Pick<CommitItem, 'arrivedMs' | 'held'>, member: number): number {
  return arrivedMs?.[member] ?? held.segment.eligibleAtMs;
}

/** The same for all members, in ms before `baseMs`, as the audit keeps it: a number when they have one. */
export function reachedBefore(item: CommitItem): number | readonly number[] {
  const { arrivedMs, baseMs, held } = item;
  return arrivedMs?.map(atMs => baseMs - atMs) ?? baseMs - held.segment.eligibleAtMs;
}
