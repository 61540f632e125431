// Calls `next-eligible.lua`; nobody else does.

import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Milliseconds until something delayed is eligible, `null` when nothing is delayed, or `more`: ask again. */
export async function nextEligible(caller: EpochCaller, most: number): Promise<number | null | 'more'> {
  const [kind, inMs] = listOf(await caller.call('next-eligible', [most]));
  if (kind === 'more') return 'more';
  return kind === 'in' ? Number(inMs) : null;
}
