// Calls `set-keys.lua`; nobody else does.

import type { KeyRules } from '../../key-rules.js';
import { branchOf, keyText, limitOf, rateOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';
import { type HangingProgress, hangingArguments, hangingProgressIn } from './set-throttle.js';

/** Have `most` nodes and lanes follow; where to go on, `null` when all do. @param progress `null` at first */
export async function setKeys(
  caller: EpochCaller,
  request: {
    readonly branch: string;
    readonly rules: KeyRules | null;
    readonly progress: HangingProgress | null;
    readonly most: number;
  },
): Promise<HangingProgress | null> {
  const { branch, rules, progress, most } = request;
  const weights = progress === null ? [...(rules?.weights?.of ?? [])] : [];
  const reply = await caller.call('set-keys', [
    branchOf(branch),
    rules === null ? 0 : 1,
    limitOf(rules?.each.clusterWide ?? null),
    rules?.isStrict === true ? 1 : 0,
    rules?.weights?.others ?? '',
    rateOf(rules?.each.rate ?? null),
    ...hangingArguments(progress),
    most,
    ...weights.flatMap(([key, weight]) => [keyText(key), weight]),
  ]);
  return hangingProgressIn(reply);
}
