// What the audit is told of an item of a commit: which events its members had, and where their data is found.

import type { GroupShape } from '../../audit/events-of.js';
import { eventSteps, type GroupEvent, type MemberTrace, type TraceGroup } from '../../audit/trace.js';
import type { ActionError, MemberEvent } from '../../dispatch/protocol.js';
import { type ActionExit, END } from '../../workflow/plan.js';
import { reachedBefore } from '../runs/run-tallies.js';
import type { BuildWorld, CommitItem } from './commit-builder.js';
import { type FateShape, isPausedAlready } from './fate-shape.js';
import { errorOf, isFirstSegment } from './standing.js';

/** The group of the item's members in the trace of their root; `null`: nothing of it is to be told. */
export function traceGroup(
  item: CommitItem,
  ordinals: Uint16Array,
  fate: FateShape,
  bodyAfter: string | null,
  world: BuildWorld,
): TraceGroup | null {
  const { segment } = item.held;
  const { outcome } = item;
  // Moved to a segment of their own because another member was resumed: nothing happened to them.
  if (isPausedAlready(item, fate) || isBrought(item)) return null;
  const untold = world.events.untold(rolledBack(item, fate));
  const events: readonly GroupEvent[] = world.events.of({
    begins: isFirstSegment(segment),
    reported: item.reported,
    trigger: triggerShape(item),
    pathLength: item.path.length,
    kind: outcome.kind,
    timedOut: isTimeout(errorOf(item, 0)),
    exits: fate.onSignal === true ? onSignal(item) : (item.exits ?? null),
    runs: runMarks(item),
    after: fate.after,
    starts: fate.starts,
    untold,
    ended:
      outcome.kind === 'completed' && outcome.reached === END && outcome.demand === undefined && segment.context === 0,
  });
  const single = item.events.flatMap(({ member, event }, index) => {
    if (item.path.indexOf(event.place) < untold) return [];
    const trace = world.memberTrace(member, event, item.path, item.baseMs);
    return trace === null
      ? []
      : [atStep(trace, stepOf(events, item.path.indexOf(event.place), event.event.kind, index))];
  });
  if (events.length === 0 && single.length === 0) return null;
  return {
    workflow: segment.workflow,
    ordinals,
    path: item.path.map(at => item.plan.actions[at]!.name),
    baseMs: item.baseMs,
    ...(item.path.length > 0 ? { reached: reachedBefore(item) } : {}),
    times: item.times,
    timesPerMember: item.path.length * 2,
    engine: world.engine,
    user: item.user ?? (item.runsAs === undefined ? world.runsAs(segment.workflow) : item.runsAs),
    attempt: segment.attempt,
    bodyBefore: segment.body,
    bodyAfter,
    events,
    single,
    ...(fate.message !== undefined ? { message: fate.message } : {}),
    ...(item.errors !== undefined ? { errors: item.errors, errorOf: item.errorOf ?? [] } : {}),
    ...(item.earlierResults !== undefined
      ? { earlierResults: item.earlierResults, earlierPerMember: item.path.length - 1 }
      : {}),
  };
}

/** How many of the actions that ran are rolled back, the first ones. */
function rolledBack({ outcome, isRefused, exits, path, plan }: CommitItem, { keepsWork }: FateShape): number {
  if (!keepsWork || outcome.kind === 'failed' || outcome.kind === 'waiting' || isRefused === true) return path.length;
  const isRollback = (exit: ActionExit, step: number): boolean => {
    const { errorFlow, timeoutFlow } = plan.actions[path[step]!]!;
    if (exit !== 'error' && exit !== 'timeout') return false;
    return ((exit === 'timeout' ? timeoutFlow : null) ?? errorFlow)?.rollback === true;
  };
  return (exits?.findLastIndex(isRollback) ?? -1) + 1;
}

/** What they wait for has been brought to them: told when the trigger fires. */
function isBrought({ outcome, path }: CommitItem): boolean {
  return outcome.kind === 'unfired' && path.length === 0;
}

/** How the actions ended, when a signal has ended the last one. */
function onSignal({ exits, path }: CommitItem): readonly ActionExit[] {
  const earlier = path.slice(1).map((_, at) => exits?.[at] ?? 'normal');
  return path.length === 0 ? [] : [...earlier, 'signal'];
}

/** Whether the transaction began at a trigger, and that had been asked before. */
export function triggerShape({ held, plan, path }: Pick<CommitItem, 'held' | 'plan' | 'path'>): GroupShape['trigger'] {
  if (path.length === 0 || !plan.actions[path[0]!]!.isTrigger) return 'none';
  return held.segment.waitsFor === null ? 'entered' : 'again';
}

/** Where runs begin and end on the path; `null`: nowhere. */
function runMarks(item: CommitItem): GroupShape['runs'] {
  if (item.plan.runs === undefined) return null;
  const marks = item.path.map((_, step) => runMarkOf(item, step));
  return marks.every(mark => mark === null) ? null : marks;
}

export function runMarkOf({ plan, path }: Pick<CommitItem, 'plan' | 'path'>, step: number): 'start' | 'end' | null {
  const place = path[step]!;
  if (plan.runs?.starts.includes(place)) return 'start';
  return plan.runs?.ends.includes(place) ? 'end' : null;
}

/** Whether a step of the path was reached now: a trigger that is asked again was before. */
export function isEntered(item: CommitItem, step: number): boolean {
  return step > 0 || triggerShape(item) !== 'again';
}

export function isTimeout(error: ActionError | null | undefined): boolean {
  return error?.code === 'ActionTimeout';
}

/** Where a member's own event stands among those of its group, which are 10,000 apart: what it sent before the end of its
 * action, what it threw late after it. */
function stepOf(
  events: readonly GroupEvent[],
  action: number,
  kind: MemberEvent['event']['kind'],
  index: number,
): number {
  const isBefore = ([, of, time]: GroupEvent): boolean =>
    time <= 2 * action || (kind === 'late-error' && of === action);
  return events.filter(isBefore).length * eventSteps + 1 + index;
}

function atStep(trace: MemberTrace, step: number): MemberTrace {
  const [member, code, action, offsetMs, , name, message, data] = trace;
  return [member, code, action, offsetMs, step, name, message, data];
}
