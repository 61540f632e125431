// Calls `expire.lua`; nobody else does.

import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Put back what claims hold whose lease has ended, `most` entries at most; how many members, and whether to ask again. */
export async function expire(caller: EpochCaller, most: number): Promise<{ members: number; isMore: boolean }> {
  const [members, more] = listOf(await caller.call('expire', [most]));
  return { members: Number(members), isMore: Number(more) === 1 };
}
