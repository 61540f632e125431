// What a trigger has answered, as the member's exit from it.

import type { Json } from '../../workflow/model.js';
import type { Polled } from '../action.js';
import { TriggerTimeout } from './deadline.js';
import { jsonText } from './json-text.js';
import type { Member } from './member.js';
import type { NodeExit } from './thread-plan.js';

export type Fired = Extract<Polled, { kind: 'fired' }>;
export type Unfired = Exclude<Polled, Fired>;

/** What a trigger that fires gives. */
export function resultOfFired(member: Member, { result, keeps }: Fired): Json {
  member.arrive();
  member.keep(keeps === undefined ? null : { kept: keeps });
  return result;
}

/**
 * Of one that waits, or has expired, which is a result too.
 *
 * @throws {TriggerTimeout}; anything when what it gives, or keeps, cannot be stored
 */
export function exitOfUnfired(member: Member, polled: Unfired, resultBytesMax: number): NodeExit {
  const { node } = member;
  if (polled.kind === 'timedOut') throw new TriggerTimeout(member.action, polled.within);
  if (polled.kind === 'waits') {
    member.wait(polled);
    return node.waits;
  }
  member.arrive();
  const text = jsonText(polled.result, 'the result', resultBytesMax);
  member.keep(polled.keeps === undefined ? null : { kept: polled.keeps });
  member.result = text;
  const { place, expirationFlow } = node.place.planAction;
  return node.exit('expired', node.plan.wayOver(place, expirationFlow === null ? [] : [expirationFlow]));
}
