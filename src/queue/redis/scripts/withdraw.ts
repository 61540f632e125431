// Calls `withdraw.lua`; nobody else does.

import type { Slice } from '../../contract.js';
import { sliceArguments, slicesIn } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Take out what waits of slices, 200 at most; what was taken out. */
export async function withdraw(caller: EpochCaller, slices: readonly Slice[]): Promise<Slice[]> {
  return slicesIn(await caller.call('withdraw', sliceArguments(slices)));
}
