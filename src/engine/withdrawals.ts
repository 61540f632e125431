// Contexts that were withdrawn while they execute here: their threads are told, and what they come to is dropped.
//
// Those of other engines are not told: their outcomes are refused by the store, and dropped when they are decided again.

import type { Dispatcher } from '../dispatch/contract.js';
import type { Segment } from '../store/contract.js';
import type { CommitItem } from './commit-builder.js';
import { parted } from './narrowed.js';
import type { RunningBatch, RunningPart } from './running.js';

/** @param leaving positions that have left, by segment, durably. COST a walk over all that is in the threads. */
export function withdrawRunning(
  leaving: ReadonlyMap<Segment, readonly number[]>,
  batches: ReadonlyMap<number, RunningBatch>,
  dispatcher: Pick<Dispatcher, 'withdraw'>,
): void {
  const left = new Map([...leaving].map(([{ id }, positions]) => [id, positions]));
  for (const [batch, { parts }] of batches) {
    const members = parts.flatMap((running, part) =>
      (left.get(running.held.segment.id) ?? []).flatMap(position => {
        const index = running.positions.indexOf(position);
        if (index < 0) return [];
        running.withdrawn ??= new Set();
        running.withdrawn.add(position);
        return [{ part, index }];
      }),
    );
    if (members.length > 0) dispatcher.withdraw(batch, members);
  }
}

/** Items of a part, and of those members that had been withdrawn. */
export function withoutWithdrawn(
  items: CommitItem[],
  { withdrawn }: RunningPart,
): { readonly kept: CommitItem[]; readonly gone: CommitItem[] } {
  return withdrawn === null ? { kept: items, gone: [] } : parted(items, (_, position) => withdrawn.has(position));
}
