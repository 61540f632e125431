// Calls `announced.lua`; nobody else does.

import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** The engines that have announced, in order of name. */
export async function announced(caller: EpochCaller): Promise<string[]> {
  return listOf(await caller.call('announced', []))
    .map(String)
    .sort();
}
