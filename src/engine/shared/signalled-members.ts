// Contexts that a signal has ended while they waited at an action, for the audit: those alike are told of together. What a
// signal has ended after it had run is told of with what ran.

import type { TraceGroup } from '../../audit/trace.js';
import type { Plan } from '../../workflow/plan.js';
import type { BuildWorld } from '../commit/commit-builder.js';
import { ascending } from '../commit/standing.js';
import type { Decided } from './decide.js';

export interface SignalledMembers {
  readonly root: string;
  readonly context: number;
  readonly workflow: number;
  readonly action: string;
  readonly isTrigger: boolean;
  /** Its execution flow ends, which nothing else in the commit tells; `instance`: and the instance with it. */
  readonly ends: 'flow' | 'instance' | null;
  readonly ordinals: readonly number[];
  /** Who has raised it, when an operator has. */
  readonly user: string | null;
}

export function signalledMembers(decided: readonly Decided[], planOf: (workflow: number) => Plan): SignalledMembers[] {
  return decided.flatMap(({ step, members, happenings }) => {
    const waited = step.signalled.filter(({ hasRun }) => !hasRun);
    if (waited.length === 0) return [];
    // Instances that were decided together are of one root.
    const { root, signal } = members[0]!.gathered;
    const user = signal?.user ?? null;
    const ordinals = members.map(({ gathered }) => gathered.ordinal);
    const told = new Set(happenings.map(({ context }) => context || 1));
    return waited.map(({ context, workflow, place, hasEnded }, at) => {
      const { name, isTrigger } = planOf(workflow).actions[place]!;
      const isOver = step.end !== null && happenings.length === 0 && at === waited.length - 1;
      const ends = !hasEnded || told.has(context) ? null : isOver ? 'instance' : 'flow';
      return { root, context, workflow, action: name, isTrigger, ends, ordinals, user };
    });
  });
}

/** `null`: nothing of it is to be told. */
export function signalTrace(
  { workflow, action, isTrigger, ends, ordinals, user }: SignalledMembers,
  atMs: number,
  { events, engine, runsAs }: BuildWorld,
): TraceGroup | null {
  const told = events.ofSignalled(isTrigger, ends);
  if (told.length === 0) return null;
  return {
    workflow,
    ordinals: ascending(ordinals),
    path: [action],
    baseMs: atMs,
    times: [],
    timesPerMember: 0,
    engine,
    user: user ?? runsAs(workflow),
    attempt: 0,
    bodyBefore: null,
    bodyAfter: null,
    events: told,
  };
}
