// Calls `extend.lua`; nobody else does.

import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Prolong leases, of 1,000 claims at most; the claims that do not exist any more. */
export async function extend(caller: EpochCaller, claims: readonly string[], leaseMs: number): Promise<string[]> {
  return listOf(await caller.call('extend', [leaseMs, ...claims])).map(String);
}
