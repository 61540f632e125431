// What the flow contexts of an instance make of its state. An instance that has never split has one.

import type { LocatedContext, SegmentState } from '../../store/contract.js';
import { request } from '../../store/contract.js';
import { requestsAt } from '../operations/member-requests.js';

/** As it is shown: one that is to pause is paused, whether it waits or executes. */
export type ContextState = SegmentState;

/** State of a living instance. */
export type LivingState = 'ready' | 'paused' | 'failed';

/** The state an instance has is the first of these that one of its contexts has; those that only wait make it ready: what
 * they wait for is just being moved. */
const deciding: readonly ContextState[] = ['failed', 'ready', 'paused'];

export function contextState({ segment, position }: LocatedContext): ContextState {
  return shownState(segment.state, requestsAt(segment, position));
}

export function shownState(state: SegmentState, requests: number): ContextState {
  return state !== 'failed' && (requests & request.pause) !== 0 ? 'paused' : state;
}

export function instanceState(contexts: readonly ContextState[]): LivingState {
  if (contexts.includes('failed')) return 'failed';
  return contexts.includes('paused') && !contexts.includes('ready') ? 'paused' : 'ready';
}

/** The context that the state of the instance comes from. */
export function decidingContext(contexts: readonly LocatedContext[]): LocatedContext {
  for (const state of deciding) {
    const found = contexts.find(context => contextState(context) === state);
    if (found !== undefined) return found;
  }
  return contexts[0]!;
}
