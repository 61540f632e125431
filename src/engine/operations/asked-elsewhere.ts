// What operations given to other engines have asked of what executes here. That is read from the store, of what has been executing
// for a moment: who was taken off there is ended here, who was interrupted or is to leave is told.

import { hasBit } from '../../store/bitmap.js';
import { request, type Segment } from '../../store/contract.js';
import { partOf } from '../commit/reporter.js';
import type { EngineParts } from '../parts.js';
import { requestsAt } from './member-requests.js';
import { lookEveryMs } from './running-watch.js';
import { tellRunning } from './withdrawals.js';

/** Segments in one question; what is beyond comes when these have ended. */
const segmentsMax = 500;

type World = Pick<EngineParts, 'store' | 'dispatcher' | 'committer' | 'clock'>;

/** A look of the watch. COST nothing while nothing has been executing for long; else one read of segments. */
export async function lookElsewhere(world: World): Promise<void> {
  const { store, committer, dispatcher } = world;
  const executing = executingLong(world);
  if (executing.size === 0) return;
  const ids = [...executing.keys()].map(({ id }) => id);
  const fresh = new Map((await store.segments(ids)).map(segment => [segment.id, segment]));
  const [interrupted, toLeave] = [new Map<string, number[]>(), new Map<string, number[]>()];
  const gone = new Map<Segment, number[]>();
  for (const [segment, positions] of executing) {
    const now = fresh.get(segment.id);
    for (const position of positions) {
      if (now === undefined || hasBit(now.gone, position)) {
        add(gone, segment, position);
        continue;
      }
      const bits = requestsAt(now, position);
      if ((bits & request.interrupt) !== 0) add(interrupted, segment.id, position);
      if ((bits & request.remove) !== 0) add(toLeave, segment.id, position);
    }
  }
  tellRunning(interrupted, 'interrupted', committer.batches, dispatcher);
  tellRunning(toLeave, 'leaving', committer.batches, dispatcher);
  await endRemoved(gone, world);
}

/** Those of the members that have left because they were removed: what has gone on elsewhere is only refused. */
async function endRemoved(gone: ReadonlyMap<Segment, readonly number[]>, { store, committer }: World): Promise<void> {
  if (gone.size === 0) return;
  const removed = new Map<string, Set<number>>();
  const { outcomes } = await store.endsOf([...new Set([...gone.keys()].map(({ root }) => root))]);
  for (const { root, state, ordinals } of outcomes) {
    if (state !== 'removed') continue;
    const known = removed.get(root) ?? new Set<number>();
    for (const ordinal of ordinals) known.add(ordinal);
    removed.set(root, known);
  }
  const leaving = new Map<Segment, number[]>();
  for (const [segment, positions] of gone) {
    for (const at of positions) {
      if (removed.get(segment.root)?.has(segment.ordinals[at]!) === true) add(leaving, segment, at);
    }
  }
  if (leaving.size > 0) committer.withdraw(leaving, 'removed');
}

function executingLong({ dispatcher, committer, clock }: World): Map<Segment, number[]> {
  const nowMs = clock.nowMs();
  const found = new Map<Segment, number[]>();
  for (const { batch, slot, startedAtMs } of dispatcher.executing()) {
    if (nowMs - startedAtMs < lookEveryMs) continue;
    const running = partOf(committer.batches.get(batch)?.parts, slot);
    if (running === null) continue;
    const { segment } = running.part.held;
    if (found.size < segmentsMax || found.has(segment)) add(found, segment, running.part.positions[running.member]!);
  }
  return found;
}

function add<Key>(lists: Map<Key, number[]>, key: Key, position: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [position]);
  else list.push(position);
}
