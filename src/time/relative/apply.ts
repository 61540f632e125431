// What a relative expression makes of a moment.
//
// Steps of days and larger work on what clocks show: the time of day is kept, a day a month does not have becomes its last
// (31 January and a month is 29 February 2020). Where that time is shown twice, in autumn, it is the second time, as in
// cron-style expressions; where it is not shown, in spring, it is as much later as the clocks were put forward. Hours and
// smaller are elapsed time.

import type { BusinessInterval } from '../business-interval.js';
import {
  civilOf,
  dayMs,
  dayNumber,
  dayOf,
  daysInMonth,
  dayWithin,
  localText,
  monthNumberOf,
  timeOfDayOf,
  weekdayOf,
} from '../civil.js';
import { TimeExpressionError } from '../errors.js';
import { firstInstantFrom, keepingOffset, laterInstantOf } from '../local-time.js';
import type { Zone } from '../zone.js';
import { businessStep, type Condition, type RelativeExpression, type RelativeStep, type TimeUnit } from './ast.js';
import { DaySearch } from './day-search.js';
import { dayKindWord } from './units.js';

/** Moments lie in the years 1900 to 3000: zones are known for them, and calendars. */
const earliestMs = Date.UTC(1900, 0);
const latestMs = Date.UTC(3001, 0) - 1;

export interface RelativeContext {
  readonly zone: Zone;
  /** Asked for business days and holidays; an expression with such units is refused without. */
  readonly businessInterval?: BusinessInterval;
}

export type Applied =
  | { readonly kind: 'at'; readonly atMs: number }
  | { readonly kind: 'unsatisfiable'; readonly searchedUntilMs: number; readonly message: string };

/**
 * The moment an expression makes of `atMs` (milliseconds since 1970 in UTC), which may be earlier, later or the same.
 *
 * @throws TimeExpressionError when it asks for business days and there is no business interval
 */
export function applyRelative(expression: RelativeExpression, atMs: number, context: RelativeContext): Applied {
  checkBusinessInterval(expression, context);
  return applyChecked(expression, atMs, context);
}

/** As `applyRelative`, for an expression whose business interval is known to be there. */
export function applyChecked(expression: RelativeExpression, atMs: number, context: RelativeContext): Applied {
  const walk = new Walk(context.zone, new DaySearch(context.businessInterval));
  const unmet = inYears(atMs) ? walk.take(expression.steps, atMs) : { reason: 'the years 1900 to 3000 are left', atMs };
  if (unmet === undefined) return { kind: 'at', atMs: walk.atMs };
  const searchedUntilMs = Math.min(Math.max(unmet.atMs, earliestMs), latestMs);
  const until = localText(context.zone.localOf(searchedUntilMs));
  return {
    kind: 'unsatisfiable',
    searchedUntilMs,
    message: `The Relative Time Expression "${expression.text}" could not be satisfied after searching until ${until} ${context.zone.name}: ${unmet.reason}.`,
  };
}

export function checkBusinessInterval({ text, steps }: RelativeExpression, context: RelativeContext): void {
  const step = context.businessInterval === undefined ? businessStep(steps) : undefined;
  if (step === undefined) return;
  throw new TimeExpressionError({
    expression: text,
    index: step.index,
    found: 'business days or holidays (b, h), and no business interval',
    expected: 'a business interval (a calendar), or other units; hours are H',
  });
}

/** Why a step cannot be taken, and how far was searched. */
interface Unmet {
  readonly reason: string;
  readonly atMs: number;
}

/** The running result. Each step sets `atMs`, or says why not. */
class Walk {
  atMs = 0;
  constructor(
    readonly zone: Zone,
    readonly days: DaySearch,
  ) {}

  take(steps: readonly RelativeStep[], fromMs: number): Unmet | undefined {
    this.atMs = fromMs;
    for (const step of steps) {
      const unmet = this.#step(step);
      if (unmet !== undefined) return unmet;
      if (!inYears(this.atMs)) return { reason: 'the years 1900 to 3000 are left', atMs: this.atMs };
    }
    return undefined;
  }

  #step(step: RelativeStep): Unmet | undefined {
    switch (step.kind) {
      case 'move':
        return this.#move(step.count, step.unit);
      case 'to-day':
        return this.#toDay(step);
      case 'to-month':
        return this.#toMonth(step);
      case 'start':
        this.atMs = this.#startOf(step.unit);
        return undefined;
      case 'set':
        return this.#set(step.field, step.value);
      case 'set-month':
        return this.#toMonthNumber(this.#yearOf() * 12 + step.month - 1);
      case 'set-day':
        return this.#setDay(step);
      case 'if':
        return this.take(this.#holds(step.condition) ? step.whenSo : step.otherwise, this.atMs);
    }
  }

  #move(count: number, unit: TimeUnit): Unmet | undefined {
    switch (unit) {
      case 'year':
        return this.#toMonthNumber(this.#monthNumberOf() + 12 * count);
      case 'month':
        return this.#toMonthNumber(this.#monthNumberOf() + count);
      case 'week':
        return this.#toDayNumber(this.#dayOf() + 7 * count);
      case 'day':
        return this.#toDayNumber(this.#dayOf() + count);
      case 'hour':
      case 'minute':
      case 'second':
      case 'millisecond':
        this.atMs += count * unitMs[unit];
        return undefined;
    }
  }

  #toDay(step: Extract<RelativeStep, { kind: 'to-day' }>): Unmet | undefined {
    const found = this.days.nth(this.#dayOf(), step);
    if ('day' in found) return this.#toDayNumber(found.day);
    return {
      reason: `there is no such ${dayKindWord(step.days)}`,
      atMs: laterInstantOf(this.zone, found.searched * dayMs),
    };
  }

  #toMonth(step: Extract<RelativeStep, { kind: 'to-month' }>): Unmet | undefined {
    if (step.count === 0) return undefined;
    const now = this.#monthNumberOf();
    // Months to the first of the name, strictly on in the direction of the count, or 0 to 11 when this one counts.
    const onward = Math.sign(step.count);
    const apart = ((((step.month - 1 - now) * onward) % 12) + 12) % 12;
    const first = apart === 0 && !step.includingNow ? 12 : apart;
    return this.#toMonthNumber(now + onward * (first + 12 * (Math.abs(step.count) - 1)));
  }

  #set(field: Extract<RelativeStep, { kind: 'set' }>['field'], value: number): Unmet | undefined {
    if (field === 'year') return this.#toMonthNumber(value * 12 + (this.#monthNumberOf() % 12));
    const localMs = this.zone.localOf(this.atMs);
    const { size, within } = fieldOf[field];
    const held = Math.floor(timeOfDayOf(localMs) / size) % within;
    this.atMs = keepingOffset(this.zone, this.atMs, localMs + (value - held) * size);
    return undefined;
  }

  #setDay(step: Extract<RelativeStep, { kind: 'set-day' }>): Unmet | undefined {
    const { year, month } = civilOf(this.#dayOf());
    const day = this.days.nthOfMonth(year, month, step);
    if (day !== undefined) return this.#toDayNumber(day);

    return {
      reason: `${year}-${String(month).padStart(2, '0')} has fewer than ${Math.abs(step.n)} of: ${dayKindWord(step.days)}`,
      atMs: laterInstantOf(this.zone, (dayNumber(year, month, 1) + daysInMonth(year, month)) * dayMs),
    };
  }

  #holds(condition: Condition): boolean {
    switch (condition.kind) {
      case 'day':
        return this.days.matches(condition.days, this.#dayOf());
      case 'month':
        return civilOf(this.#dayOf()).month === condition.month;
    }
  }

  #startOf(unit: TimeUnit): number {
    switch (unit) {
      case 'year':
        return this.#startOfDay(dayNumber(this.#yearOf(), 1, 1));
      case 'month': {
        const { year, month } = civilOf(this.#dayOf());
        return this.#startOfDay(dayNumber(year, month, 1));
      }
      case 'week':
        return this.#startOfDay(this.#dayOf() - weekdayOf(this.#dayOf()));
      case 'day':
        return this.#startOfDay(this.#dayOf());
      case 'hour':
      case 'minute':
      case 'second': {
        const localMs = this.zone.localOf(this.atMs);
        return keepingOffset(this.zone, this.atMs, Math.floor(localMs / unitMs[unit]) * unitMs[unit]);
      }
      case 'millisecond':
        return this.atMs;
    }
  }

  #startOfDay(day: number): number {
    return firstInstantFrom(this.zone, day * dayMs);
  }

  /** To another day at the same time of day; not touched when it is this one. */
  #toDayNumber(day: number): undefined {
    const localMs = this.zone.localOf(this.atMs);
    const own = dayOf(localMs);
    if (day !== own) this.atMs = laterInstantOf(this.zone, localMs + (day - own) * dayMs);
  }

  /** To another month, counted from year 0, on the same day of it or its last. */
  #toMonthNumber(monthNumber: number): undefined {
    return this.#toDayNumber(dayWithin(monthNumber, civilOf(this.#dayOf()).dayOfMonth));
  }

  #dayOf(): number {
    return dayOf(this.zone.localOf(this.atMs));
  }

  #yearOf(): number {
    return civilOf(this.#dayOf()).year;
  }

  #monthNumberOf(): number {
    return monthNumberOf(this.#dayOf());
  }
}

export const unitMs = { hour: 3_600_000, minute: 60_000, second: 1_000, millisecond: 1 } as const;

/** A field of the clock: how long one of it is, and how many there are in the next larger. */
const fieldOf = {
  hour: { size: unitMs.hour, within: 24 },
  minute: { size: unitMs.minute, within: 60 },
  second: { size: unitMs.second, within: 60 },
  millisecond: { size: 1, within: 1_000 },
} as const;

function inYears(atMs: number): boolean {
  return atMs >= earliestMs && atMs <= latestMs;
}
