// Calls `set-fairness.lua`; nobody else does.

import type { FairnessWindow } from '../../contract.js';
import { branchOf, windowOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';
import { type FilingProgress, filingArguments, filingProgressIn } from './set-fifo.js';

/** File `most` entries the new way; where to go on, `null` when all are. @param progress `null` at first */
export async function setFairness(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly window: FairnessWindow | null;
    readonly progress: FilingProgress | null;
    readonly most: number;
  },
): Promise<FilingProgress | null> {
  const { branch, window, progress, most } = request;
  const value = window === null ? '' : windowOf(window);
  const args = [branchOf(branch), value, ...filingArguments(progress), most];
  return filingProgressIn(await caller.call('set-fairness', args));
}
