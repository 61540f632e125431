// Calls `open.lua`; nobody else does.

import type { EpochCaller } from '../scripts.js';

/** The epoch is filled. */
export async function open(caller: EpochCaller): Promise<void> {
  await caller.call('open', []);
}
