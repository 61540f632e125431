// Calls `set-throttle.lua`; nobody else does.

import type { Throttle } from '../../contract.js';
import { branchOf, limitOf, listOf, rateOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** How far hanging anew has come: among the nodes or the lanes below a branch, at which, and where in that lane. */
export interface HangingProgress {
  /** Its number; without it the first call is meant, which saves what is set. */
  readonly call: string;
  readonly where: string;
  readonly name: string;
  readonly after: string;
}

/** Hang `most` nodes and lanes; where to go on, `null` when all hang where they should. @param progress `null` at first */
export async function setThrottle(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly throttle: Throttle | null;
    readonly progress: HangingProgress | null;
    readonly most: number;
  },
): Promise<HangingProgress | null> {
  const { branch, throttle, progress, most } = request;
  const reply = await caller.call('set-throttle', [
    branchOf(branch),
    throttle === null ? 0 : 1,
    limitOf(throttle?.perEngine ?? null),
    limitOf(throttle?.clusterWide ?? null),
    rateOf(throttle?.rate ?? null),
    ...hangingArguments(progress),
    most,
  ]);
  return hangingProgressIn(reply);
}

export function hangingArguments(progress: HangingProgress | null): string[] {
  return progress === null ? ['', 'nodes', '', ''] : [progress.call, progress.where, progress.name, progress.after];
}

export function hangingProgressIn(reply: unknown): HangingProgress | null {
  const [call, where, name, after] = listOf(reply);
  if (call === undefined) return null;
  return { call: String(call), where: String(where), name: String(name), after: String(after) };
}
