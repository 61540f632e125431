// Calls `settings.lua`; nobody else does.

import type { BranchSettings } from '../../contract.js';
import type { KeyRules } from '../../key-rules.js';
import { limitIn, listOf, rateIn, windowIn } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** By branch. */
export async function settings(caller: EpochCaller): Promise<ReadonlyMap<string, BranchSettings>> {
  const byBranch = new Map<string, BranchSettings>();
  for (const told of listOf(await caller.call('settings', []))) {
    const [branch, priority, fifo, window, isThrottled, perEngine, clusterWide, rate, isWhole, keys] = listOf(told);
    byBranch.set(String(branch), {
      priority: priority === '' ? null : Number(priority),
      fifo: fifo === '' ? null : Number(fifo) === 1,
      fairness: window === '' ? null : windowIn(window),
      throttle:
        Number(isThrottled) === 1
          ? { perEngine: limitIn(perEngine), clusterWide: limitIn(clusterWide), rate: rateIn(rate) }
          : null,
      keys: keyRulesIn(listOf(keys)),
      isWhole: Number(isWhole) === 1,
    });
  }
  return byBranch;
}

function keyRulesIn([clusterWide, strict, others, rate, ...weights]: readonly unknown[]): KeyRules | null {
  if (clusterWide === undefined) return null;
  const of = new Map<string, number>();
  for (let at = 0; at < weights.length; at += 2) of.set(String(weights[at]), Number(weights[at + 1]));
  return {
    each: { clusterWide: limitIn(clusterWide), rate: rateIn(rate) },
    weights: others === '' ? null : { of, others: Number(others) },
    isStrict: Number(strict) === 1,
  };
}
