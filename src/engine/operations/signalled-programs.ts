// Programs that execute here and are ended by a signal (`destroyOn: [signal]`): their threads are told when one is active that
// their action monitors. What they come to is rolled back, and decided as if they had waited for the signal: nobody loses an
// attempt, and when something else has taken the signal meanwhile they begin anew.
//
// Commits of this engine that leave signals active are looked at when they are durable. Those of others, and what was handed to
// the threads while such a commit was under way, are found by a look at the store about once a second.

import type { Dispatcher } from '../../dispatch/contract.js';
import { activeOf } from '../../flow/shared/signals.js';
import { keptState } from '../../flow/shared/text.js';
import type { InstanceKey } from '../../store/contract.js';
import { isEndedBySignal } from '../../workflow/signals.js';
import type { RunningBatch, RunningPart } from '../claims/running.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { signalled } from '../commit/commit-items.js';
import { parted } from '../commit/narrowed.js';
import { errorOf } from '../commit/standing.js';
import type { EngineParts } from '../parts.js';
import { keyOf } from '../shared/gathered.js';
import { tellRunning } from './withdrawals.js';

/** Instances in one question; those beyond are told by the commit that raises, or end by themselves. */
const instancesMax = 500;

/** What contexts of an instance share; `null`: nothing any more. */
type SharedText = InstanceKey & { readonly state: string | null };

/** A look of the watch. COST nothing while no such program is in the threads; else one read of what their instances share. */
export async function lookForSignalled({
  store,
  committer,
  dispatcher,
}: Pick<EngineParts, 'store' | 'dispatcher' | 'committer'>): Promise<void> {
  const keys = programsIn(committer.batches).flatMap(({ held: { segment }, positions }) =>
    Array.from(positions, at => ({ root: segment.root, ordinal: segment.ordinals[at]! })),
  );
  if (keys.length > 0) tellSignalled(await store.shared(keys.slice(0, instancesMax)), committer.batches, dispatcher);
}

/**
 * Programs that a signal ends are told, if one is active that they monitor.
 *
 * @param shared as it is stored durably. COST a walk over the parts in the threads, when there is any.
 */
export function tellSignalled(
  shared: readonly SharedText[],
  batches: ReadonlyMap<number, RunningBatch>,
  dispatcher: Pick<Dispatcher, 'withdraw'>,
): void {
  const programs = shared.length === 0 ? [] : programsIn(batches);
  if (programs.length === 0) return;
  const texts = new Map(shared.map(({ root, ordinal, state }) => [keyOf(root, ordinal), state]));
  const asked = new Map<string, number[]>();
  for (const { held, plan, positions } of programs) {
    const { id, root, ordinals, place } = held.segment;
    const ends = Array.from(positions).filter(position => {
      const text = texts.get(keyOf(root, ordinals[position]!)) ?? null;
      if (text?.includes('"signals":') !== true) return false;
      return activeOf(keptState(text).machine, plan.actions[place]!) !== null;
    });
    if (ends.length > 0) asked.set(id, [...(asked.get(id) ?? []), ...ends]);
  }
  if (asked.size > 0) tellRunning(asked, 'signalled', batches, dispatcher);
}

/** The item, with members that were ended for a signal as such that wait at their action. They may find it active in their
 * commit. */
export function signalledItems(item: CommitItem, nowMs: number): CommitItem[] {
  const { held, plan, errors, path, claim } = item;
  if (errors?.some(isSignalRaised) !== true || !isProgram({ held, plan })) return [item];
  const codeAt = new Map(Array.from(item.positions, (position, at) => [position, errorOf(item, at)]));
  const { kept, gone } = parted([item], (_, position) => isSignalRaised(codeAt.get(position)));
  return [
    ...kept,
    ...gone.flatMap(({ positions, times, baseMs, reported }) =>
      signalled({ held, plan, positions }, claim, nowMs).map(each => ({ ...each, path, times, baseMs, reported })),
    ),
  ];
}

function programsIn(batches: ReadonlyMap<number, RunningBatch>): RunningPart[] {
  return [...batches.values()].flatMap(({ parts }) => parts.filter(isProgram));
}

function isProgram({ held: { segment }, plan }: Pick<RunningPart, 'held' | 'plan'>): boolean {
  return plan.usesSignals === true && !segment.hasRun && isEndedBySignal(plan.actions[segment.place]!);
}

function isSignalRaised(error: { readonly code: string } | null | undefined): boolean {
  return error?.code === 'SignalRaised';
}
