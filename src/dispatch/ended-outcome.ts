// The outcome of a member whose thread was ended: made here, because its thread can say nothing any more. Pure.

import { type Demand, failureFlow, type Place, type Plan, type PlanFailureFlow } from '../workflow/plan.js';
import { isShared } from '../workflow/signals.js';
import type { DispatcherOptions } from './contract.js';
import type { LossReason } from './culprit.js';
import { errorText, withError } from './error-variable.js';
import type { ActionError, OutcomeGroup } from './protocol.js';
import type { ExecutingRow } from './shared-state.js';
import type { MemberName } from './ticket.js';

export interface Ended {
  readonly row: ExecutingRow;
  readonly name: MemberName;
  readonly plan: Plan;
  /** Where its transaction began. */
  readonly place: Place;
  readonly reason: LossReason;
  /** Its thread had to be ended because of it. */
  readonly isKilled: boolean;
  /** What is known of how the thread ended. */
  readonly message: string;
  /** Number of its flow context; 0: the instance has not split. */
  readonly context: number;
  /** Failed attempts of its transaction before this one. */
  readonly attempt: number;
  /** JSON text of what earlier transactions wrote; empty: nothing. */
  readonly written: string;
}

export function endedOutcome(
  ended: Ended,
  nowMs: number,
  uptimeNowMs: number,
  options: DispatcherOptions,
): OutcomeGroup {
  const { row, name } = ended;
  const place = row.path.at(-1) ?? ended.place;
  const elapsedMs = Math.max(0, Math.floor(uptimeNowMs - row.startedAtMs));
  // Of the actions before the last one only their order is known: their times are the beginning of the last.
  const times = new Uint32Array(row.path.length * 2);
  if (times.length > 0) times[times.length - 1] = elapsedMs;
  const error = errorOf(ended, place, options);
  const how = ended.reason === 'timeout' ? 'timeout' : 'error';
  const group = {
    part: name.part,
    path: row.path,
    members: Uint16Array.of(name.index),
    baseMs: Math.floor(nowMs) - elapsedMs,
    times,
    errors: [error],
    errorOf: Uint16Array.of(0),
  };
  // While flows are chosen no action runs that could have a flow for its failure.
  const isRunning = row.path.length > 0;
  const flow = isRunning ? failureFlow(ended.plan.actions[place]!, how, ended.attempt, error.code) : null;
  const areNormal = row.exits.every(exit => exit === 'normal');
  const exits = flow === null && areNormal ? {} : { exits: [...row.exits, how] as const };
  if (flow === null) {
    return { ...group, ...exits, kind: 'failed', reached: place, payload: null, killed: ended.isKilled };
  }
  // What its transaction wrote went with the thread: it is rolled back to its beginning, and ends there.
  const bytes = Buffer.from(withError(ended.written, errorText(error, ended.attempt), ended.context > 0));
  const payload = { bytes, offsets: Int32Array.of(0, bytes.length) };
  return { ...group, ...exits, kind: 'completed', ...over(flow, ended.plan, place), payload };
}

/** Where a flow for a failure leads; a join counts the contexts that come over each flow. */
export function over(
  { flow, to }: PlanFailureFlow,
  plan: Plan,
  place: Place,
): { readonly reached: Place; readonly demand?: Demand } {
  if (!isShared(plan, place, { flow, to })) return { reached: to };
  return { reached: place, demand: { kind: 'flows', flows: [flow] } };
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
    case 'removed':
      return make('ActionExited', `action "${action}" ended its thread: ${ended.message}`);
  }
}
