// Which days of a year the columns admit, as a bit a day. Years of a kind share a mask, so there are fourteen, made when
// they are first needed; only business days by number are different every year.

import type { BusinessInterval } from '../business-interval.js';
import type { Column, Item } from './ast.js';
import { DAY_OF_MONTH, DAY_OF_WEEK, DAY_OF_YEAR, MONTH, WEEK_OF_MONTH, WEEK_OF_YEAR } from './columns.js';
import { type DayOfYear, daysOfKind, firstDayOf, yearKindOf, yearKinds, yearMin } from './year-days.js';

/** 366 bits; null when no day of the year is admitted. */
type Mask = Int32Array | null;

type MarkedItem = Extract<Item, { kind: 'marked' }>;

export class DayMasks {
  readonly #columns: readonly Column[];
  readonly #businessInterval: BusinessInterval | null;
  readonly #marked: readonly MarkedItem[];
  readonly #kinds = new Array<KindMasks | undefined>(yearKinds);
  /** By year from 1970. */
  readonly #years: (Mask | undefined)[] = [];

  constructor(columns: readonly Column[], businessInterval: BusinessInterval | null) {
    this.#columns = columns;
    this.#businessInterval = businessInterval;
    const dayOfMonth = columns[DAY_OF_MONTH]!;
    this.#marked = dayOfMonth.kind === 'values' ? dayOfMonth.items.filter(each => each.kind === 'marked') : [];
  }

  ofYear(year: number): Mask {
    const known = this.#years[year - yearMin];
    if (known !== undefined) return known;
    const kind = this.#ofKind(yearKindOf(year));
    const made = this.#marked.length === 0 ? kind.plain : this.#withMarked(year, kind);
    this.#years[year - yearMin] = made;
    return made;
  }

  #ofKind(kind: number): KindMasks {
    const known = this.#kinds[kind];
    if (known !== undefined) return known;
    const made = kindMasks(this.#columns, kind);
    this.#kinds[kind] = made;
    return made;
  }

  #withMarked(year: number, { plain, open, openMonths }: KindMasks): Mask {
    const mask = plain === null ? emptyMask() : plain.slice();
    const first = firstDayOf(year);
    for (const month of openMonths) {
      for (const { mark, position } of this.#marked) {
        const interval = this.#businessInterval!;
        const day =
          mark === 'b'
            ? interval.nthBusinessDay(year, month + 1, position)
            : interval.nthHoliday(year, month + 1, position);
        if (day !== undefined && hasBit(open, day - first)) setBit(mask, day - first);
      }
    }
    return nullWhenEmpty(mask);
  }
}

interface KindMasks {
  /** Days that all columns admit without business days by number. */
  readonly plain: Mask;
  /** Days that all columns but day of month admit, and the months there are some in. */
  readonly open: Int32Array;
  readonly openMonths: ReadonlySet<number>;
}

function kindMasks(columns: readonly Column[], kind: number): KindMasks {
  const plain = emptyMask();
  const open = emptyMask();
  const openMonths = new Set<number>();
  const others = [MONTH, DAY_OF_WEEK, DAY_OF_YEAR, WEEK_OF_MONTH, WEEK_OF_YEAR];
  for (const day of daysOfKind(kind)) {
    if (!others.every(column => admits(columns[column]!, column, day))) continue;
    setBit(open, day.index);
    openMonths.add(day.month);
    if (admits(columns[DAY_OF_MONTH]!, DAY_OF_MONTH, day)) setBit(plain, day.index);
  }
  return { plain: nullWhenEmpty(plain), open, openMonths };
}

function admits(content: Column, column: number, day: DayOfYear): boolean {
  // What is no value depends on more than the kind of the year: DayLevel asks for it day by day.
  return content.kind !== 'values' || content.items.some(item => isItem(item, column, day));
}

function isItem(item: Item, column: number, day: DayOfYear): boolean {
  switch (item.kind) {
    case 'range': {
      const value = valueIn(column, day);
      const { from, to, step } = item;
      if (from <= to) return value >= from && value <= to && (value - from) % step === 0;
      if (value >= from) return (value - from) % step === 0;
      return value <= to && (value - from + (column === MONTH ? 12 : 7)) % step === 0;
    }
    case 'from-end':
      return column === DAY_OF_MONTH
        ? day.monthLength - day.dayOfMonth + 1 === item.count
        : day.yearLength - day.index === item.count;
    case 'weekday': {
      if (day.weekday !== item.weekday) return false;
      const before = column === DAY_OF_MONTH ? day.dayOfMonth - 1 : day.index;
      const after = column === DAY_OF_MONTH ? day.monthLength - day.dayOfMonth : day.yearLength - day.index - 1;
      return Math.floor((item.position > 0 ? before : after) / 7) + 1 === Math.abs(item.position);
    }
    case 'marked':
      return false;
  }
}

function valueIn(column: number, day: DayOfYear): number {
  if (column === DAY_OF_MONTH) return day.dayOfMonth;
  if (column === MONTH) return day.month;
  if (column === DAY_OF_WEEK) return day.weekday;
  if (column === DAY_OF_YEAR) return day.index + 1;
  return column === WEEK_OF_MONTH ? day.weekOfMonth : day.weekOfYear;
}

/** The first bit at or after `from`, or -1. */
export function nextBit(mask: Int32Array, from: number): number {
  let word = from >> 5;
  if (word >= mask.length) return -1;
  let bits = mask[word]! & (-1 << (from & 31));
  while (bits === 0) {
    word += 1;
    if (word === mask.length) return -1;
    bits = mask[word]!;
  }
  return word * 32 + 31 - Math.clz32(bits & -bits);
}

/** The last bit at or before `from`, or -1. */
export function previousBit(mask: Int32Array, from: number): number {
  let word = from >> 5;
  let bits = mask[word]! & (-1 >>> (31 - (from & 31)));
  while (bits === 0) {
    word -= 1;
    if (word < 0) return -1;
    bits = mask[word]!;
  }
  return word * 32 + 31 - Math.clz32(bits);
}

function emptyMask(): Int32Array {
  return new Int32Array(12);
}

function setBit(mask: Int32Array, bit: number): void {
  mask[bit >> 5]! |= 1 << (bit & 31);
}

function hasBit(mask: Int32Array, bit: number): boolean {
  return (mask[bit >> 5]! & (1 << (bit & 31))) !== 0;
}

function nullWhenEmpty(mask: Int32Array): Mask {
  return mask.every(bits => bits === 0) ? null : mask;
}
