// Contexts that were withdrawn while they execute here: their threads are told, and what they come to is dropped. So are
// the threads of those that an operator has interrupted or removed: what they come to is for their break.
//
// Those of other engines see what operators did by themselves (`asked-elsewhere.ts`); other outcomes of theirs are refused by
// the store, and dropped when they are decided again.

import type { Dispatcher } from '../../dispatch/contract.js';
import type { Withdrawn } from '../../dispatch/protocol.js';
import type { Segment } from '../../store/contract.js';
import type { RunningBatch, RunningPart } from '../claims/running.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { parted } from '../commit/narrowed.js';

/** @param leaving positions that have left, by segment, durably. COST a walk over all that is in the threads. */
export function withdrawRunning(
  leaving: ReadonlyMap<Segment, ArrayLike<number>>,
  why: Withdrawn,
  batches: ReadonlyMap<number, RunningBatch>,
  dispatcher: Pick<Dispatcher, 'withdraw'>,
): void {
  const left = new Map([...leaving].map(([{ id }, positions]) => [id, positions]));
  for (const { batch, members } of runningAmong(left, batches)) {
    for (const { running, position } of members) {
      running.withdrawn ??= new Set();
      running.withdrawn.add(position);
    }
    dispatcher.withdraw(batch, members, why);
  }
}

/**
 * An operation, or a signal, has fallen on what executes here: its threads are told.
 *
 * @param asked positions by segment, durably. COST a walk over all that is in the threads.
 */
export function tellRunning(
  asked: ReadonlyMap<string, ArrayLike<number>>,
  why: 'interrupted' | 'leaving' | 'signalled',
  batches: ReadonlyMap<number, RunningBatch>,
  dispatcher: Pick<Dispatcher, 'withdraw'>,
): void {
  for (const { batch, members } of runningAmong(asked, batches)) dispatcher.withdraw(batch, members, why);
}

/** Of positions by segment those that are in the threads, by batch. */
function runningAmong(positions: ReadonlyMap<string, ArrayLike<number>>, batches: ReadonlyMap<number, RunningBatch>) {
  return [...batches].flatMap(([batch, { parts }]) => {
    const members = parts.flatMap((running, part) =>
      Array.from(positions.get(running.held.segment.id) ?? []).flatMap(position => {
        const index = running.positions.indexOf(position);
        return index < 0 ? [] : [{ part, index, position, running }];
      }),
    );
    return members.length > 0 ? [{ batch, members }] : [];
  });
}

/** Items of a part, and of those members that had been withdrawn. */
export function withoutWithdrawn(
  items: CommitItem[],
  { withdrawn }: RunningPart,
): { readonly kept: CommitItem[]; readonly gone: CommitItem[] } {
  return withdrawn === null ? { kept: items, gone: [] } : parted(items, (_, position) => withdrawn.has(position));
}
