// Calls `claimed.lua`; nobody else does.

import type { Slice } from '../../contract.js';
import { slicesIn } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** What is claimed of segments, 200 at most. */
export async function claimed(caller: EpochCaller, segments: readonly string[]): Promise<Slice[]> {
  return slicesIn(await caller.call('claimed', segments));
}
