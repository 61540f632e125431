// Calls `set-inherited-priority.lua`; nobody else does.

import { branchOf, listOf, padded } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** How far a changed priority has come: to which lane. */
export interface InheritingProgress {
  /** Its number; without it the first call is meant, which saves what is set. */
  readonly call: string;
  readonly lane: string;
}

/** Set it for `most` lanes; where to go on, `null` when all lanes follow. @param progress `null` at first */
export async function setInheritedPriority(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly priority: number | null;
    readonly progress: InheritingProgress | null;
    readonly most: number;
  },
): Promise<InheritingProgress | null> {
  const { branch, priority, progress, most } = request;
  const digits = priority === null ? '' : padded(priority, 5);
  const args = [branchOf(branch), digits, progress?.call ?? '', progress?.lane ?? '', most];
  const [call, lane] = listOf(await caller.call('set-inherited-priority', args));
  return call === undefined ? null : { call: String(call), lane: String(lane) };
}
