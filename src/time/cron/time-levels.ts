// The levels of the time of day: columns with values, and columns with `+n`.

import { dayMs } from '../civil.js';
import type { Column, Item } from './ast.js';
import { HOUR, MILLISECOND, MINUTE, SECOND } from './columns.js';
import type { Level, Search } from './search.js';
import { TimesLevel, timesMax } from './times-level.js';

/** Length of a unit of the columns from milliseconds to hours, and of the day they make up. */
export const unitsMs: readonly number[] = [1, 1_000, 60_000, 3_600_000, dayMs];

/** The level of one column of the time of day, or null when it admits everything. */
function timeLevel(column: number, content: Column): Level | null {
  switch (content.kind) {
    case 'any':
    case 'mark': // asked of the instant, when there is one
    case 'loop': // a level of its own
      return null;
    case 'plus':
      return new PlusLevel(unitsMs[column]!, content.count);
    case 'values':
      return new ValuesLevel(unitsMs[column]!, unitsMs[column + 1]! / unitsMs[column]!, content.items);
  }
}

/** The levels of columns, the coarsest first. */
export function timeLevels(contents: readonly Column[], from: number, to: number): Level[] {
  const times = from === MILLISECOND && to === HOUR ? listTimes(contents) : null;
  if (times !== null) return [new TimesLevel(times)];
  return [HOUR, MINUTE, SECOND, MILLISECOND]
    .filter(column => column >= from && column <= to)
    .map(column => timeLevel(column, contents[column]!))
    .filter(level => level !== null);
}

/** The times of day that the columns come to, in order; null when they are many, or not values alone. */
function listTimes(contents: readonly Column[]): number[] | null {
  let times = [0];
  for (const column of [HOUR, MINUTE, SECOND, MILLISECOND]) {
    const content = contents[column]!;
    if (content.kind === 'plus' || content.kind === 'loop') return null;
    const unitMs = unitsMs[column]!;
    const size = unitsMs[column + 1]! / unitMs;
    const admitted = content.kind === 'values' ? admittedValues(content.items, size) : new Uint8Array(size).fill(1);
    if (times.length * admitted.reduce((sum, each) => sum + each, 0) > timesMax) return null;
    times = times.flatMap(timeMs =>
      Array.from(admitted.keys()).flatMap(value => (admitted[value] === 1 ? [timeMs + value * unitMs] : [])),
    );
  }
  return times;
}

function admittedValues(items: readonly Item[], size: number): Uint8Array {
  const admitted = new Uint8Array(size);
  for (const item of items) {
    if (item.kind !== 'range') continue; // the others are of columns of days
    for (let value = item.from; value <= item.to; value += item.step) admitted[value] = 1;
  }
  return admitted;
}

/** Distances to the next and the last value, for each value of the column. */
class ValuesLevel implements Level {
  readonly #ahead: Int32Array;
  readonly #behind: Int32Array;

  constructor(
    readonly unitMs: number,
    readonly size: number,
    items: readonly Item[],
  ) {
    const admitted = admittedValues(items, size);
    this.#ahead = distances(admitted, 1);
    this.#behind = distances(admitted, -1);
  }

  next(index: number): number {
    return index + this.#ahead[this.#valueAt(index)]!;
  }

  previous(index: number): number {
    return index - this.#behind[this.#valueAt(index)]!;
  }

  #valueAt(index: number): number {
    // As `%`, which is several times slower beyond 32 bits.
    return index - Math.floor(index / this.size) * this.size;
  }
}

function distances(admitted: Uint8Array, step: 1 | -1): Int32Array {
  const { length } = admitted;
  const found = new Int32Array(length);
  // Twice around, against the direction: the second time the distance over the end is known.
  let distance = 0;
  for (let turn = 0, at = 0; turn < 2 * length; turn += 1, at = (at - step + length) % length) {
    distance = admitted[at] === 1 ? 0 : distance + 1;
    found[at] = distance;
  }
  return found;
}

class PlusLevel implements Level {
  constructor(
    readonly unitMs: number,
    readonly count: number,
  ) {}

  next(index: number, search: Search): number {
    return nextMultiple(index, Math.floor(search.referenceMs / this.unitMs), this.count, search.side);
  }

  previous(index: number, search: Search): number {
    return previousMultiple(index, Math.floor(search.referenceMs / this.unitMs), this.count, search.side);
  }
}

/** The first index at or after `index` that is a multiple of `count` away from `reference`, on its side; or Infinity. */
export function nextMultiple(index: number, reference: number, count: number, side: 1 | -1): number {
  const multiple = Math.ceil((index - reference) / count);
  if (side === 1) return reference + Math.max(multiple, 1) * count;
  return multiple <= -1 ? reference + multiple * count : Number.POSITIVE_INFINITY;
}

/** The last index at or before `index` that is a multiple of `count` away from `reference`, on its side; or -Infinity. */
export function previousMultiple(index: number, reference: number, count: number, side: 1 | -1): number {
  const multiple = Math.floor((index - reference) / count);
  if (side === -1) return reference + Math.min(multiple, -1) * count;
  return multiple >= 1 ? reference + multiple * count : Number.NEGATIVE_INFINITY;
}
