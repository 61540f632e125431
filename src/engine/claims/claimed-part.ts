// What becomes of claimed members before anything of them runs: they run, are held back, or their fate is decided already.

import { request } from '../../store/contract.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { requested, signalled, withoutBody } from '../commit/commit-items.js';
import { byFate, interruptedIn } from '../operations/member-requests.js';
import type { LoadedPart } from './batches.js';

export interface ClaimedPart {
  /** Those that run, perhaps none. */
  readonly part: LoadedPart;
  /** Positions that wait until they are resumed. */
  readonly held: Uint16Array;
  /** What is decided of the others. */
  readonly items: readonly CommitItem[];
}

export function sortOut(whole: LoadedPart, nowMs: number): ClaimedPart {
  const { segment } = whole.held;
  const { runs, held, removed } = byFate(segment, whole.positions);
  const among = (positions: Uint16Array): LoadedPart =>
    positions.length === whole.positions.length ? whole : { ...whole, positions };
  const items: CommitItem[] = [];
  // Operations removed or interrupted them while they were executing, and that execution was lost.
  if (removed.length > 0) items.push(requested(among(removed), nowMs, request.remove));
  const interrupted = interruptedIn(segment, runs);
  if (interrupted.length > 0) items.push(requested(among(interrupted), nowMs, request.interrupt));
  const left = interrupted.length === 0 ? runs : runs.filter(position => !interrupted.includes(position));
  const part = among(left);
  if (left.length === 0 || (whole.missing === null && !whole.isSignalled)) return { part, held, items };
  if (whole.missing !== null) items.push(...withoutBody(part, whole.missing, nowMs));
  else items.push(...signalled(part, whole.claim, nowMs));
  return { part: { ...part, positions: new Uint16Array() }, held, items };
}
