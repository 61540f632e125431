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

/** @param index of the member in its part @param atMs when the batch was sent */
export function turnOf(written: string, action: string, from: BatchPart, index: number, atMs: number): TriggerTurn {
  const own = keptOf(written)[action];
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
export function keptText(written: string, action: string, kept: Kept | null): string {
  const { [action]: _, ...others } = keptOf(written);
  return JSON.stringify(kept === null ? others : { ...others, [action]: kept });
}

/** What all triggers of a context keep, by the names of their actions. */
export function keptOf(written: string): { [action: string]: Kept } {
  if (!written.includes(`"${triggersKey}"`)) return {};
  return (parseObject(written)[triggersKey] ?? {}) as { [action: string]: Kept };
}
