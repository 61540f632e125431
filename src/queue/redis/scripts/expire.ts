// Calls `expire.lua`; nobody else does.

import type { ExpiredSlice } from '../../contract.js';
import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Put back what claims hold whose lease has ended, `most` entries at most; none when there is nothing more. */
export async function expire(caller: EpochCaller, most: number): Promise<ExpiredSlice[]> {
  const list = listOf(await caller.call('expire', [most]));
  const expired: ExpiredSlice[] = [];
  for (let at = 0; at < list.length; at += 4) {
    const [segment, from, to, engine] = list.slice(at, at + 4);
    expired.push({ segment: String(segment), from: Number(from), to: Number(to), engine: String(engine) });
  }
  return expired;
}
