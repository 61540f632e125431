// What a rate is, and the bounds within which whole numbers reckon it exactly (`rate-bucket.ts`). Pure.

import { EngineError } from '../observe/errors.js';

/** So many members in so much time, and what may be claimed at once after a rest. Whole numbers from 1. */
export interface Rate {
  readonly members: number;
  readonly perMs: number;
  /** Tokens at most: what is not claimed for a while adds up to this, and no further. */
  readonly burst: number;
}

/** Both of `members` and `burst`. */
export const rateMembersMax = 1_000_000;
/** 31 days. Times 1,000,000 it is below 2^53, and so is all that is reckoned. */
export const ratePerMsMax = 31 * 86_400_000;

const bounds = { members: rateMembersMax, perMs: ratePerMsMax, burst: rateMembersMax } as const;

/** @throws EngineError `OPTION_INVALID` naming the number, where it is none from 1 to its bound */
export function assertRate(rate: Rate): void {
  for (const name of ['members', 'perMs', 'burst'] as const) {
    const value = rate[name];
    if (Number.isSafeInteger(value) && value >= 1 && value <= bounds[name]) continue;
    const accepted = `a whole number from 1 to ${bounds[name].toLocaleString('en-US')}`;
    throw new EngineError('OPTION_INVALID', `rate.${name}: found ${value}, accepted is ${accepted}`);
  }
}
