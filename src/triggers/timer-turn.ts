// What a timer does when it is asked: pure. Its schedule goes on whether or not a flow stands at it; it keeps up to which
// instant that has been dealt with, so that none is fired twice, and reckons the next one from there.

import { ActionFault, type Polled, type TriggerTurn } from '../dispatch/action.js';
import type { Firing } from '../time/schedule.js';
import type { Json } from '../workflow/model.js';
import type { TimerTimes } from './timer-times.js';

export interface TimerTerms {
  /** Of a timer that was first reached at `firstMs`. */
  readonly times: (firstMs: number) => TimerTimes;
  /** The last moment at which it may be scheduled, of one that was first reached at `firstMs`. */
  readonly endMs: (firstMs: number) => number;
  /** Firings at most. */
  readonly count: number;
  /** How long after its scheduled time it may fire. */
  readonly windowMs: number;
  /** What becomes of what was missed. */
  readonly makeUp: 'none' | 'once' | 'all';
  readonly makeUpMax: number;
}

/** What it keeps, between turns and from one firing to the next. */
export interface TimerKept {
  /** When it was reached for the first time. */
  readonly firstMs: number;
  /** The last scheduled instant that was fired or left out; `null`: none was. */
  readonly lastMs: number | null;
  readonly fired: number;
  /** Of `makeUp: all`: made up for one after another since it last was on time. */
  readonly madeUp: number;
  /** An operator has moved its next firing here. Behind it the schedule goes on as if it had fired when it was due. */
  readonly nextMs?: number;
  /** An operator has given it this schedule in place of its own. */
  readonly schedule?: NewSchedule;
}

/** What takes the place of all that says when a timer fires; its calendar stays. */
export interface NewSchedule {
  readonly expression?: string;
  readonly cron?: string;
  readonly zone?: string;
}

/** The next instant of one that keeps this, whenever that is. */
export type Due =
  | { readonly kind: 'due'; readonly atMs: number }
  /** It has nothing left to fire for. */
  | { readonly kind: 'expired'; readonly message: string };

/** @throws {ActionFault} `TIME_STANDING` of a relative expression that does not advance */
export function dueOf(terms: TimerTerms, kept: TimerKept): Due {
  const { firstMs, fired } = kept;
  const { count } = terms;
  const { nextMs } = kept;
  if (fired >= count) {
    return {
      kind: 'expired',
      message: `The timer has fired ${fired} time${fired === 1 ? '' : 's'}, and no more are allowed.`,
    };
  }
  if (nextMs !== undefined) return { kind: 'due', atMs: nextMs };
  const firing = scheduled(terms, kept);
  switch (firing.kind) {
    case 'fires': {
      const endMs = terms.endMs(firstMs);
      if (firing.atMs <= endMs) return { kind: 'due', atMs: firing.atMs };
      return {
        kind: 'expired',
        message: `The timer fires up to ${iso(endMs)}, and would be next at ${iso(firing.atMs)}.`,
      };
    }
    case 'unsatisfiable':
      return { kind: 'expired', message: firing.message };
    case 'standing':
      throw new ActionFault('TIME_STANDING', firing.message);
    case 'unsupported':
      throw new Error(firing.message);
  }
}

function scheduled(terms: TimerTerms, { firstMs, lastMs }: TimerKept): Firing {
  const times = terms.times(firstMs);
  return times.next(lastMs ?? times.startMs);
}

/** What one keeps whose due instant has been dealt with, whether or not it has fired. */
export function passed(terms: TimerTerms, kept: TimerKept, dueMs: number): TimerKept {
  const { nextMs, ...same } = kept;
  if (nextMs === undefined) return { ...same, lastMs: dueMs };
  // One that was moved ahead does not fire when it would have been due, too.
  const own = scheduled(terms, same);
  return { ...same, lastMs: own.kind === 'fires' ? Math.max(own.atMs, nextMs) : nextMs };
}

/** What one keeps that has just been reached for the first time. */
export function keptAtFirst(firstMs: number): TimerKept {
  return { firstMs, lastMs: null, fired: 0, madeUp: 0 };
}

export function keptOf({ kept, arrivedAtMs }: Pick<TriggerTurn, 'kept' | 'arrivedAtMs'>): TimerKept {
  // What is there was put there by this file.
  return (kept as TimerKept | null) ?? keptAtFirst(arrivedAtMs);
}

/** @throws {ActionFault} as `dueOf` */
export function timerTurn(terms: TimerTerms, turn: TriggerTurn): Polled {
  return decide(terms, turn, keptOf(turn));
}

function decide(terms: TimerTerms, turn: TriggerTurn, kept: TimerKept): Polled {
  const { nowMs } = turn;
  const due = dueOf(terms, kept);
  if (due.kind === 'expired') {
    return { kind: 'expired', result: { result: false, message: due.message }, ...keeping(kept) };
  }
  // Beside the schedule: neither counted nor part of it.
  if (turn.isExpedited) return { kind: 'fired', result: { result: true, firedAt: iso(nowMs) }, ...keeping(kept) };
  const { atMs } = due;
  if (nowMs < atMs) return { kind: 'waits', untilMs: atMs, ...keeping(kept) };
  if (nowMs - atMs <= terms.windowMs) return fire(terms, kept, atMs, nowMs, 0);
  if (kept.nextMs !== undefined) {
    if (terms.makeUp === 'none') return decide(terms, turn, passed(terms, kept, atMs));
    return fire(terms, kept, atMs, nowMs, 0);
  }
  switch (terms.makeUp) {
    case 'all':
      if (kept.madeUp < terms.makeUpMax) return fire(terms, kept, atMs, nowMs, kept.madeUp + 1);
      return leaveOut(terms, turn, kept, atMs);
    case 'none':
      return leaveOut(terms, turn, kept, atMs);
    case 'once': {
      const missed = lastMissed(terms, kept, atMs, nowMs);
      return missed.isLast ? fire(terms, kept, missed.atMs, nowMs, 0) : laterOn(kept, missed.atMs, nowMs);
    }
  }
}

/** All that was missed from `atMs` on, and then what comes next. */
function leaveOut(terms: TimerTerms, turn: TriggerTurn, kept: TimerKept, atMs: number): Polled {
  const missed = lastMissed(terms, kept, atMs, turn.nowMs);
  if (!missed.isLast) return laterOn(kept, missed.atMs, turn.nowMs);
  return decide(terms, turn, { ...kept, lastMs: missed.atMs });
}

/** The last instant from `atMs` on that is too late by now. */
function lastMissed(terms: TimerTerms, { firstMs }: TimerKept, atMs: number, nowMs: number) {
  const beforeMs = Math.min(nowMs - terms.windowMs, terms.endMs(firstMs) + 1);
  return terms.times(firstMs).lastBefore(atMs, beforeMs);
}

/** A long way to what comes next, of which this much has been gone: the rest in a turn of its own, at once. */
function laterOn(kept: TimerKept, reachedMs: number, nowMs: number): Polled {
  return { kind: 'waits', untilMs: nowMs, ...keeping({ ...kept, lastMs: reachedMs }) };
}

function fire(terms: TimerTerms, kept: TimerKept, atMs: number, nowMs: number, madeUp: number): Polled {
  return {
    kind: 'fired',
    result: { result: true, scheduledAt: iso(atMs), firedAt: iso(nowMs) },
    ...keeping({ ...passed(terms, kept, atMs), fired: kept.fired + 1, madeUp }),
  };
}

function keeping({ firstMs, lastMs, fired, madeUp, nextMs, schedule }: TimerKept): { readonly keeps: Json } {
  return {
    keeps: {
      firstMs,
      lastMs,
      fired,
      madeUp,
      ...(nextMs === undefined ? {} : { nextMs }),
      ...(schedule === undefined ? {} : { schedule: { ...schedule } }),
    },
  };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
