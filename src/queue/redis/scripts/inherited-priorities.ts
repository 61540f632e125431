// Calls `inherited-priorities.lua`; nobody else does.

import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** The priorities that are set, by branch. */
export async function inheritedPriorities(caller: EpochCaller): Promise<ReadonlyMap<string, number>> {
  const list = listOf(await caller.call('inherited-priorities', []));
  const priorities = new Map<string, number>();
  for (let at = 0; at < list.length; at += 2) priorities.set(String(list[at]), Number(list[at + 1]));
  return priorities;
}
