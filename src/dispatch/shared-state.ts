// What a thread and the main thread both see at any moment, even while the thread's event loop stands still: counters,
// and a table of the members that are executing. It names the culprit when a thread has to be ended (D8), serves the
// timeouts of a blocked thread and answers `executing()`.
//
// One writer a field: the thread writes everything but `ending` and the clock offset, which the main thread writes.
//
// Invariants:
//   H1. A row's `slot` is written last when a member begins and cleared first when it ends, so a row read as taken
//       names a member that was executing at that moment.
//   H2. `now` names the row whose code holds the thread synchronously; 0 while nobody's does (a continuation after an
//       `await` cannot be told from another, so it counts as nobody's).

import type { ActionExit } from '../workflow/plan.js';

/** A step is its place and, in the high digits, how the action before it ended. */
const placesMax = 65_536;
const exitNames: readonly ActionExit[] = ['normal', 'error', 'timeout'];
/** Places a row remembers: the first of a transaction, then the latest ones. */
const pathMax = 11;

const field = { beat: 0, started: 1, finished: 2, now: 3, ending: 4, exitRow: 5, loading: 6, count: 16 } as const;
/** A row is one cache line: batch, slot + 1, steps begun, places, whether it waits for its code, spare. */
const row = { batch: 0, slot: 1, steps: 2, places: 3, loading: 14, size: 16 } as const;
const exitedLate = -1;
const doubles = { clockOffsetMs: 0, count: 1 } as const;

/** A row of the table as read. */
export interface ExecutingRow {
  readonly row: number;
  readonly batch: number;
  readonly slot: number;
  /** Places of the transaction so far; the last one is executing. Cut in its middle when over 11 long. Empty: it chooses the
   * flows out of an action that has run before. */
  readonly path: readonly number[];
  /** How those before the last one ended. */
  readonly exits: readonly ActionExit[];
  /** On the clock of `uptimeMs()`. */
  readonly startedAtMs: number;
  /** It waits for its code to be loaded. */
  readonly isLoading: boolean;
}

/** Bytes of a table of `rows`. */
export function sharedBytes(rows: number): number {
  return (doubles.count + rows) * 8 + (field.count + rows * row.size) * 4;
}

const uptimeAtOriginMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on a monotonic clock that all threads of the process share; `performance.now()` has one a thread. */
export function uptimeMs(): number {
  return performance.now() + uptimeAtOriginMs;
}

/** What to add to this thread's `performance.now()` for `uptimeMs()`. */
export const uptimeOffsetMs: number = uptimeAtOriginMs;

export class SharedState {
  readonly #numbers: Int32Array;
  readonly #doubles: Float64Array;
  readonly #rows: number;

  constructor(memory: SharedArrayBuffer, rows: number) {
    this.#rows = rows;
    this.#doubles = new Float64Array(memory, 0, doubles.count + rows);
    this.#numbers = new Int32Array(memory, (doubles.count + rows) * 8);
  }

  // The thread's side. Plain stores where a torn read does no harm, `Atomics` where order matters (H1); on x86 both
  // cost a few nanoseconds.

  beat(): void {
    this.#numbers[field.beat]! += 1;
  }

  /** @param place `null`: it begins by choosing flows */
  begin(at: number, batch: number, slot: number, place: number | null, startedAtMs: number): void {
    const numbers = this.#numbers;
    const base = field.count + at * row.size;
    numbers[base + row.batch] = batch;
    numbers[base + row.steps] = place === null ? 0 : 1;
    if (place !== null) numbers[base + row.places] = place;
    this.#doubles[doubles.count + at] = startedAtMs;
    Atomics.store(numbers, base + row.slot, slot + 1);
    numbers[field.now] = at + 1;
    numbers[field.started]! += 1;
  }

  /** @param exit how the action before ended */
  step(at: number, exit: ActionExit, place: number, startedAtMs: number): void {
    const base = field.count + at * row.size;
    if (this.#numbers[base + row.loading] === 1) this.hasCode(at, startedAtMs);
    const steps = this.#numbers[base + row.steps]!;
    const came = exit === 'normal' ? 0 : exitNames.indexOf(exit) * placesMax;
    this.#numbers[base + row.places + Math.min(steps, pathMax - 1)] = place + came;
    this.#numbers[base + row.steps] = steps + 1;
    this.#doubles[doubles.count + at] = startedAtMs;
  }

  /** The member has to wait for its code. */
  waitsForCode(at: number): void {
    this.#numbers[field.count + at * row.size + row.loading] = 1;
    this.#numbers[field.loading]! += 1;
  }

  /** Its code is there: its time begins now. */
  hasCode(at: number, startedAtMs: number): void {
    this.#numbers[field.count + at * row.size + row.loading] = 0;
    this.#numbers[field.loading]! -= 1;
    this.#doubles[doubles.count + at] = startedAtMs;
  }

  end(at: number): void {
    if (this.#numbers[field.count + at * row.size + row.loading] === 1) this.hasCode(at, 0);
    Atomics.store(this.#numbers, field.count + at * row.size + row.slot, 0);
    this.#numbers[field.finished]! += 1;
  }

  /** Whose code holds the thread now; -1: nobody's. */
  holds(at: number): void {
    Atomics.store(this.#numbers, field.now, at + 1);
  }

  /** This row's member asked for the end of the thread; -1: one that has ended did. */
  exits(at: number): void {
    Atomics.store(this.#numbers, field.exitRow, at < 0 ? exitedLate : at + 1);
  }

  get ending(): boolean {
    return Atomics.load(this.#numbers, field.ending) !== 0;
  }

  get clockOffsetMs(): number {
    return this.#doubles[doubles.clockOffsetMs]!;
  }

  // The main thread's side.

  set clockOffsetMs(offsetMs: number) {
    this.#doubles[doubles.clockOffsetMs] = offsetMs;
  }

  /** Begin nothing more: the thread is being ended. */
  markEnding(): void {
    Atomics.store(this.#numbers, field.ending, 1);
  }

  get beats(): number {
    return Atomics.load(this.#numbers, field.beat);
  }

  /** Members that have begun and wait for something outside of the thread. */
  get awaiting(): number {
    const executing = Atomics.load(this.#numbers, field.started) - Atomics.load(this.#numbers, field.finished);
    const running = Atomics.load(this.#numbers, field.now) === 0 ? 0 : 1;
    return Math.max(0, executing - running - Atomics.load(this.#numbers, field.loading));
  }

  /** The member whose code holds the thread. */
  get holder(): ExecutingRow | null {
    return this.#rowOf(Atomics.load(this.#numbers, field.now));
  }

  /** Who called `process.exit`: a member, one that has ended, or nobody known (`null`). */
  get exiter(): ExecutingRow | 'late' | null {
    const number = Atomics.load(this.#numbers, field.exitRow);
    return number === exitedLate ? 'late' : this.#rowOf(number);
  }

  executing(): ExecutingRow[] {
    const rows: ExecutingRow[] = [];
    for (let at = 0; at < this.#rows; at++) {
      const read = this.#read(at);
      if (read !== null) rows.push(read);
    }
    return rows;
  }

  #rowOf(number: number): ExecutingRow | null {
    return number === 0 ? null : this.#read(number - 1);
  }

  #read(at: number): ExecutingRow | null {
    const numbers = this.#numbers;
    const base = field.count + at * row.size;
    const slot = Atomics.load(numbers, base + row.slot);
    if (slot === 0) return null;
    const steps = Math.min(numbers[base + row.steps]!, pathMax);
    const path = Array.from(numbers.subarray(base + row.places, base + row.places + steps));
    return {
      row: at,
      batch: numbers[base + row.batch]!,
      slot: slot - 1,
      path: path.map(step => step % placesMax),
      exits: path.slice(1).map(step => exitNames[Math.floor(step / placesMax)]!),
      startedAtMs: this.#doubles[doubles.count + at]!,
      isLoading: numbers[base + row.loading] === 1,
    };
  }
}
