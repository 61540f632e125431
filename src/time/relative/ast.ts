// A relative expression as it was understood: steps that are taken one after the other. What each operator means is said
// in README.md of this room; `index` is where a step begins in its text.

export interface RelativeExpression {
  readonly kind: 'relative';
  readonly text: string;
  readonly steps: readonly RelativeStep[];
}

/** Units of the calendar and the clock. Hours and smaller are elapsed time. */
export type TimeUnit = 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond';

/** Fields of the clock, and the year: what `@` sets to a number. */
export type TimeField = 'year' | 'hour' | 'minute' | 'second' | 'millisecond';

/** 0 is Sunday. */
export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Kinds of days: a day of the week by its number, or one of a class. `day` is every day. */
export type DayKind = Weekday | 'day' | 'weekday' | 'weekend day' | 'business day' | 'holiday';

/** What `?` asks of a moment: the kind of its day, or its month from 1. */
export type Condition =
  | { readonly kind: 'day'; readonly days: DayKind }
  | { readonly kind: 'month'; readonly month: number };

export type RelativeStep = { readonly index: number } & (
  | { readonly kind: 'move'; readonly count: number; readonly unit: TimeUnit }
  /** To the `count`-th such day; `includingNow` counts the day it begins on. Negative counts go back. */
  | { readonly kind: 'to-day'; readonly days: DayKind; readonly count: number; readonly includingNow: boolean }
  | { readonly kind: 'to-month'; readonly month: number; readonly count: number; readonly includingNow: boolean }
  | { readonly kind: 'start'; readonly unit: TimeUnit }
  | { readonly kind: 'set'; readonly field: TimeField; readonly value: number }
  | { readonly kind: 'set-month'; readonly month: number }
  /** The n-th such day of the month it is in; from the end when negative. */
  | { readonly kind: 'set-day'; readonly days: DayKind; readonly n: number }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly whenSo: readonly RelativeStep[];
      readonly otherwise: readonly RelativeStep[];
    }
);

/** The first step that asks for business days or holidays, itself or within its blocks. */
export function businessStep(steps: readonly RelativeStep[]): RelativeStep | undefined {
  return steps.find(needsBusiness);
}

function needsBusiness(step: RelativeStep): boolean {
  switch (step.kind) {
    case 'to-day':
    case 'set-day':
      return isOfBusiness(step.days);
    case 'if':
      return (
        (step.condition.kind === 'day' && isOfBusiness(step.condition.days)) ||
        step.whenSo.some(needsBusiness) ||
        step.otherwise.some(needsBusiness)
      );
    case 'move':
    case 'to-month':
    case 'start':
    case 'set':
    case 'set-month':
      return false;
  }
}

function isOfBusiness(days: DayKind): boolean {
  return days === 'business day' || days === 'holiday';
}
