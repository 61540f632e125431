// The words of relative expressions and what they stand for. Case matters where a letter alone stands for a unit (`m` is
// minutes, `M` months); names are taken in any case.

import { TimeExpressionError } from '../errors.js';
import { monthNames, weekdayNames } from '../names.js';
import { weekdayWord } from '../words.js';
import type { DayKind, TimeUnit, Weekday } from './ast.js';

export type UnitMeaning =
  | { readonly kind: 'time'; readonly unit: TimeUnit }
  | { readonly kind: 'day'; readonly days: DayKind }
  | { readonly kind: 'month'; readonly month: number };

const timeUnits: Readonly<Record<string, TimeUnit>> = {
  y: 'year',
  M: 'month',
  w: 'week',
  d: 'day',
  H: 'hour',
  m: 'minute',
  s: 'second',
  S: 'millisecond',
  ms: 'millisecond',
};

const dayClasses: Readonly<Record<string, DayKind>> = {
  D: 'weekday',
  e: 'weekend day',
  b: 'business day',
  h: 'holiday',
};

export const expectedUnits =
  'a unit: y M w d H m s S, D (weekday), e (weekend day), b (business day), h (holiday), sun to sat, jan to dec';

/** What a word of an expression stands for. @throws TimeExpressionError at `index` when it stands for nothing */
export function meaningOf(expression: string, { word, index }: { word: string; index: number }): UnitMeaning {
  const unit = Object.hasOwn(timeUnits, word) ? timeUnits[word] : undefined;
  if (unit !== undefined) return { kind: 'time', unit };
  const days = Object.hasOwn(dayClasses, word) ? dayClasses[word] : undefined;
  if (days !== undefined) return { kind: 'day', days };
  const name = word.toLowerCase();
  const weekday = weekdayNames.indexOf(name);
  if (weekday >= 0) return { kind: 'day', days: weekday as Weekday };
  const month = monthNames.indexOf(name) + 1;
  if (month > 0) return { kind: 'month', month };
  throw new TimeExpressionError({
    expression,
    index,
    found: `unit "${word.slice(0, 20)}"`,
    expected: expectedUnits,
  });
}

/** Most of a unit that can be counted: a thousand years. More is a mistake, and would leave every calendar. */
export const countMax: Readonly<Record<TimeUnit, number>> = {
  year: 1_000,
  month: 12_000,
  week: 52_200,
  day: 365_300,
  hour: 8_766_000,
  minute: 525_960_000,
  second: 31_557_600_000,
  millisecond: 31_557_600_000_000,
};

/** Most days of a kind, or months of a name, that can be counted: they are looked for one by one. */
export const searchCountMax = 10_000;

/** `Sunday`, `weekend day`, `business day`: one day of a kind, in words. */
export function dayKindWord(days: DayKind): string {
  return typeof days === 'number' ? weekdayWord(days) : days;
}
