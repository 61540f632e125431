// What user code does after its outcome has gone: a throw, or an event of its own. It is recorded against the instance
// it came from, in a commit of its own, and changes nothing else. A thread sends a bounded number of them a second.

import { auditRow } from '../../audit/trace.js';
import type { DispatcherEvents } from '../../dispatch/contract.js';
import { emptyCommit } from '../../store/empty-commit.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { EngineParts } from '../parts.js';

export type LateEvent = Parameters<DispatcherEvents['late']>[0];

/** Record a late event. Never throws: what the store says goes to health. */
export async function recordLate(
  parts: EngineParts,
  { root, ordinal, workflow, runsAs, event }: LateEvent,
): Promise<void> {
  const { build, definitions, store, ids, health, log, clock } = parts;
  if (event.event.kind === 'late-error') {
    const { code, message } = event.event.error;
    log.lateError({ instance: instanceId(root, ordinal), code, error: message });
  }
  const single = build.memberTrace(0, event, [event.place], event.atMs);
  if (single === null) return;
  const atMs = clock.nowMs();
  const row = auditRow(root, atMs, [
    {
      workflow,
      ordinals: Uint16Array.of(ordinal),
      path: [definitions.byNumber(workflow).plan.actions[event.place]!.name],
      baseMs: event.atMs,
      times: [],
      timesPerMember: 0,
      engine: build.engine,
      user: runsAs,
      attempt: 0,
      bodyBefore: null,
      bodyAfter: null,
      events: [],
      single: [single],
    },
  ]);
  try {
    await store.commit({ ...emptyCommit(ids.next(), atMs), audit: [row] });
  } catch (error) {
    health.storeFailed(error);
  }
}
