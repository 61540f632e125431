// From text to steps: what each unit may do after each operator, and the bounds of counts. Everything that can be wrong with
// an expression by itself is found here, before anything is scheduled by it.

import { checkExpressionText, faultOfGrammar, TimeExpressionError } from '../errors.js';
import type { Condition, DayKind, RelativeExpression, RelativeStep, TimeField, TimeUnit } from './ast.js';
import { parse, type WrittenCount, type WrittenStep } from './relative-grammar.js';
import { countMax, meaningOf, searchCountMax } from './units.js';

/** Most steps of one expression, those inside blocks included. */
const stepsMax = 100;
const depthMax = 10;

type WrittenMove = Exclude<WrittenStep, { readonly operator: '?' }>;

/**
 * Parses a relative expression, such as `+M^M>4mon`.
 *
 * @throws TimeExpressionError naming the character, and what would be accepted there
 */
export function parseRelative(text: string): RelativeExpression {
  checkExpressionText(text);
  let written: readonly WrittenStep[];
  try {
    written = parse(text);
  } catch (error) {
    throw faultOfGrammar(text, error);
  }
  return { kind: 'relative', text, steps: new Checker(text).steps(written, 1) };
}

/** Remembers the text, for errors, and how many steps there were. */
class Checker {
  #count = 0;
  constructor(readonly text: string) {}

  steps(written: readonly WrittenStep[], depth: number): readonly RelativeStep[] {
    if (depth > depthMax) {
      this.#refuse(written[0]?.index ?? 0, 'blocks within blocks', `at most ${depthMax} levels`);
    }
    return written.map(step => this.#step(step, depth));
  }

  #step(written: WrittenStep, depth: number): RelativeStep {
    this.#count += 1;
    if (this.#count > stepsMax) this.#refuse(written.index, 'more steps', `at most ${stepsMax}`);
    switch (written.operator) {
      case '+':
      case '-':
        return this.#move(written, written.operator === '+' ? 1 : -1);
      case '>':
      case '<':
        return this.#to(written, written.operator === '>' ? 1 : -1);
      case '^':
        return this.#start(written);
      case '@':
        return this.#set(written);
      case '?':
        return {
          kind: 'if',
          index: written.index,
          condition: this.#condition(written.unit),
          whenSo: this.steps(written.whenSo, depth + 1),
          otherwise: this.steps(written.otherwise, depth + 1),
        };
    }
  }

  /** `+2M`, `-b`, `+tue`: strictly on. */
  #move({ index, unit, count }: WrittenMove, sign: number): RelativeStep {
    const meaning = meaningOf(this.text, unit);
    const bounds = meaning.kind === 'time' ? countMax[meaning.unit] : searchCountMax;
    // Not -0, which no comparison of steps would find equal.
    const moved = this.#numberOf(count, 1, 0, bounds, unit.word) * sign || 0;
    switch (meaning.kind) {
      case 'time':
        return { kind: 'move', index, count: moved, unit: meaning.unit };
      case 'day':
        return { kind: 'to-day', index, days: meaning.days, count: moved, includingNow: false };
      case 'month':
        return { kind: 'to-month', index, month: meaning.month, count: moved, includingNow: false };
    }
  }

  /** `>4mon`, `<D`: where it is counts when it matches. */
  #to({ index, unit, count }: WrittenMove, sign: number): RelativeStep {
    const meaning = meaningOf(this.text, unit);
    const found = this.#numberOf(count, 1, 1, searchCountMax, unit.word) * sign;
    switch (meaning.kind) {
      case 'time':
        return this.#refuse(
          unit.index,
          `unit ${unit.word}, which is everywhere`,
          `after > and < a kind of day (D, e, b, h, sun to sat) or a month (jan to dec); + and - move by ${unit.word}`,
        );
      case 'day':
        return { kind: 'to-day', index, days: meaning.days, count: found, includingNow: true };
      case 'month':
        return { kind: 'to-month', index, month: meaning.month, count: found, includingNow: true };
    }
  }

  #start({ index, unit }: WrittenMove): RelativeStep {
    const meaning = meaningOf(this.text, unit);
    if (meaning.kind === 'time') return { kind: 'start', index, unit: meaning.unit };
    return this.#refuse(unit.index, `unit ${unit.word}, which has no start`, 'after ^ one of y M w d H m s S');
  }

  #set({ index, unit, count, fromEnd }: WrittenMove): RelativeStep {
    const meaning = meaningOf(this.text, unit);
    switch (meaning.kind) {
      case 'day':
        return this.#setDay(index, meaning.days, count, fromEnd, unit.word);
      case 'month':
        if (count !== null || fromEnd) {
          this.#refuse(count?.index ?? index, `a count before ${unit.word}`, `@${unit.word} alone`);
        }
        return { kind: 'set-month', index, month: meaning.month };
      case 'time':
        if (meaning.unit === 'day') return this.#setDay(index, 'day', count, fromEnd, unit.word);
        if (fromEnd) this.#refuse(unit.index, `unit ${unit.word} after !`, 'd or a kind of day, such as @!d or @2!fri');
        return this.#setField(index, meaning.unit, unit, count);
    }
  }

  #setDay(index: number, days: DayKind, count: WrittenCount | null, fromEnd: boolean, word: string): RelativeStep {
    const n = this.#numberOf(count, 1, 1, daysOfMonthMax(days), word);
    return { kind: 'set-day', index, days, n: fromEnd ? -n : n };
  }

  #setField(
    index: number,
    unit: TimeUnit,
    { word, index: unitIndex }: { word: string; index: number },
    count: WrittenCount | null,
  ): RelativeStep {
    switch (unit) {
      case 'month':
        return this.#refuse(count?.index ?? unitIndex, 'a month by number', 'a month by its name, such as @nov');
      case 'week':
      case 'day':
        return this.#refuse(
          unitIndex,
          `unit ${word}`,
          'after @ one of y d H m s S, a kind of day, or a month by its name',
        );
      case 'year':
      case 'hour':
      case 'minute':
      case 'second':
      case 'millisecond': {
        if (count === null)
          this.#refuse(
            unitIndex,
            `no value for ${word}`,
            `a number before it, such as @${unit === 'year' ? 2030 : 8}${word}`,
          );
        const [min, max] = fieldBounds[unit];
        return { kind: 'set', index, field: unit, value: this.#numberOf(count, min, min, max, word) };
      }
    }
  }

  #condition(unit: { word: string; index: number }): Condition {
    const meaning = meaningOf(this.text, unit);
    if (meaning.kind !== 'time') return meaning;
    return this.#refuse(
      unit.index,
      `unit ${unit.word}, which every moment matches`,
      'after ? a kind of day (D, e, b, h, sun to sat) or a month (jan to dec)',
    );
  }

  #numberOf(written: WrittenCount | null, ifAbsent: number, min: number, max: number, word: string): number {
    if (written === null) return ifAbsent;
    const value = Number(written.digits);
    if (value >= min && value <= max) return value;
    const digits = written.digits.length > 20 ? `${written.digits.slice(0, 20)}…` : written.digits;
    return this.#refuse(written.index, `${digits} before ${word}`, `${figure(min)} to ${figure(max)}`);
  }

  #refuse(index: number, found: string, expected: string): never {
    throw new TimeExpressionError({ expression: this.text, index, found, expected });
  }
}

const fieldBounds: Readonly<Record<TimeField, readonly [number, number]>> = {
  year: [1970, 3000],
  hour: [0, 23],
  minute: [0, 59],
  second: [0, 59],
  millisecond: [0, 999],
};

/** Most days of a kind that a month can have. */
function daysOfMonthMax(days: DayKind): number {
  switch (days) {
    case 'day':
    case 'business day':
    case 'holiday':
      return 31;
    case 'weekday':
      return 23;
    case 'weekend day':
      return 10;
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return 5;
  }
}

/** Years are written without a comma. */
function figure(value: number): string {
  return value < 10_000 ? String(value) : value.toLocaleString('en-US');
}
