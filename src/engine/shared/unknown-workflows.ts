// Items that ask for a workflow nobody has stored: their transaction fails, as it would if the action had found out itself.

import type { CommitItem } from '../commit/commit-builder.js';

/** Names of the workflows that items ask for. */
export function namesIn(items: readonly CommitItem[]): string[] {
  return items.flatMap(item => nameOf(item) ?? []);
}

/** @param isKnown whether a workflow of this name is stored */
export function failedIfUnknown(item: CommitItem, isKnown: (name: string) => boolean): CommitItem {
  const name = nameOf(item);
  if (name === null || isKnown(name) || item.outcome.kind !== 'completed') return item;
  const place = item.outcome.reached;
  const action = item.plan.actions[place]!.name;
  return {
    ...item,
    outcome: { kind: 'failed', place, killed: false, code: 'WorkflowUnknown' },
    payload: null,
    events: [],
    errors: [{ code: 'WorkflowUnknown', message: `no workflow is named "${name}"`, action, stack: '' }],
    errorOf: new Uint16Array(item.positions.length),
  };
}

function nameOf({ outcome }: CommitItem): string | null {
  return outcome.kind === 'completed' && outcome.demand?.kind === 'act' ? outcome.demand.name : null;
}
