// Calls `release.lua`; nobody else does.

import type { Slice } from '../../contract.js';
import { sliceArguments } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Part of a claim goes back to its place; 200 slices at most. */
export async function release(caller: EpochCaller, claim: string, slices: readonly Slice[]): Promise<void> {
  await caller.call('release', [claim, ...sliceArguments(slices)]);
}
