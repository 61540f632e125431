// Calls `offer.lua`; nobody else does.

import type { Offer } from '../../contract.js';
import { offerArguments } from '../arguments.js';
import type { EpochCaller } from '../scripts.js';

/** Put slices in; 100 at most. */
export async function offer(caller: EpochCaller, offers: readonly Offer[]): Promise<void> {
  await caller.call('offer', offers.flatMap(offerArguments));
}
