// The message trigger: fires with a message of its publisher. The engine brings it, in the commit that takes it from the
// publisher (`engine/bringers/messages.ts`); here it is only handed on.

import { type BuiltInAction, never, type Polled } from '../dispatch/action.js';
import type { Json } from '../workflow/model.js';
import { messageEvent } from '../workflow/waited-events.js';
import { timed } from './timed.js';

export const messageTrigger: BuiltInAction = {
  triggers: true,
  givesResult: true,
  prepare(planAction) {
    const { action } = planAction;
    if (action.type !== 'message') throw new Error(`a message trigger was expected, not ${action.type}`);
    const event = messageEvent(action.publisher);
    return timed(planAction, ({ kept }) => brought(kept, event));
  },
};

/** What a trigger keeps that waits for an event. */
export interface KeptEvent {
  /** What has been brought; absent: nothing yet. It becomes the result. */
  readonly given?: Json;
  /** Behind the last that was brought; absent: none was. It outlives a firing. */
  readonly after?: string;
}

/** Fires with what has been brought, or waits for the event. */
export function brought(kept: Json, event: string): Polled {
  const { given, after } = (kept ?? {}) as KeptEvent;
  const keeps = after === undefined ? {} : { keeps: { after } };
  return given === undefined
    ? { kind: 'waits', untilMs: never, event, ...keeps }
    : { kind: 'fired', result: given, ...keeps };
}
