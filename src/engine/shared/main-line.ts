// What a recovery goes back to: the main line. What has failed inside of an error handler is not begun again; it goes, with
// the handler, when the context that waits for the handler is recovered.

import type { SharedState } from '../../flow/shared/state.js';
import type { Segment, Store } from '../../store/contract.js';
import { keyOf } from './gathered.js';
import { isInHandler } from './unhandled.js';

/** Members of a segment, by their positions. */
export interface Members {
  readonly segment: Segment;
  readonly positions: Uint16Array;
}

/**
 * Those of the members that are in no error handler.
 * COST one read of what instances share, for those that have split.
 */
export async function onMainLine<T extends Members>(list: readonly T[], store: Pick<Store, 'shared'>): Promise<T[]> {
  const keys = list.flatMap(({ segment, positions }) =>
    segment.scope === 0 ? [] : Array.from(positions, at => ({ root: segment.root, ordinal: segment.ordinals[at]! })),
  );
  if (keys.length === 0) return [...list];
  const states = new Map<string, SharedState>();
  for (const { root, ordinal, state } of await store.shared(keys)) {
    states.set(keyOf(root, ordinal), (JSON.parse(state) as { machine: SharedState }).machine);
  }
  return list
    .map(each => {
      const { root, scope, ordinals } = each.segment;
      if (scope === 0) return each;
      const positions = each.positions.filter(at => {
        const state = states.get(keyOf(root, ordinals[at]!));
        return state !== undefined && !isInHandler(state, scope);
      });
      return { ...each, positions };
    })
    .filter(({ positions }) => positions.length > 0);
}
