// Events of the engine itself rather than of an instance: API calls and status events.

import { type EventShortName, eventCode } from '../workflow/events.js';
import { traceText } from './trace.js';

/** Trace of events that belong to no instance, all at one time. */
export function engineTrace(
  engine: string,
  user: string | null,
  codes: readonly number[],
  message: string,
  atMs: number,
): string {
  return traceText([
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

export function statusTrace(engine: string, name: EventShortName, message: string, atMs: number): string {
  return engineTrace(engine, null, [eventCode(name)], message, atMs);
}
