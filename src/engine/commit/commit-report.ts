// What a durable commit adds to the figures, and says in the logs of what has failed.

import type { LogEvents } from '../../observe/log-events.js';
import type { EngineMetrics } from '../engine-metrics.js';
import type { BuiltCommit, Fate } from './commit-builder.js';

export function countCommit({ commit, items, fates }: BuiltCommit, metrics: EngineMetrics): void {
  const { atMs, outcomes } = commit;
  const createdAtMs = new Map(items.map(({ held: { segment } }) => [segment.root, segment.createdAtMs]));
  for (const { root, state, ordinals } of outcomes) {
    if (state === 'removed') metrics.removed.add(ordinals.length);
    else metrics.finished.add(ordinals.length);
    metrics.instanceMs.record(atMs - createdAtMs.get(root)!, ordinals.length);
  }
  for (const [at, { positions }] of items.entries()) {
    const fate = fates[at]!;
    const reason = whatFailed(fate);
    if (reason === 'failed') metrics.failed.add(positions.length);
    else if (reason === 'retry') metrics.retried.add(positions.length);
  }
}

export function logFailures({ items, fates }: BuiltCommit, log: LogEvents): void {
  for (const [at, { errors, errorOf, held, outcome }] of items.entries()) {
    if (outcome.kind !== 'failed') continue;
    const fate = fates[at]!;
    for (const [index, { action, code, message }] of (errors ?? []).entries()) {
      const members = Array.prototype.filter.call(errorOf ?? [], (of: number) => of === index).length;
      const fields = { action, code, error: message, members };
      const isFinal = whatFailed(fate) === 'failed';
      if (isFinal) log.instanceFailed({ workflow: held.segment.name, ...fields });
      else log.actionFailed(fields);
    }
  }
}

/** Whether it failed for good, or is tried again; `null`: neither. */
function whatFailed(fate: Fate): 'failed' | 'retry' | null {
  switch (fate.kind) {
    case 'stand':
      return fate.reason === 'failed' || fate.reason === 'retry' ? fate.reason : null;
    case 'shared':
      if (fate.after === 'handed') return 'retry';
      return fate.after === 'failed' ? 'failed' : null;
    case 'hand':
    case 'act':
    case 'leave':
      return null;
  }
}
