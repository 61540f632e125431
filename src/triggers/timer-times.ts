// The instants of a timer, whatever it was written in. Some are a set that depends on nothing but when the timer was first
// reached; those of a relative expression are a chain, each counted from the one before.

import type { BusinessInterval } from '../time/business-interval.js';
import { compileCrontab } from '../time/crontab/crontab-schedule.js';
import { parseCrontab } from '../time/crontab/parse.js';
import { compileTimeExpression, parseTimeExpression, type TimeExpression } from '../time/expression.js';
import { parseInstant } from '../time/instant.js';
import { instantText } from '../time/local-time.js';
import { unitMs } from '../time/relative/apply.js';
import type { RelativeExpression } from '../time/relative/ast.js';
import type { Firing, Schedule } from '../time/schedule.js';
import { type Zone, zoneNamed } from '../time/zone.js';
import { zoneHere } from '../time/zone-here.js';
import type { TimerTrigger } from '../workflow/model.js';

/** Instants of a chain that are walked over in one turn. */
export const walkMax = 10_000;

/** Timers of different beginnings whose schedules are kept. */
const keptMax = 200;

export interface TimerTimes {
  /** Its instants come strictly after this one. */
  readonly startMs: number;
  next(afterMs: number): Firing;
  /**
   * The last instant before `beforeMs`, of those from `fromMs` on, which is one itself and before it. `isLast` is false when
   * that was too far to walk: then it is some instant before it.
   */
  lastBefore(fromMs: number, beforeMs: number): { readonly atMs: number; readonly isLast: boolean };
}

type Notation = Pick<TimerTrigger, 'expression' | 'cron' | 'rrule' | 'at' | 'zone'>;

/** What a rule of recurrence needs to be compiled: the library is loaded when a timer has one. */
export type Recurrences = typeof import('../time/rrule/index.js');

/**
 * @param recurrences given when the timer has an `rrule`
 * @returns the instants of a timer that was first reached at a moment, milliseconds since 1970
 */
export function timerTimes(
  timer: Notation,
  calendar: BusinessInterval | undefined,
  recurrences: Recurrences | null,
): (firstMs: number) => TimerTimes {
  const zone = zoneOf(timer);
  const { expression, cron, rrule, at } = timer;
  if (at !== undefined) {
    const times = once(parseInstant(at)!, zone);
    return () => times;
  }
  if (cron !== undefined) {
    const schedule = compileCrontab(parseCrontab(cron), { zone });
    return firstMs => setTimes(schedule, firstMs);
  }
  if (rrule !== undefined) {
    const { compileRrule, parseRrule } = recurrences!;
    const rule = parseRrule(rrule);
    return remembering(startMs => compileRrule(rule, { zone, startMs }), rule.start !== null);
  }
  if (expression === undefined) throw new Error('a timer that never fires; verify the definition first');
  const parsed = parseTimeExpression(expression);
  const context = { zone, ...(calendar === undefined ? {} : { businessInterval: calendar }) };
  if (parsed.notation === 'relative') {
    const schedule = compileTimeExpression(parsed, context);
    const stepMs = fixedStep(parsed.relative);
    return firstMs => chainTimes(schedule, firstMs, stepMs);
  }
  return remembering(referenceMs => compileTimeExpression(parsed, { ...context, referenceMs }), !counts(parsed));
}

export function zoneOf({ zone }: Notation): Zone {
  return zone === undefined ? zoneHere() : zoneNamed(zone);
}

/** Schedules by their beginnings; one for all when it makes no difference. */
function remembering(compile: (startMs: number) => Schedule, isOfNoStart: boolean): (firstMs: number) => TimerTimes {
  const known = new Map<number, Schedule>();
  return firstMs => {
    const key = isOfNoStart ? 0 : firstMs;
    let schedule = known.get(key);
    if (schedule === undefined) {
      if (known.size >= keptMax) known.clear();
      schedule = compile(firstMs);
      known.set(key, schedule);
    }
    return setTimes(schedule, firstMs);
  };
}

function setTimes(schedule: Schedule, startMs: number): TimerTimes {
  return {
    startMs,
    next: afterMs => schedule.next(afterMs),
    lastBefore: (fromMs, beforeMs) => {
      const last = schedule.previous(beforeMs);
      return { atMs: last.kind === 'fires' ? Math.max(last.atMs, fromMs) : fromMs, isLast: true };
    },
  };
}

function chainTimes(schedule: Schedule, startMs: number, stepMs: number | null): TimerTimes {
  const next = (afterMs: number): Firing => schedule.next(afterMs);
  if (stepMs !== null) {
    const lastBefore: TimerTimes['lastBefore'] = (fromMs, beforeMs) => ({
      atMs: fromMs + Math.floor((beforeMs - 1 - fromMs) / stepMs) * stepMs,
      isLast: true,
    });
    return { startMs, next, lastBefore };
  }
  return {
    startMs,
    next,
    lastBefore: (fromMs, beforeMs) => {
      let [earlierMs, atMs] = [fromMs, fromMs];
      for (let walked = 0; walked < walkMax; walked++) {
        const following = next(atMs);
        if (following.kind !== 'fires' || following.atMs >= beforeMs) return { atMs, isLast: true };
        [earlierMs, atMs] = [atMs, following.atMs];
      }
      return { atMs: earlierMs, isLast: false };
    },
  };
}

function once(atMs: number, zone: Zone): TimerTimes {
  return {
    startMs: atMs - 1,
    next: afterMs => {
      if (afterMs < atMs) return { kind: 'fires', atMs };
      const message = `There is no time after ${instantText(zone, atMs)}, its only one.`;
      return { kind: 'unsatisfiable', searchedUntilMs: afterMs, message };
    },
    lastBefore: () => ({ atMs, isLast: true }),
  };
}

/** Of an expression that is always as long, whatever the clocks do. */
function fixedStep({ steps }: RelativeExpression): number | null {
  let lengthMs = 0;
  for (const step of steps) {
    if (step.kind !== 'move') return null;
    const { unit } = step;
    if (unit !== 'hour' && unit !== 'minute' && unit !== 'second' && unit !== 'millisecond') return null;
    lengthMs += step.count * unitMs[unit];
  }
  return lengthMs > 0 ? lengthMs : null;
}

/** Whether a column counts units from a beginning, `+15`. */
function counts({ cron }: Extract<TimeExpression, { notation: 'cron' }>): boolean {
  const alternatives = cron.kind === 'columns' ? [cron] : cron.alternatives;
  return alternatives.some(({ columns }) => columns.some(({ kind }) => kind === 'plus'));
}
