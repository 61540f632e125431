// What triggers keep from one turn to the next: among what their context has written, by the names of their actions.

import type { Json } from '../../workflow/model.js';
import { triggersKey } from '../../workflow/written.js';
import type { TriggerTurn } from '../action.js';
import type { BatchPart } from '../protocol.js';
import { parseObject } from './scopes.js';

export interface Kept {
  /** When the context reached it; absent: it has fired since. */
  readonly arrivedAtMs?: number;
  /** What the trigger gave; absent: nothing. */
  readonly kept?: Json;
}

/** What all triggers of a context keep, by the names of their actions. */
export interface AllKept {
  readonly [action: string]: Kept;
}

/** @param index of the member in its part @param atMs when the batch was sent */
export function turnOf(all: AllKept, action: string, from: BatchPart, index: number, atMs: number): TriggerTurn {
  const own = all[action];
  const { eligibleAtMs, attempt, isWaiting } = from;
  // After a failure it is as if it had just been reached: else one that has timed out would never wait again.
  const arrivedAtMs = isWaiting && attempt === 0 ? own?.arrivedAtMs : undefined;
  return {
    nowMs: Math.max(atMs, eligibleAtMs),
    arrivedAtMs: arrivedAtMs ?? eligibleAtMs,
    isExpedited: from.expedited?.includes(index) ?? false,
    kept: own?.kept ?? null,
  };
}

/** JSON text of all that is kept, with what this action keeps now; `null`: nothing. */
export function keptText(all: AllKept, action: string, kept: Kept | null): string {
  const { [action]: _, ...others } = all;
  return JSON.stringify(kept === null ? others : { ...others, [action]: kept });
}

/** @param written JSON text of what the context has written */
export function keptOf(written: string): AllKept {
  if (!written.includes(`"${triggersKey}"`)) return {};
  return (parseObject(written)[triggersKey] ?? {}) as AllKept;
}
