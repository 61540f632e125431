// Instances to which something happened, with what their contexts share as the store has it.

import type { Happening } from '../../flow/shared/happening.js';
import { clearSignal, raiseSignal } from '../../flow/shared/signals.js';
import { initialState, type SharedState } from '../../flow/shared/state.js';
import { type KeptState, keptState } from '../../flow/shared/text.js';
import type { Shared } from '../../store/contract.js';
import type { SharedWorld } from './decide.js';
import { type GatheredInstance, keyOf, type SignalChange } from './gathered.js';
import type { Unhandled } from './unhandled.js';
import type { Unsignalled } from './unsignalled.js';

export interface OpenedInstance {
  readonly gathered: GatheredInstance;
  /** 0: nothing was shared yet. */
  readonly version: number;
  readonly state: SharedState;
  readonly variables: KeptState['variables'];
  readonly happenings: readonly Happening[];
  /** Instances of one root that have the same are decided alike. */
  readonly likeness: string;
}

/**
 * COST one read of what they share, if any of them has split before.
 *
 * @param unhandled is given what no handler applies to; an instance of which nothing is left is not in the answer
 * @param unsignalled is given what no signal applies to
 * @returns `null`: one of them is over
 */
export async function openInstances(
  instances: readonly GatheredInstance[],
  unhandled: Unhandled,
  unsignalled: Unsignalled,
  { store, definitions }: Pick<SharedWorld, 'store' | 'definitions'>,
): Promise<OpenedInstance[] | null> {
  const living = instances.filter(gathered => !isPlain(gathered) || mayShare(gathered));
  const rows = living.length === 0 ? [] : await store.shared(living.map(({ root, ordinal }) => ({ root, ordinal })));
  const shared = new Map(rows.map(row => [keyOf(row.root, row.ordinal), { row, kept: keptState(row.state) }]));
  await definitions.ensure(workflowsIn([...shared.values()].map(({ kept }) => kept.machine)));
  const opened: OpenedInstance[] = [];
  for (const gathered of instances) {
    const known = shared.get(keyOf(gathered.root, gathered.ordinal));
    const isAlone = isPlain(gathered);
    if (known === undefined && !isAlone) return null;
    const { workflow } = gathered.signal ?? gathered.occurrences[0]!.happening;
    const kept = known?.kept ?? { machine: initialState(workflow), variables: {} };
    if (gathered.signal !== undefined) changeSignal(kept.machine, gathered.signal);
    unhandled.takeFrom(gathered, kept.machine);
    const waiting = unsignalled.takeFrom(gathered, kept.machine);
    // Others of the instance could raise what it has looked out for: that it was not active must hold in the commit, too.
    if (gathered.occurrences.length > 0 || gathered.signal !== undefined || (waiting && !isAlone)) {
      opened.push(openedFrom(gathered, known?.row ?? null, kept));
    }
  }
  return opened;
}

function changeSignal(state: SharedState, { name, isRaised }: SignalChange): void {
  if (isRaised) raiseSignal(state, name);
  else clearSignal(state, name);
}

/** It has not split, but a signal may have been raised in it. */
function mayShare({ occurrences, signal }: GatheredInstance): boolean {
  return signal !== undefined || occurrences[0]!.item.plan.usesSignals === true;
}

/** It has never split. */
function isPlain({ occurrences, signal }: GatheredInstance): boolean {
  return signal?.isPlain ?? occurrences[0]!.happening.context === 0;
}

function openedFrom(gathered: GatheredInstance, row: Shared | null, { machine, variables }: KeptState): OpenedInstance {
  const happenings = gathered.occurrences.map(({ happening }) => happening);
  // Instances alike but for who paused: the stands of a paused one are its own.
  const paused = gathered.occurrences.map(({ isPaused }) => +isPaused).join('');
  const likeness = JSON.stringify([paused, happenings, row === null && machine.signals === undefined ? null : machine]);
  return { gathered, version: row?.version ?? 0, state: machine, variables, happenings, likeness };
}

function workflowsIn(states: readonly SharedState[]): number[] {
  return states.flatMap(({ open }) =>
    Object.values(open).flatMap(({ workflow, group }) =>
      group?.runs === undefined ? [workflow] : [workflow, group.runs],
    ),
  );
}
