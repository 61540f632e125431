// What a listener is told when instances have ended: groups, as they were committed. Ids and texts are made only for
// what is asked, so that listening costs nothing for each instance.

import type { ActionError } from '../dispatch/protocol.js';
import { instanceId } from '../workflow/instance-id.js';
import type { BuiltCommit } from './commit-builder.js';
import { errorOf } from './standing.js';

/** Instances of one workflow that ended alike in one commit. */
export interface EndedInstances {
  readonly workflow: string;
  /** `failed`: they stand FAILED and wait to be recovered. */
  readonly state: 'finished' | 'removed' | 'failed';
  readonly count: number;
  /** When they were submitted, milliseconds since 1970. */
  readonly createdAtMs: number;
  /** Id of the instance at `index`. */
  instance(index: number): string;
  /** JSON text of its result; `null` unless finished. */
  resultText(index: number): string | null;
  /** Its last error; `null` unless failed. */
  error(index: number): ActionError | null;
}

export type EndedListener = (ended: EndedInstances) => void;

const decoder = new TextDecoder();

/** The groups of a commit that have ended. */
export function endedIn({ items, fates }: BuiltCommit): EndedInstances[] {
  return items.flatMap((item, at) => {
    const fate = fates[at]!;
    if (fate.kind === 'stand' && fate.state !== 'failed') return [];
    const { segment } = item.held;
    const state = fate.kind === 'leave' ? fate.state : 'failed';
    return [
      {
        workflow: segment.name,
        state,
        count: item.positions.length,
        createdAtMs: segment.createdAtMs,
        instance: index => instanceId(segment.root, segment.ordinals[item.positions[index]!]!),
        resultText: index => {
          if (state !== 'finished' || item.payload === null) return null;
          const { bytes, offsets } = item.payload;
          return decoder.decode(bytes.subarray(offsets[index], offsets[index + 1]));
        },
        error: index => (state === 'failed' ? errorOf(item, index) : null),
      } satisfies EndedInstances,
    ];
  });
}
