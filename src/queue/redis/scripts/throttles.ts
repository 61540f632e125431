// Calls `throttles.lua`; nobody else does.

import type { ThrottleState } from '../../contract.js';
import { limitIn, listOf, rateIn } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** By branch. */
export async function throttles(caller: EpochCaller): Promise<ReadonlyMap<string, ThrottleState>> {
  const states = new Map<string, ThrottleState>();
  for (const told of listOf(await caller.call('throttles', []))) {
    const [branch, perEngine, clusterWide, rate, running, ...engines] = listOf(told);
    const runningBy = new Map<string, number>();
    for (let at = 0; at < engines.length; at += 2) runningBy.set(String(engines[at]), Number(engines[at + 1]));
    states.set(String(branch), {
      perEngine: limitIn(perEngine),
      clusterWide: limitIn(clusterWide),
      rate: rateIn(rate),
      running: Number(running),
      runningBy,
    });
  }
  return states;
}
