// The state of a flow context as the original's documents have it: a super-state and a sub-state.
//
// Both are read from its segment, what it shares with others, and the queue, which alone knows what executes. The store has
// what was committed last, as the documents say of states that are read from outside.

import type { SharedState } from '../../flow/shared/state.js';
import type { LocatedContext } from '../../store/contract.js';
import { isInHandler, waitsForHandler } from '../shared/unhandled.js';
import { type ContextState, contextState } from './context-states.js';

/** NORMAL: on the main line. ERROR: in an error handler, or waiting for one, the built-in retries included; or FAILED. */
export type SuperState = 'NORMAL' | 'ERROR';

/**
 * WAITING: ready, or will be when its time has come. FIRING: it executes, here or on another engine. TRIGGERING: it waits for
 * what it has started (a sub-workflow, a group, an error handler), or for a mutex. PAUSED also while it executes still, if
 * it is to pause.
 */
export type SubState = 'WAITING' | 'FIRING' | 'TRIGGERING' | 'JOINING' | 'PAUSED' | 'FAILED' | 'FINISHED';

export interface DocumentedState {
  readonly superState: SuperState;
  /** `null`: removed. */
  readonly subState: SubState | null;
}

const subStates: Readonly<Record<ContextState, SubState>> = {
  ready: 'WAITING',
  paused: 'PAUSED',
  failed: 'FAILED',
  joining: 'JOINING',
  waiting: 'TRIGGERING',
};

/**
 * @param shared what the contexts of its instance share; `null`: it has never split
 * @param executes whether a claim holds it
 */
export function documentedState(
  located: LocatedContext,
  shared: SharedState | null,
  executes: boolean,
): DocumentedState {
  const { segment } = located;
  const state = contextState(located);
  const isAwaited = segment.attempt > 0 && segment.state === 'ready' && !executes;
  const isHandled = waitsForHandler(segment) || (shared !== null && isInHandler(shared, segment.scope));
  const isError = state === 'failed' || isAwaited || isHandled;
  return {
    superState: isError ? 'ERROR' : 'NORMAL',
    subState: state === 'ready' && executes ? 'FIRING' : subStates[state],
  };
}
