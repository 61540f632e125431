// Calls `claim.lua`; nobody else does.

import { strict as assert } from 'node:assert';
import type { ClaimedSlice, ClaimRequest, NothingReady } from '../../contract.js';
import { listOf } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/**
 * Take what is first in order, under the id the caller has made: asked again under it, the same is answered.
 *
 * @param request.most entries taken, and delayed ones made ready, at most
 * @returns the slices; `more`: nothing was claimed, ask again
 */
export async function claim(
  caller: EpochCaller,
  request: ClaimRequest & { readonly id: string; readonly most: number },
): Promise<ClaimedSlice[] | NothingReady | 'more'> {
  const { id, engine, limit, leaseMs, most } = request;
  const [kind, ...rest] = listOf(await caller.call('claim', [id, engine, limit, leaseMs, most]));
  if (kind === 'more') return kind;
  if (kind === 'nothing') return { kind, eligibleInMs: rest.length === 0 ? null : Number(rest[0]) };
  assert(kind === 'claimed', `claim answered ${String(kind)}`);
  const slices: ClaimedSlice[] = [];
  for (let at = 0; at < rest.length; at += 4) {
    slices.push({
      segment: String(rest[at]),
      from: Number(rest[at + 1]),
      to: Number(rest[at + 2]),
      redelivered: Number(rest[at + 3]) === 1,
    });
  }
  return slices;
}
