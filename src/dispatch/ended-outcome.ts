// The outcome of a member whose thread was ended: made here, because its thread can say nothing any more. Pure.

import type { Plan } from '../workflow/plan.js';
import type { DispatcherOptions } from './contract.js';
import type { LossReason } from './culprit.js';
import type { ActionError, OutcomeGroup } from './protocol.js';
import type { ExecutingRow } from './shared-state.js';
import type { MemberName } from './ticket.js';

export interface Ended {
  readonly row: ExecutingRow;
  readonly name: MemberName;
  readonly plan: Plan;
  readonly reason: LossReason;
  /** Its thread had to be ended because of it. */
  readonly isKilled: boolean;
  /** What is known of how the thread ended. */
  readonly message: string;
}

export function endedOutcome(
  ended: Ended,
  nowMs: number,
  uptimeNowMs: number,
  options: DispatcherOptions,
): OutcomeGroup {
  const { row, name } = ended;
  const place = row.path[row.path.length - 1]!;
  const elapsedMs = Math.max(0, Math.floor(uptimeNowMs - row.startedAtMs));
  // Of the actions before the last one only their order is known: their times are the beginning of the last.
  const times = new Uint32Array(row.path.length * 2);
  times[times.length - 1] = elapsedMs;
  return {
    part: name.part,
    kind: 'failed',
    path: row.path,
    reached: place,
    members: Uint16Array.of(name.index),
    baseMs: Math.floor(nowMs) - elapsedMs,
    times,
    payload: null,
    errors: [errorOf(ended, place, options)],
    errorOf: Uint16Array.of(0),
    killed: ended.isKilled,
  };
}

function errorOf(ended: Ended, place: number, options: DispatcherOptions): ActionError {
  const { name: action, timeoutMs } = ended.plan.actions[place]!;
  const make = (code: string, message: string): ActionError => ({ code, message, action, stack: '' });
  switch (ended.reason) {
    case 'timeout':
      return make('ActionTimeout', `action "${action}" did not end within ${timeoutMs} ms`);
    case 'blocked':
      return make('ActionBlocked', `action "${action}" held up its thread for ${options.blockedMs} ms`);
    case 'memory':
      return make('ActionOutOfMemory', `action "${action}" filled the heap of its thread, ${options.heapMb} MB`);
    case 'exit':
    case 'error':
      return make('ActionExited', `action "${action}" ended its thread: ${ended.message}`);
  }
}
