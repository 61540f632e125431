// The error that a context is kept with: one that waits for its error handler, or that the handler has given up.

import type { Standing } from '../../flow/shared/happening.js';
import type { Segment } from '../../store/contract.js';
import { errorAt, type FailedWith } from '../commit/failures.js';
import { errorOf } from '../commit/standing.js';
import type { GatheredInstance } from './gathered.js';

/** @param stored the segment in which it stood; `null`: it stands with none */
export function stoodWith(
  { context, state }: Standing,
  { ordinal, occurrences }: GatheredInstance,
  stored: Segment | undefined,
): FailedWith | null {
  switch (state) {
    case 'waiting': {
      const handed = occurrences.find(
        ({ happening }) => happening.what.kind === 'handed' && (happening.context || 1) === context,
      );
      return handed === undefined ? null : errorOf(handed.item, handed.member);
    }
    case 'failed': {
      const gaveUp = occurrences.find(({ happening }) => happening.what.kind === 'gaveUp');
      const last = gaveUp === undefined ? null : errorOf(gaveUp.item, gaveUp.member);
      const kept = stored === undefined ? null : errorAt(stored, stored.ordinals.indexOf(ordinal));
      // An operation in between may have cost it what it failed with.
      if (kept === null || last === null) return kept ?? last;
      const { code, message, action } = last;
      return { ...kept, handler: { code, message, action } };
    }
    case 'ready':
    case 'joining':
      return null;
  }
}
