// What actions took, out of a row of the audit: an execution for each event that says that an action or a trigger was left.

import { type EventShortName, eventByCode } from '../workflow/events.js';
import { dataKind } from './trace.js';
import { memberOf, type StoredGroup } from './unfold.js';

/** `expired`: a trigger with nothing left to fire. */
export type ExecutionExit = 'normal' | 'error' | 'timeout' | 'signal' | 'expired';

/** An execution of an action by a member. */
export interface Execution {
  /** Number of the workflow version that has the action. */
  readonly workflow: number;
  readonly action: string;
  /** From 1. */
  readonly attempt: number;
  /** When it was reached: behind a transaction break when it could begin, of a trigger when the flow came to it. */
  readonly enteredAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly exit: ExecutionExit;
}

const exits: Partial<Readonly<Record<EventShortName, ExecutionExit>>> = {
  ExitingAction: 'normal',
  ExitingActionOnError: 'error',
  ExitingActionOnTimeout: 'timeout',
  ExitingActionOnSignal: 'signal',
  ExitingTrigger: 'normal',
  ExitingTriggerOnError: 'error',
  ExitingTriggerOnTimeout: 'timeout',
  ExitingTriggerOnSignal: 'signal',
};

/** Of one member of the row's root, in the order in which they ended. */
export function executionsOf(trace: string, ordinal: number): Execution[] {
  return (JSON.parse(trace) as StoredGroup[]).flatMap(group => {
    const member = memberOf(group, ordinal);
    return member === null ? [] : ofMember(group, member);
  });
}

function ofMember({ b, a, k, h, w, p, t, e }: StoredGroup, member: number): Execution[] {
  if (w === undefined || p === undefined || t === undefined) return [];
  const executions: Execution[] = [];
  for (const [code, place, time, data] of e) {
    // One that a signal has ended before it began has no time.
    const exit = time < 0 || place < 0 ? null : exitOf(code, data);
    if (exit === null) continue;
    const startedAtMs = b + t[member * k + 2 * place]!;
    const before = typeof h === 'number' ? h : h?.[member];
    executions.push({
      workflow: w,
      action: p[place]!,
      attempt: a + 1,
      enteredAtMs: place === 0 && before !== undefined ? Math.min(b - before, startedAtMs) : startedAtMs,
      startedAtMs,
      endedAtMs: Math.max(startedAtMs, b + t[member * k + time]!),
      exit,
    });
  }
  return executions;
}

function exitOf(code: number, data: number): ExecutionExit | null {
  const event = eventByCode(code);
  if (event === undefined) return null;
  // A trigger that has not fired, and goes on waiting, has nothing to tell.
  if (event.shortName === 'ExitingTriggerWithoutFiring') return data === dataKind.none ? null : 'expired';
  return exits[event.shortName] ?? null;
}
