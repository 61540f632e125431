// A for-loop over columns of the time of day as one level: its points, counted from the start of each run.
//
// A run belongs to the unit above the loop's last column (for `minute hour`: a day), its anchor. Columns right of the loop
// are asked about the anchor, so a run over midnight goes on into a day they do not admit. A loop whose end is before its
// start ends in the next anchor: no run is longer than one, and at any time two can be under way at most.

import type { Loop } from './ast.js';
import { type Level, type Search, searchBackward, searchForward } from './search.js';
import { unitsMs } from './time-levels.js';

export class LoopLevel implements Level {
  readonly unitMs: number;
  readonly #anchorMs: number;
  readonly #outer: readonly Level[];
  readonly #startMs: number;
  readonly #stepMs: number;
  /** Of the last point, counted from the start of the anchor. */
  readonly #lastMs: number;
  readonly #goesOver: boolean;

  /** @param outer the levels right of the loop; they admit whole anchors */
  constructor(loop: Loop, outer: readonly Level[]) {
    this.unitMs = unitsMs[loop.first]!;
    this.#anchorMs = unitsMs[loop.last + 1]!;
    this.#outer = outer;
    this.#startMs = sum(loop.start, loop.first);
    this.#stepMs = sum(loop.increment, loop.first);
    const endMs = sum(loop.end, loop.first);
    this.#goesOver = endMs < this.#startMs;
    const spanMs = endMs - this.#startMs + (this.#goesOver ? this.#anchorMs : 0);
    const steps = Math.floor(spanMs / this.#stepMs);
    this.#lastMs = this.#startMs + this.#stepMs * (loop.count === null ? steps : Math.min(steps, loop.count - 1));
  }

  next(index: number, search: Search): number {
    const fromMs = index * this.unitMs;
    const anchor = Math.floor(fromMs / this.#anchorMs);
    let foundMs = Number.POSITIVE_INFINITY;
    for (let run = this.#goesOver ? anchor - 1 : anchor; run <= anchor; run += 1) {
      const pointMs = this.#pointFrom(run, fromMs);
      if (pointMs < foundMs && this.#isAnchor(run, search)) foundMs = pointMs;
    }
    if (foundMs === Number.POSITIVE_INFINITY) {
      const anchorMs = searchForward(this.#outer, (anchor + 1) * this.#anchorMs, search);
      foundMs = anchorMs + this.#startMs;
    }
    return foundMs / this.unitMs;
  }

  previous(index: number, search: Search): number {
    const fromMs = index * this.unitMs;
    const anchor = Math.floor(fromMs / this.#anchorMs);
    const oldest = this.#goesOver ? anchor - 1 : anchor;
    let foundMs = Number.NEGATIVE_INFINITY;
    for (let run = oldest; run <= anchor; run += 1) {
      const pointMs = this.#pointUntil(run, fromMs);
      if (pointMs > foundMs && this.#isAnchor(run, search)) foundMs = pointMs;
    }
    if (foundMs === Number.NEGATIVE_INFINITY) {
      const withinMs = searchBackward(this.#outer, oldest * this.#anchorMs - 1, search);
      if (withinMs === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
      foundMs = Math.floor(withinMs / this.#anchorMs) * this.#anchorMs + this.#lastMs;
    }
    return foundMs / this.unitMs;
  }

  /** The first point of a run at or after a time, or Infinity. */
  #pointFrom(run: number, fromMs: number): number {
    const startMs = run * this.#anchorMs + this.#startMs;
    const pointMs = startMs + Math.max(0, Math.ceil((fromMs - startMs) / this.#stepMs)) * this.#stepMs;
    return pointMs <= run * this.#anchorMs + this.#lastMs ? pointMs : Number.POSITIVE_INFINITY;
  }

  /** The last point of a run at or before a time, or -Infinity. */
  #pointUntil(run: number, untilMs: number): number {
    const startMs = run * this.#anchorMs + this.#startMs;
    if (untilMs < startMs) return Number.NEGATIVE_INFINITY;
    const lastMs = run * this.#anchorMs + this.#lastMs;
    return Math.min(lastMs, startMs + Math.floor((untilMs - startMs) / this.#stepMs) * this.#stepMs);
  }

  #isAnchor(run: number, search: Search): boolean {
    const startMs = run * this.#anchorMs;
    return run >= 0 && searchForward(this.#outer, startMs, search) === startMs;
  }
}

function sum(values: readonly number[], first: number): number {
  return values.reduce((total, value, index) => total + value * unitsMs[first + index]!, 0);
}
