// What a durable commit adds to the figures, and says in the logs of what has failed.

import type { LogEvents } from '../observe/log-events.js';
import type { BuiltCommit } from './commit-builder.js';
import type { EngineMetrics } from './engine-metrics.js';

export function countCommit({ commit, items, eventCount }: BuiltCommit, metrics: EngineMetrics): void {
  const { atMs, outcomes, segments } = commit;
  const createdAtMs = new Map(items.map(({ held: { segment } }) => [segment.root, segment.createdAtMs]));
  for (const { root, state, ordinals } of outcomes) {
    if (state === 'removed') metrics.removed.add(ordinals.length);
    else metrics.finished.add(ordinals.length);
    metrics.instanceMs.record(atMs - createdAtMs.get(root)!, ordinals.length);
  }
  metrics.auditEvents.add(eventCount);
  for (const { state, attempt, ordinals } of segments) {
    if (state === 'failed') metrics.failed.add(ordinals.length);
    else if (attempt > 0) metrics.retried.add(ordinals.length);
  }
}

export function logFailures({ items, fates }: BuiltCommit, log: LogEvents): void {
  for (const [at, { errors, errorOf, held, outcome }] of items.entries()) {
    if (outcome.kind !== 'failed') continue;
    const fate = fates[at]!;
    for (const [index, { action, code, message }] of (errors ?? []).entries()) {
      const members = Array.prototype.filter.call(errorOf ?? [], (of: number) => of === index).length;
      const fields = { action, code, error: message, members };
      const isFinal = fate.kind === 'stand' && fate.state === 'failed';
      if (isFinal) log.instanceFailed({ workflow: held.segment.name, ...fields });
      else log.actionFailed(fields);
    }
  }
}
