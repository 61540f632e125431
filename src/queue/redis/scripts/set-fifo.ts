// Calls `set-fifo.lua`; nobody else does.

import { branchOf, listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** How far a change of order has come: in which lane, and where in it. */
export interface FilingProgress {
  /** Its number; without it the first call is meant, which saves what is set. */
  readonly call: string;
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
  const args = [branchOf(branch), value, ...filingArguments(progress), most];
  return filingProgressIn(await caller.call('set-fifo', args));
}

export function filingArguments(progress: FilingProgress | null): string[] {
  return progress === null ? ['', '', ''] : [progress.call, progress.lane, progress.after];
}

export function filingProgressIn(reply: unknown): FilingProgress | null {
  const [call, lane, after] = listOf(reply);
  return call === undefined ? null : { call: String(call), lane: String(lane), after: String(after) };
}
