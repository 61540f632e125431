// The outcome of a batch that a thread could not read: every member without one fails at its first action. Pure.

import type { Plan } from '../workflow/plan.js';
import type { ActionError, OutcomeGroup, OutcomeMessage } from './protocol.js';
import type { Ticket } from './ticket.js';

export function refusedOutcome(
  ticket: Ticket,
  error: ActionError,
  nowMs: number,
  planOf: (workflow: number) => Plan,
): OutcomeMessage {
  const groups = ticket.open().flatMap((members, part): OutcomeGroup[] => {
    if (members.length === 0) return [];
    const { workflow, place, hasRun } = ticket.batch.parts[part]!;
    const action = planOf(workflow).actions[place]?.name ?? '';
    return [
      {
        part,
        kind: 'failed',
        path: hasRun ? [] : [place],
        reached: place,
        members,
        baseMs: Math.floor(nowMs),
        times: new Uint32Array(hasRun ? 0 : members.length * 2),
        payload: null,
        errors: [{ ...error, action }],
        errorOf: new Uint16Array(members.length),
      },
    ];
  });
  return { batch: ticket.batch.id, groups, events: [] };
}
