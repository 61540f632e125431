// What is claimed at actions that monitor signals: it does not run when one of those is active.

import { activeOf } from '../../flow/shared/signals.js';
import type { SharedState } from '../../flow/shared/state.js';
import { keptState } from '../../flow/shared/text.js';
import type { Segment, Store } from '../../store/contract.js';
import type { Plan, PlanAction } from '../../workflow/plan.js';
import { deliveredEvent } from '../../workflow/waited-events.js';
import type { LoadedPart } from '../claims/batches.js';
import { keyOf } from './gathered.js';

/** Whether members of the segment stand before an action that a signal may keep from running. A trigger that has been given
 * what it waits for fires, so that nothing that was consumed for it is lost; then it takes its signal flow. */
export function isMonitored({ place, hasRun, waitsFor }: Segment, { actions }: Plan): boolean {
  return !hasRun && waitsFor !== deliveredEvent && actions[place]!.monitors !== undefined;
}

/** Whether members that no operation holds, or removes, wait and need not be left to run. */
export function isAsleep(
  { state, waitsFor, eligibleAtMs }: Pick<Segment, 'state' | 'waitsFor' | 'eligibleAtMs'>,
  { isTrigger }: PlanAction,
  atMs: number,
): boolean {
  return waitsFor !== deliveredEvent && (isTrigger || state === 'paused' || eligibleAtMs > atMs);
}

/**
 * The parts, with members that a signal keeps from running in parts of their own.
 * COST one read of what the instances share, for those at actions that monitor signals.
 */
export async function signalledApart(parts: LoadedPart[], store: Pick<Store, 'shared'>): Promise<LoadedPart[]> {
  const looked = parts.filter(({ held: { segment }, plan }) => isMonitored(segment, plan));
  if (looked.length === 0) return parts;
  const keys = looked.flatMap(({ held: { segment }, positions }) =>
    Array.from(positions, at => ({ root: segment.root, ordinal: segment.ordinals[at]! })),
  );
  const states = new Map<string, SharedState>();
  for (const { root, ordinal, state } of await store.shared(keys)) {
    // Of most none is active, and their state need not be read.
    if (state.includes('"signals":')) states.set(keyOf(root, ordinal), keptState(state).machine);
  }
  return parts.flatMap(part => (looked.includes(part) ? apart(part, states) : [part]));
}

function apart(part: LoadedPart, states: ReadonlyMap<string, SharedState>): LoadedPart[] {
  const { segment } = part.held;
  const isSignalled = (position: number): boolean => {
    const state = states.get(keyOf(segment.root, segment.ordinals[position]!));
    return state !== undefined && activeOf(state, part.plan.actions[segment.place]!) !== null;
  };
  const signalled = part.positions.filter(isSignalled);
  if (signalled.length === 0) return [part];
  const runs = part.positions.filter(position => !isSignalled(position));
  const ended = { ...part, positions: signalled, isSignalled: true } as const;
  return runs.length === 0 ? [ended] : [{ ...part, positions: runs }, ended];
}
