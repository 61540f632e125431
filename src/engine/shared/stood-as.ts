// How often a context that stands anew has been tried there, and until when it waits. One that stays where its transaction began
// stands as the transition has it by itself.

import type { Standing } from '../../flow/shared/happening.js';
import type { Segment } from '../../store/contract.js';
import type { Occurrence } from './gathered.js';

/**
 * @param base the segment of the context it comes from
 * @param own what happened to that in this commit
 */
export function stoodAs(
  { isRetry, isRecovered, stays, state }: Standing,
  base: Segment,
  own: Occurrence | undefined,
  atMs: number,
): Pick<Segment, 'transaction' | 'attempt' | 'kills' | 'eligibleAtMs' | 'waitsFor'> {
  if (stays !== undefined && own?.next.kind === 'stand') {
    const { transaction, attempt, kills, eligibleAtMs, waitsFor = base.waitsFor } = own.next;
    return { transaction, attempt, kills, eligibleAtMs, waitsFor };
  }
  const isTriedAgain = isRetry === true && !isRecovered;
  return {
    transaction: isRetry ? base.transaction : base.transaction + 1,
    attempt: isTriedAgain ? base.attempt + (state === 'ready' ? 1 : 0) : 0,
    kills: isTriedAgain ? base.kills + killsIn(own) : 0,
    eligibleAtMs: atMs,
    waitsFor: isRetry ? base.waitsFor : null,
  };
}

function killsIn(own: Occurrence | undefined): number {
  const outcome = own?.item.outcome;
  return outcome?.kind === 'failed' && outcome.killed ? 1 : 0;
}
