// Calls `settle.lua`; nobody else does.

import type { Slice } from '../../contract.js';
import { sliceArguments } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Part of a claim is done; 200 slices at most. */
export async function settle(caller: EpochCaller, claim: string, slices: readonly Slice[]): Promise<void> {
  await caller.call('settle', [claim, ...sliceArguments(slices)]);
}
