// From the AST of a cron-style expression to a schedule: levels made once, and the search among local times.

import type { BusinessInterval } from '../business-interval.js';
import { dayMs } from '../civil.js';
import type { TimeExpressionError } from '../errors.js';
import { instantText } from '../local-time.js';
import type { Firing, Schedule } from '../schedule.js';
import type { Zone } from '../zone.js';
import type { Column, CronAst, CronColumns, Mark } from './ast.js';
import { HOUR, MILLISECOND, YEAR } from './columns.js';
import { DayLevel } from './day-level.js';
import { firstLocalAfter, gapEnd, gapStart, instantOf, lastLocalBefore } from './local-order.js';
import { LoopLevel } from './loop-level.js';
import { refuse } from './place.js';
import { type Level, type Search, searchBackward, searchForward, spend } from './search.js';
import { timeLevels } from './time-levels.js';
import { firstDayOf, yearMax, yearMin, yearOf } from './year-days.js';

export interface CronScheduleOptions {
  /** Whose clocks the columns are about. */
  readonly zone: Zone;
  /** What `b` and `h` ask; an expression that has them needs it. */
  readonly businessInterval?: BusinessInterval;
  /** What `+n` counts from, in milliseconds since 1970; default: the instant a question is asked about. */
  readonly referenceMs?: number;
}

/** Years searched, from the first that the year column admits: every date there is comes again within 40. */
const searchedYears = 50;

/** With business days it is a cycle of weekdays: a year of a calendar with holidays takes a millisecond or two to make. */
const searchedBusinessYears = 28;

/**
 * Leaps of a search, of all alternatives together: only expressions at odds with themselves need more, and they take some
 * 50 ms to find that out.
 */
const stepsMax = 200_000;

/**
 * Compiles a cron-style expression. Its firings are within the years 1970 to 3000; a search ends fifty years after the
 * first year that the year column admits, with `b` or `h` twenty-eight.
 *
 * @throws {TimeExpressionError} when `b` or `h` stands in it and there is no business interval
 */
export function cronSchedule(ast: CronAst, options: CronScheduleOptions): Schedule {
  if (ast.kind === 'columns') return new ColumnsSchedule(ast, options, ast.expression, stepsMax);
  const steps = Math.ceil(stepsMax / ast.alternatives.length);
  const alternatives = ast.alternatives.map(each => new ColumnsSchedule(each, options, ast.expression, steps));
  return {
    next: afterMs =>
      chosen(
        alternatives.map(each => each.next(afterMs)),
        (one, other) => one < other,
      ),
    previous: beforeMs =>
      chosen(
        alternatives.map(each => each.previous(beforeMs)),
        (one, other) => one > other,
      ),
  };
}

/** The firing that comes first; when there is none, the search that went farthest. */
function chosen(firings: readonly Firing[], comesFirst: (oneMs: number, otherMs: number) => boolean): Firing {
  return firings.reduce((best, firing) => {
    if (firing.kind === 'fires') return best.kind !== 'fires' || comesFirst(firing.atMs, best.atMs) ? firing : best;
    if (best.kind !== 'unsatisfiable' || firing.kind !== 'unsatisfiable') return best;
    return comesFirst(best.searchedUntilMs, firing.searchedUntilMs) ? firing : best;
  });
}

class ColumnsSchedule implements Schedule {
  readonly #expression: string;
  readonly #steps: number;
  readonly #searchedYears: number;
  readonly #zone: Zone;
  readonly #businessInterval: BusinessInterval | null;
  readonly #referenceMs: number | null;
  readonly #days: DayLevel;
  readonly #years: Column;
  readonly #levels: readonly Level[];
  /** What is asked of the instant of a firing. */
  readonly #marks: readonly Mark[];

  constructor(ast: CronColumns, options: CronScheduleOptions, expression: string, steps: number) {
    this.#expression = expression;
    this.#steps = steps;
    this.#zone = options.zone;
    this.#businessInterval = options.businessInterval ?? null;
    this.#referenceMs = options.referenceMs === undefined ? null : options.zone.localOf(options.referenceMs);
    this.#marks = ast.columns
      .slice(MILLISECOND, HOUR + 1)
      .flatMap(column => (column.kind === 'mark' ? [column.mark] : []));
    const isOfBusiness = ast.columns.some(asksBusiness);
    if (isOfBusiness && this.#businessInterval === null) throw noBusinessInterval(expression, ast);
    this.#searchedYears = isOfBusiness ? searchedBusinessYears : searchedYears;
    this.#days = new DayLevel(ast.columns, this.#businessInterval);
    this.#years = ast.columns[YEAR]!;
    this.#levels = levelsOf(ast, this.#days);
  }

  next(afterMs: number): Firing {
    const fromMs = firstLocalAfter(this.#zone, Math.floor(checked(afterMs)));
    const search = this.#search(fromMs, 1);
    let localMs = Math.max(fromMs, search.firstDay * dayMs);
    while (!spend(search, localMs)) {
      localMs = searchForward(this.#levels, localMs, search);
      if (localMs === Number.POSITIVE_INFINITY) break;
      const atMs = instantOf(this.#zone, localMs);
      if (atMs === undefined) localMs = gapEnd(this.#zone, localMs);
      else if (this.#areMarks(atMs)) return { kind: 'fires', atMs };
      else {
        const edgeMs = this.#businessInterval!.nextEdge(atMs);
        if (edgeMs === undefined) break;
        localMs = firstLocalAfter(this.#zone, edgeMs - 1);
      }
    }
    return this.#unsatisfiable(search, (search.lastDay + 1) * dayMs);
  }

  previous(beforeMs: number): Firing {
    const fromMs = lastLocalBefore(this.#zone, Math.ceil(checked(beforeMs)));
    const search = this.#search(fromMs, -1);
    let localMs = Math.min(fromMs, (search.lastDay + 1) * dayMs - 1);
    while (localMs >= 0 && !spend(search, localMs)) {
      localMs = searchBackward(this.#levels, localMs, search);
      if (localMs === Number.NEGATIVE_INFINITY) break;
      const atMs = instantOf(this.#zone, localMs);
      if (atMs === undefined) localMs = gapStart(this.#zone, localMs);
      else if (this.#areMarks(atMs)) return { kind: 'fires', atMs };
      else {
        const edgeMs = this.#businessInterval!.previousEdge(atMs);
        if (edgeMs === undefined) break;
        localMs = lastLocalBefore(this.#zone, edgeMs);
      }
    }
    return this.#unsatisfiable(search, search.firstDay * dayMs);
  }

  #search(fromMs: number, side: 1 | -1): Search {
    const day = Math.min(Math.max(Math.floor(fromMs / dayMs), 0), firstDayOf(yearMax + 1) - 1);
    const referenceMs = this.#referenceMs ?? fromMs - side;
    const own = this.#referenceMs === null ? side : 1;
    const year = this.#firstYear(yearOf(day), side, referenceMs);
    const isBeyond = side === 1 ? fromMs >= firstDayOf(yearMax + 1) * dayMs : fromMs < 0;
    const first = year - this.#searchedYears + 1;
    const last = side === 1 ? year + this.#searchedYears - 1 : yearOf(day);
    return {
      // Forward from 1970: a loop over midnight may have begun the day, and the year, before.
      firstDay: side === 1 ? (isBeyond ? firstDayOf(yearMax + 1) : 0) : firstDayOf(Math.max(first, yearMin)),
      lastDay: side === -1 && isBeyond ? -1 : firstDayOf(Math.min(last, yearMax) + 1) - 1,
      referenceMs,
      side: own,
      stepsLeft: this.#steps,
      gaveUpMs: null,
    };
  }

  /** The first year in the direction of the search that the year column admits. */
  #firstYear(from: number, side: 1 | -1, referenceMs: number): number {
    let year = from;
    if (this.#years.kind === 'plus' && side === 1) {
      const reference = yearOf(Math.min(Math.max(Math.floor(referenceMs / dayMs), 0), firstDayOf(yearMax + 1) - 1));
      year = Math.max(year, reference + this.#years.count);
    }
    while (year >= yearMin && year <= yearMax && !this.#days.hasYear(year)) year += side;
    return year;
  }

  #areMarks(atMs: number): boolean {
    for (const mark of this.#marks) if (this.#businessInterval!.includes(atMs) !== (mark === 'b')) return false;
    return true;
  }

  #unsatisfiable({ gaveUpMs }: Search, endMs: number): Firing {
    const localMs = gaveUpMs ?? endMs;
    const searchedUntilMs = instantOf(this.#zone, localMs) ?? instantOf(this.#zone, gapEnd(this.#zone, localMs))!;
    const message =
      `The Cron-style Time Expression "${this.#expression}" could not be satisfied ` +
      `after searching until ${instantText(this.#zone, searchedUntilMs)}`;
    return { kind: 'unsatisfiable', searchedUntilMs, message };
  }
}

/** Days, hours, minutes, seconds, milliseconds; a loop takes the place of its columns and of those right of it. */
function levelsOf({ columns, loop }: CronColumns, days: DayLevel): Level[] {
  if (loop === null) return [days, ...timeLevels(columns, MILLISECOND, HOUR)];
  const outer = [days, ...timeLevels(columns, loop.last + 1, HOUR)];
  return [new LoopLevel(loop, outer), ...timeLevels(columns, MILLISECOND, loop.first - 1)];
}

function asksBusiness(column: Column): boolean {
  return column.kind === 'mark' || (column.kind === 'values' && column.items.some(item => item.kind === 'marked'));
}

function noBusinessInterval(expression: string, ast: CronColumns): TimeExpressionError {
  const mark = /(?<![a-z\d])(-?\d+)?[bh](?![a-z])/i.exec(ast.expression)!;
  return refuse(
    expression,
    expression.indexOf(ast.expression) + mark.index,
    `${JSON.stringify(mark[0])} without a business interval`,
    'a business interval beside the expression',
  );
}

function checked(atMs: number): number {
  if (Number.isFinite(atMs)) return atMs;
  throw new RangeError(`${atMs} is no instant: expected milliseconds since 1970`);
}
