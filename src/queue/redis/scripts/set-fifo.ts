// Calls `set-fifo.lua`; nobody else does.

import { branchOf, listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** How far a change of order has come: in which lane, and where in it. */
export interface FilingProgress {
  readonly lane: string;
  readonly after: string;
}

/** File `most` entries the new way; where to go on, `null` when all are. @param progress `null` at first */
export async function setFifo(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly fifo: boolean | null;
    readonly progress: FilingProgress | null;
    readonly most: number;
  },
): Promise<FilingProgress | null> {
  const { branch, fifo, progress, most } = request;
  const value = fifo === null ? '' : fifo ? 1 : 0;
  const args = [branchOf(branch), value, progress?.lane ?? '', progress?.after ?? '', most];
  return filingProgressIn(await caller.call('set-fifo', args));
}

export function filingProgressIn(reply: unknown): FilingProgress | null {
  const [lane, after] = listOf(reply);
  return lane === undefined ? null : { lane: String(lane), after: String(after) };
}
