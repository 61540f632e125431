// What members are given of the thread they run in.

import type { LogLine, MemberEvent } from '../protocol.js';
import type { Member } from './member.js';
import type { Outbox } from './outbox.js';
import type { ThreadTask } from './thread-task.js';

/** What a member's context needs of the thread it runs in. */
export interface MemberServices {
  readonly resultBytesMax: number;
  /** Whether `sql` actions may run. */
  readonly sql: boolean;
  nowMs(): number;
  log(line: LogLine): void;
  /** An event of a member whose transaction has ended. */
  late(member: Member, event: MemberEvent): void;
}

export function servicesOf({ resultBytesMax, sql }: ThreadTask, outbox: Outbox): MemberServices {
  return {
    resultBytesMax,
    sql,
    nowMs: () => outbox.nowMs(),
    log: line => outbox.log(line),
    late: (member, event) => outbox.late(member, event),
  };
}
