// Calls `set-throttle.lua`; nobody else does.

import type { Throttle } from '../../contract.js';
import { branchOf, limitOf, listOf, rateOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** How far a new throttle has come: among the nodes or the lanes below its branch, and behind which. */
export interface ThrottleProgress {
  readonly where: string;
  readonly after: string;
}

/** Hang `most` nodes and lanes; where to go on, `null` when all hang where they should. @param progress `null` at first */
export async function setThrottle(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly throttle: Throttle | null;
    readonly progress: ThrottleProgress | null;
    readonly most: number;
  },
): Promise<ThrottleProgress | null> {
  const { branch, throttle, progress, most } = request;
  const reply = await caller.call('set-throttle', [
    branchOf(branch),
    throttle === null ? 0 : 1,
    limitOf(throttle?.perEngine ?? null),
    limitOf(throttle?.clusterWide ?? null),
    rateOf(throttle?.rate ?? null),
    progress?.after ?? '',
    progress?.where ?? 'nodes',
    most,
  ]);
  const [where, after] = listOf(reply);
  return where === undefined ? null : { where: String(where), after: String(after) };
}
