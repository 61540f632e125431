// Calls `counts.lua`; nobody else does.

import type { QueueCounts } from '../../contract.js';
import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Members by place; `more`: ask again. */
export async function counts(caller: EpochCaller, most: number): Promise<QueueCounts | 'more'> {
  const [kind, ready, delayed, claimed, ...engines] = listOf(await caller.call('counts', [most]));
  if (kind === 'more') return 'more';
  const running = new Map<string, number>();
  for (let at = 0; at < engines.length; at += 2) running.set(String(engines[at]), Number(engines[at + 1]));
  return { ready: Number(ready), delayed: Number(delayed), claimed: Number(claimed), running };
}
