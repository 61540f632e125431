// Events of the engine itself rather than of an instance: API calls and status events.

import { type EventShortName, eventCode } from '../workflow/events.js';
import { auditRow } from './trace.js';

/** Events that belong to no instance, all at one time, in a row of their own or of the root they are about. */
export function engineRow(
  root: string | null,
  engine: string,
  user: string | null,
  codes: readonly number[],
  message: string,
  atMs: number,
) {
  return auditRow(root, atMs, [
    {
      workflow: null,
      ordinals: null,
      path: [],
      baseMs: atMs,
      times: [],
      timesPerMember: 0,
      engine,
      user,
      attempt: 0,
      bodyBefore: null,
      bodyAfter: null,
      events: codes.map(code => [code, -1, -1, 0]),
      message,
    },
  ]);
}

export function statusRow(engine: string, name: EventShortName, message: string, atMs: number) {
  return engineRow(null, engine, null, [eventCode(name)], message, atMs);
}
