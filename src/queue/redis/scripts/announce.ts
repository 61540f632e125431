// Calls `announce.lua`; nobody else does.

import type { Offer } from '../../contract.js';
import { offerArguments, plain } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** A slice an engine holds, and the claim it holds it under. */
export interface HeldSlice {
  readonly claim: string;
  readonly slice: Offer;
}

/** @param request.isLast the engine has announced with this */
export async function announce(
  caller: EpochCaller,
  request: {
    readonly engine: string;
    readonly leaseMs: number;
    readonly isLast: boolean;
    readonly held: readonly HeldSlice[];
  },
): Promise<void> {
  const { engine, leaseMs, isLast, held } = request;
  const slices = held.flatMap(({ claim, slice }) => [plain(claim), ...offerArguments(slice)]);
  await caller.call('announce', [engine, leaseMs, isLast ? 1 : 0, ...slices]);
}
