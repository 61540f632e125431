// What members are given of the thread they run in.

import type { ProcessGroups } from '../action.js';
import type { LogLine, MemberEvent } from '../protocol.js';
import type { Member } from './member.js';
import type { Outbox } from './outbox.js';
import type { ThreadTask } from './thread-task.js';

/** What a member's context needs of the thread it runs in. */
export interface MemberServices {
  readonly resultBytesMax: number;
  /** Whether `sql` actions may run. */
  readonly sql: boolean;
  /** `null`: no `process` actions may run. */
  readonly processGroups: ProcessGroups | null;
  nowMs(): number;
  log(line: LogLine): void;
  /** An event of a member whose transaction has ended. */
  late(member: Member, event: MemberEvent): void;
}

export function servicesOf({ resultBytesMax, sql, programs }: ThreadTask, outbox: Outbox): MemberServices {
  return {
    resultBytesMax,
    sql,
    processGroups: programs ? groupsToldOf(outbox) : null,
    nowMs: () => outbox.nowMs(),
    log: line => outbox.log(line),
    late: (member, event) => outbox.late(member, event),
  };
}

/** The main thread knows the groups too: it is there when this one is not any more. */
function groupsToldOf(outbox: Outbox): ProcessGroups {
  return {
    add: group => outbox.post({ kind: 'process-group', group, lives: true }),
    remove: group => outbox.post({ kind: 'process-group', group, lives: false }),
  };
}
