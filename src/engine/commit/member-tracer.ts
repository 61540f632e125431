// User code's own events, as they are kept.

import type { MemberTrace } from '../../audit/trace.js';
import type { MemberEvent } from '../../dispatch/protocol.js';
import { eventCode } from '../../workflow/events.js';
import type { AuditFilter } from '../../workflow/filter.js';

export function memberTracer(filter: AuditFilter) {
  const lateCode = eventCode('ExitingActionOnError');
  return (
    member: number,
    { place, atMs, event }: MemberEvent,
    path: readonly number[],
    baseMs: number,
  ): MemberTrace | null => {
    const action = path.indexOf(place);
    const step = action * 30 + 25;
    switch (event.kind) {
      case 'custom':
        if (!filter.allowsCustom(event.name)) return null;
        return [member, 0, action, atMs - baseMs, step, event.name, event.message, null];
      case 'late-error':
        if (!filter.allows(lateCode)) return null;
        return [
          member,
          lateCode,
          action,
          atMs - baseMs,
          step,
          null,
          'thrown after the action had returned',
          event.error,
        ];
    }
  };
}
