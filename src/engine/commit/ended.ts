// What a listener is told when instances have ended: groups, as they were committed. Ids and texts are made only for
// what is asked, so that listening costs nothing for each instance.

import type { ActionError } from '../../dispatch/protocol.js';
import type { Commit, Failure } from '../../store/contract.js';
import { instanceId } from '../../workflow/instance-id.js';
import { HeldBody } from '../claims/held-body.js';
import type { BuiltCommit, Fate } from './commit-builder.js';
import { errorAt } from './failures.js';
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
export function endedIn({ items, fates, commit }: BuiltCommit): EndedInstances[] {
  return items.flatMap((item, at) => {
    const fate = fates[at]!;
    const state = stateOf(fate);
    if (state === null) return [];
    const { segment } = item.held;
    const ordinalOf = (index: number): number => segment.ordinals[item.positions[index]!]!;
    return [
      {
        workflow: segment.name,
        state,
        count: item.positions.length,
        createdAtMs: segment.createdAtMs,
        instance: index => instanceId(segment.root, ordinalOf(index)),
        resultText: index => {
          if (state !== 'finished') return null;
          if (fate.kind === 'shared') return outcomeText(commit, segment.root, ordinalOf(index));
          if (item.payload === null) return null;
          const { bytes, offsets } = item.payload;
          return decoder.decode(bytes.subarray(offsets[index], offsets[index + 1]));
        },
        error: index => {
          if (state !== 'failed') return null;
          return fate.kind === 'shared' ? failureIn(commit, segment.root, ordinalOf(index)) : errorOf(item, index);
        },
      } satisfies EndedInstances,
    ];
  });
}

/** How they ended; `null`: they have not. */
function stateOf(fate: Fate): EndedInstances['state'] | null {
  switch (fate.kind) {
    case 'leave':
      return fate.state;
    case 'stand':
      return fate.state === 'failed' ? 'failed' : null;
    case 'shared':
      return fate.after === 'finished' || fate.after === 'removed' || fate.after === 'failed' ? fate.after : null;
    case 'hand':
    case 'act':
      return null;
  }
}

/** Of one of several contexts the outcome holds other than what its transaction wrote. */
function outcomeText({ outcomes, bodies }: Commit, root: string, ordinal: number): string | null {
  const outcome = outcomes.find(each => each.root === root && each.ordinals.includes(ordinal));
  const body = bodies.find(({ id }) => id === outcome?.body);
  return body === undefined ? null : new HeldBody(body).textOf(ordinal);
}

/** What the one of its contexts failed with that its error handler has given up. */
function failureIn({ segments }: Commit, root: string, ordinal: number): Failure | null {
  const failed = segments.find(
    each => each.state === 'failed' && each.root === root && each.ordinals.includes(ordinal),
  );
  return failed === undefined ? null : errorAt(failed, failed.ordinals.indexOf(ordinal));
}
