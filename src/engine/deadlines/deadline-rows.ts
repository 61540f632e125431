// Which deadlines a commit begins and ends: of instances that are submitted, and of runs that begin or end in a transaction.
//
// Runs are of an instance, not of a flow context. A run begins when an action marked for it is reached and none is under way (the
// store knows, so that a transaction that is tried again does not begin another), and is over when one marked as its end is.
// Members that reach it together have one row: their run counts from the last of them, so that nothing is told early.

import type { Commit, Segment } from '../../store/contract.js';
import type { DeadlineChanges, DeadlineKind, DeadlineRow, EndedRun } from '../../store/deadlines.js';
import { parseInstant } from '../../time/instant.js';
import { applyRelative } from '../../time/relative/apply.js';
import { parseRelative } from '../../time/relative/parse.js';
import { zoneNamed } from '../../time/zone.js';
import { zoneHere } from '../../time/zone-here.js';
import type { Plan } from '../../workflow/plan.js';
import type { PlanDeadline } from '../../workflow/plan-runs.js';
import type { CommitItem } from '../commit/commit-builder.js';
import type { IdSource } from '../ids.js';
import { runStepsOf, timeAt } from '../runs/run-steps.js';

export interface DeadlineMoments {
  readonly dueMs: number;
  readonly approachesMs: number;
}

const defaultWindow = '-1H';

/** Moments of a deadline that counts from `fromMs`; `null`: its expression leads to no moment. */
export function momentsOf(deadline: PlanDeadline, fromMs: number): DeadlineMoments | null {
  const zone = deadline.zone === undefined ? zoneHere() : zoneNamed(deadline.zone);
  const applied = (text: string, atMs: number): number | null => {
    const made = applyRelative(parseRelative(text), atMs, { zone });
    return made.kind === 'at' ? made.atMs : null;
  };
  const dueMs = deadline.at === undefined ? applied(deadline.after!, fromMs) : parseInstant(deadline.at)!;
  if (dueMs === null) return null;
  return { dueMs, approachesMs: applied(deadline.window ?? defaultWindow, dueMs) ?? dueMs };
}

/** Of what is new in a commit: one deadline for all of a root with the same workflow. COST nothing for workflows without one. */
export function withSubmitted(commit: Commit, planOf: (workflow: number) => Plan, ids: IdSource): Commit {
  const alike = new Map<string, { readonly segment: Segment; readonly ordinals: number[] }>();
  const roots = new Set(commit.roots.map(({ id }) => id));
  for (const segment of commit.segments) {
    if (!roots.has(segment.root)) continue;
    if (planOf(segment.workflow).deadline?.from !== 'submission') continue;
    const key = `${segment.root} ${segment.workflow}`;
    const known = alike.get(key) ?? { segment, ordinals: [] };
    known.ordinals.push(...segment.ordinals);
    alike.set(key, known);
  }
  if (alike.size === 0) return commit;
  const begun = [...alike.values()].flatMap(({ segment, ordinals }) => {
    const moments = momentsOf(planOf(segment.workflow).deadline!, segment.createdAtMs);
    return moments === null ? [] : rowsOf(segment, Uint16Array.from(ordinals).sort(), moments, false, ids);
  });
  return {
    ...commit,
    deadlines: { ...none, ...commit.deadlines, begun: [...(commit.deadlines?.begun ?? []), ...begun] },
  };
}

const none: DeadlineChanges = { met: [], passed: [], ended: [], begun: [] };

/** Of runs that begin and end in what the items ran. COST nothing for workflows without a deadline for runs. */
export function withRuns(commit: Commit, items: readonly CommitItem[], ids: IdSource): Commit {
  const passed: DeadlineRow[] = [];
  const begun: DeadlineRow[] = [];
  const ended = new Map<string, EndedRun>();
  const beginning = new Set<string>();
  for (const item of items) {
    const { segment } = item.held;
    const { deadline } = item.plan;
    // A workflow that another one calls has no deadline of its own.
    if (deadline?.from !== 'run' || segment.name !== item.plan.name) continue;
    const ordinals = item.positions.map(position => segment.ordinals[position]!);
    for (const { startMs, endMs } of runsIn(item)) {
      if (endMs !== null) addEnd(ended, segment.root, ordinals, endMs);
      const moments = startMs === null ? null : momentsOf(deadline, startMs);
      if (moments === null) continue;
      if (endMs !== null) {
        // What came before it was over.
        const rows = rowsOf(segment, ordinals, moments, true, ids).filter(({ momentMs }) => momentMs <= endMs);
        passed.push(...rows.map(row => (row.kind === 'exceeded' ? { ...row, kind: 'past' as const } : row)));
        continue;
      }
      // Two contexts of an instance may reach it at once.
      const fresh = ordinals.filter(ordinal => !beginning.has(`${segment.root} ${ordinal}`));
      for (const ordinal of fresh) beginning.add(`${segment.root} ${ordinal}`);
      if (fresh.length > 0) begun.push(...rowsOf(segment, fresh, moments, true, ids));
    }
  }
  if (passed.length + begun.length + ended.size === 0) return commit;
  return { ...commit, deadlines: { met: [], passed, ended: [...ended.values()], begun } };
}

/** Of a run whose start lies before the transaction only the end is here, and the other way round. */
interface RunPart {
  readonly startMs: number | null;
  readonly endMs: number | null;
}

function runsIn(item: CommitItem): RunPart[] {
  return runStepsOf(item).map(({ start, end }) => ({
    startMs: start === null ? null : timeAt(item, start, Math.max),
    endMs: end === null ? null : timeAt(item, end, Math.min),
  }));
}

function addEnd(ended: Map<string, EndedRun>, root: string, ordinals: Uint16Array, atMs: number): void {
  const known = ended.get(root);
  const all = known === undefined ? ordinals : Uint16Array.from(new Set([...known.ordinals, ...ordinals])).sort();
  ended.set(root, { root, ordinals: all, atMs: Math.min(atMs, known?.atMs ?? atMs) });
}

function rowsOf(
  { root, workflow }: Segment,
  ordinals: Uint16Array,
  { dueMs, approachesMs }: DeadlineMoments,
  isRun: boolean,
  ids: IdSource,
): DeadlineRow[] {
  const row = (kind: DeadlineKind, momentMs: number): DeadlineRow => {
    return { id: ids.next(), root, workflow, kind, isRun, momentMs, dueMs, ordinals };
  };
  return [row('approaching', approachesMs), row('exceeded', dueMs)];
}
