// Instances to which something happened, with what their contexts share as the store has it.

import type { Happening } from '../../flow/shared/happening.js';
import { initialState, type SharedState } from '../../flow/shared/state.js';
import { type KeptState, keptState } from '../../flow/shared/text.js';
import type { Shared } from '../../store/contract.js';
import type { SharedWorld } from './decide.js';
import { type GatheredInstance, keyOf } from './gathered.js';
import type { Unhandled } from './unhandled.js';

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
 * @returns `null`: one of them is over
 */
export async function openInstances(
  instances: readonly GatheredInstance[],
  unhandled: Unhandled,
  { store, definitions }: Pick<SharedWorld, 'store' | 'definitions'>,
): Promise<OpenedInstance[] | null> {
  const living = instances.filter(gathered => !isPlain(gathered));
  const rows = living.length === 0 ? [] : await store.shared(living.map(({ root, ordinal }) => ({ root, ordinal })));
  const shared = new Map(rows.map(row => [keyOf(row.root, row.ordinal), { row, kept: keptState(row.state) }]));
  await definitions.ensure(workflowsIn([...shared.values()].map(({ kept }) => kept.machine)));
  const opened: OpenedInstance[] = [];
  for (const gathered of instances) {
    if (isPlain(gathered)) {
      const { workflow } = gathered.occurrences[0]!.happening;
      opened.push(openedFrom(gathered, null, { machine: initialState(workflow), variables: {} }));
      continue;
    }
    const known = shared.get(keyOf(gathered.root, gathered.ordinal));
    if (known === undefined) return null;
    unhandled.takeFrom(gathered, known.kept.machine);
    if (gathered.occurrences.length > 0) opened.push(openedFrom(gathered, known.row, known.kept));
  }
  return opened;
}

/** It has never split. */
function isPlain({ occurrences }: GatheredInstance): boolean {
  return occurrences[0]!.happening.context === 0;
}

function openedFrom(gathered: GatheredInstance, row: Shared | null, { machine, variables }: KeptState): OpenedInstance {
  const happenings = gathered.occurrences.map(({ happening }) => happening);
  // Instances alike but for who paused: the stands of a paused one are its own.
  const paused = gathered.occurrences.map(({ isPaused }) => +isPaused).join('');
  const likeness = JSON.stringify([paused, happenings, row === null ? null : machine]);
  return { gathered, version: row?.version ?? 0, state: machine, variables, happenings, likeness };
}

function workflowsIn(states: readonly SharedState[]): number[] {
  return states.flatMap(({ open }) =>
    Object.values(open).flatMap(({ workflow, group }) =>
      group?.runs === undefined ? [workflow] : [workflow, group.runs],
    ),
  );
}
