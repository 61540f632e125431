// Calls `set-inherited-priority.lua`; nobody else does.

import { branchOf, padded } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Set it for `most` lanes; where to go on, `null` when all lanes follow. @param after `null` at first */
export async function setInheritedPriority(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly priority: number | null;
    readonly after: string | null;
    readonly most: number;
  },
): Promise<string | null> {
  const { branch, priority, after, most } = request;
  const digits = priority === null ? '' : padded(priority, 5);
  const reply = await caller.call('set-inherited-priority', [branchOf(branch), digits, after ?? '', most]);
  return reply === '' ? null : String(reply);
}
