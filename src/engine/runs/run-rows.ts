// What a commit tells the history of runs: marked ones that begin and end in it, lives that are over, and what actions took.
//
// Nothing is written for an instance: averages are sums of a commit by name, and marked runs that begin or end together are one
// row. A marked run is over where its end is reached, and broken off when its instance leaves before that.

import type { Commit, Segment } from '../../store/contract.js';
import type { PassedRuns, RunChanges, RunEnds, RunGroup } from '../../store/runs.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { momentsOf } from '../deadlines/deadline-rows.js';
import type { IdSource } from '../ids.js';
import { runStepsOf, timeAt, timeOf } from './run-steps.js';
import { actionTallies, Tallies } from './run-tallies.js';

export interface RunWorld {
  /** Whether a workflow version marks where runs begin and end. */
  readonly isMarked: (workflow: number) => boolean;
  /** Whether some version of a workflow does: its instances may have begun with that one. */
  readonly mayBeMarked: (name: string) => boolean;
  /** The audit tells what actions took. */
  readonly tellsActions: boolean;
}

/**
 * @param told items of the commit whose members are in the audit
 * @param leaving segments that others left because of what the items came to
 */
export function withRunHistory(
  commit: Commit,
  told: readonly CommitItem[],
  leaving: Iterable<Segment>,
  world: RunWorld,
  ids: IdSource,
): Commit {
  const marked = new MarkedRuns(ids);
  for (const item of told) marked.add(item);
  const tallies = new Tallies();
  const broken = new Ends();
  const createdMs = commit.outcomes.length === 0 ? new Map<string, number>() : creations(told, leaving);
  for (const { root, workflow, name, state, ordinals, finishedAtMs } of commit.outcomes) {
    if (world.mayBeMarked(name)) for (const ordinal of ordinals) broken.add(root, ordinal, finishedAtMs);
    if (world.isMarked(workflow)) continue;
    if (state === 'removed') tallies.add(name, '', 0, 0, 0, ordinals.length);
    else {
      const lifeMs = Math.max(0, finishedAtMs - createdMs.get(root)!);
      tallies.add(name, '', ordinals.length, ordinals.length * lifeMs, 0, 0);
    }
  }
  if (world.tellsActions) for (const item of told) actionTallies(item, tallies);
  const changes: RunChanges = { ...marked.changes(), broken: broken.list(), tallies: tallies.list() };
  if (Object.values(changes).every((list: readonly unknown[]) => list.length === 0)) return commit;
  return { ...commit, runs: changes };
}

/** When the roots were made. */
function creations(told: readonly CommitItem[], leaving: Iterable<Segment>): Map<string, number> {
  const found = new Map<string, number>();
  for (const { held } of told) found.set(held.segment.root, held.segment.createdAtMs);
  for (const { root, createdAtMs } of leaving) found.set(root, createdAtMs);
  return found;
}

/** Ends of members, each once. */
class Ends {
  readonly #roots = new Map<string, Map<number, number>>();

  add(root: string, ordinal: number, atMs: number): void {
    const ends = this.#roots.get(root) ?? new Map<number, number>();
    this.#roots.set(root, ends);
    ends.set(ordinal, Math.min(atMs, ends.get(ordinal) ?? atMs));
  }

  list(): RunEnds[] {
    return [...this.#roots].map(([root, ends]) => {
      const sorted = [...ends].sort(([a], [b]) => a - b);
      return {
        root,
        ordinals: Uint16Array.from(sorted, ([ordinal]) => ordinal),
        endedMs: sorted.map(([, atMs]) => atMs),
      };
    });
  }
}

/** Runs of workflows that mark them. COST nothing for others. */
class MarkedRuns {
  readonly #ids: IdSource;
  readonly #begun: RunGroup[] = [];
  readonly #ended = new Ends();
  readonly #passed: PassedRuns[] = [];
  readonly #begunAgain: RunGroup[] = [];
  /** Two contexts of an instance may reach a start at once. */
  readonly #beginning = new Set<string>();

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  add(item: CommitItem): void {
    const { segment } = item.held;
    // A workflow that another one calls has no runs of its own.
    if (item.plan.runs === undefined || segment.name !== item.plan.name) return;
    for (const [index, { start, end }] of runStepsOf(item).entries()) {
      const isFirst = index === 0;
      if (isFirst && start !== null) this.#begin(this.#begun, item, start);
      if (isFirst && end !== null) {
        for (const member of item.positions.keys())
          this.#ended.add(segment.root, ordinalOf(item, member), timeOf(item, end, member));
      }
      if (isFirst || start === null) continue;
      if (end === null) this.#begin(this.#begunAgain, item, start);
      else {
        const members = [...item.positions.keys()];
        const endedMs = members.map(member => Math.max(timeOf(item, end, member), timeOf(item, start, member)));
        this.#passed.push({ ...this.#group(item, start, members), endedMs });
      }
    }
  }

  changes(): Omit<RunChanges, 'broken' | 'tallies'> {
    return { begun: this.#begun, ended: this.#ended.list(), passed: this.#passed, begunAgain: this.#begunAgain };
  }

  #begin(list: RunGroup[], item: CommitItem, step: number): void {
    const members = [...item.positions.keys()].filter(member => {
      const key = `${list === this.#begun} ${item.held.segment.root} ${ordinalOf(item, member)}`;
      if (this.#beginning.has(key)) return false;
      this.#beginning.add(key);
      return true;
    });
    if (members.length > 0) list.push(this.#group(item, step, members));
  }

  #group(item: CommitItem, step: number, members: readonly number[]): RunGroup {
    const { root, workflow, name } = item.held.segment;
    const { deadline } = item.plan;
    const moments = deadline?.from === 'run' ? momentsOf(deadline, timeAt(item, step, Math.max)) : null;
    return {
      id: this.#ids.next(),
      root,
      workflow,
      name,
      dueMs: moments?.dueMs ?? null,
      ordinals: Uint16Array.from(members, member => ordinalOf(item, member)),
      startedMs: members.map(member => timeOf(item, step, member)),
    };
  }
}

function ordinalOf({ held, positions }: CommitItem, member: number): number {
  return held.segment.ordinals[positions[member]!]!;
}
