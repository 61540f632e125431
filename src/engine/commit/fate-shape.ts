// What became of members, as the audit is told of it.

import type { Next } from '../../flow/transition.js';
import { request } from '../../store/contract.js';
import type { SharedFate } from '../shared/decided-rows.js';
import type { CommitItem } from './commit-builder.js';

/** What the audit is told of what became of members. */
export interface FateShape {
  readonly after: Exclude<SharedFate['after'], 'handed' | 'failed'> | 'deferred';
  /** Contexts that begin with it. */
  readonly starts: number;
  /** Of what its transaction did. */
  readonly keepsWork: boolean;
  readonly message?: string;
  /** The last action has run, and a signal has ended it. */
  readonly onSignal?: boolean;
}

export function shapeOf(next: Next): FateShape {
  const after = afterOf(next);
  const { keepsWork } = next;
  return after === 'deferred' && next.kind === 'stand'
    ? { after, starts: 0, keepsWork, message: deferral(next) }
    : { after, starts: 0, keepsWork };
}

/** Of one of several contexts. */
export function sharedShape({ after, starts, keepsWork, onSignal }: SharedFate): FateShape {
  switch (after) {
    case 'handed':
    case 'failed':
      return { after: 'deferred', starts, keepsWork, message: messages[after] };
    case 'moved':
    case 'ended':
    case 'finished':
    case 'removed':
      return { after, starts, keepsWork, onSignal };
  }
}

/** They were paused before, and still are. */
export function isPausedAlready({ outcome, held: { segment } }: CommitItem, { message }: FateShape): boolean {
  return outcome.kind === 'waiting' && message === pausedMessage && (segment.requests & request.pause) !== 0;
}

function afterOf(next: Next): 'moved' | 'deferred' | 'finished' | 'removed' {
  if (next.kind === 'leave') return next.state;
  if (next.kind === 'act') return 'moved';
  if (next.kind === 'hand') return 'deferred';
  return next.reason === 'break' || next.reason === 'resumed' ? 'moved' : 'deferred';
}

const pausedMessage = 'paused';
const messages = {
  handed: 'waits for the error handler',
  failed: 'failed: waits to be recovered or removed',
} as const;

function deferral(next: Extract<Next, { kind: 'stand' }>): string {
  switch (next.reason) {
    case 'break':
    case 'resumed':
      return '';
    case 'retry':
      return `waits to be tried again, attempt ${next.attempt + 1}`;
    case 'paused':
      return pausedMessage;
    case 'interrupted':
      return 'interrupted: rolled back to the last transaction break';
    case 'failed':
      return messages.failed;
    case 'trigger':
      return 'waits for the trigger';
  }
}
