// The timeout of an action: first its signal, then a grace, then only the end of the thread ends it.

import { systemClock } from '../../observe/clock.js';
import { ActionFault } from '../action.js';
import type { Member } from './member.js';

/** @param overdue called when the grace has passed too */
export function setDeadline(member: Member, nowMs: number, graceMs: number, overdue: () => void): void {
  clearDeadline(member);
  const { timeoutMs } = member.node.place;
  if (timeoutMs === Number.POSITIVE_INFINITY) return;
  const timer = systemClock.setTimer(timeoutMs - (nowMs - member.startedMs), () => {
    member.isTimedOut = true;
    member.abort(timeoutFault(member));
    const grace = systemClock.setTimer(graceMs, overdue);
    member.cancelTimer = () => grace.cancel();
  });
  member.cancelTimer = () => timer.cancel();
}

export function clearDeadline(member: Member): void {
  if (member.cancelTimer === null) return;
  member.cancelTimer();
  member.cancelTimer = null;
}

/** Whether its time had passed when it ended now, however it ended. */
export function isOverTime(member: Member, nowMs: number): boolean {
  return member.isTimedOut || nowMs - member.startedMs > member.node.place.timeoutMs;
}

export function timeoutFault(member: Member): ActionFault {
  const { name, timeoutMs } = member.node.place.planAction;
  return new ActionFault('ActionTimeout', `action "${name}" did not end within ${timeoutMs} ms`);
}

export class TriggerTimeout extends ActionFault {
  /** @param within how long the trigger was to wait, as its definition says */
  constructor(trigger: string, within: string) {
    super('ActionTimeout', `trigger "${trigger}" did not fire within ${within}`);
  }
}
