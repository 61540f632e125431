// The `time` scenario: how long the next firing of a schedule takes to find, beside croner, cron-parser and rrule on what
// they can tell too; with a calendar, which none of them has; and when there is none.

import { performance } from 'node:perf_hooks';
import type { BusinessInterval } from '../src/time/business-interval.js';
import { compileCalendar, loadHolidays, parseCalendar } from '../src/time/calendar/index.js';
import { cronSchedule, parseCron } from '../src/time/cron/index.js';
import { zoneNamed } from '../src/time/zone.js';
import { type CalendarAnswerFigure, runBusinessInterval } from './business-interval.js';
import { alignColumns, median } from './report.js';
import { calendarExpressions, sharedExpressions, unsatisfiableExpressions, workingHours } from './time-expressions.js';
import { benchZone, contestantsOf, type Walk, walkOf } from './time-peers.js';

/** Nanoseconds of a firing by contestant; `ratio` is the fastest peer's time over ours, of the same round. */
export interface SharedFigure {
  readonly name: string;
  readonly ns: Readonly<Record<string, number>>;
  readonly ratio: number;
}

/** `ratio` is ours over the fastest peer's time for a common expression (the median of `shared`). */
export interface CalendarFigure {
  readonly name: string;
  readonly ns: number;
  readonly ratio: number;
}

export interface UnsatisfiableFigure {
  readonly name: string;
  /** The first question to a schedule just made, nothing cached but the zone. */
  readonly coldMs: number;
}

export interface TimeFigures {
  /** A calendar by itself. */
  readonly answers: readonly CalendarAnswerFigure[];
  readonly shared: readonly SharedFigure[];
  readonly calendar: readonly CalendarFigure[];
  readonly unsatisfiable: readonly UnsatisfiableFigure[];
}

/** A New Year without a change of daylight saving near: every contestant must find the same. */
const fromMs = Date.UTC(2026, 0, 1, 5);
/** Before the change in March, when it is every minute. */
const walkedCount = { usual: 200, toy: 5 };

/** @param timeMs how long each contestant is measured a round */
export async function runTime(timeMs: number, rounds: number, isToy: boolean): Promise<TimeFigures> {
  const walked = isToy ? walkedCount.toy : walkedCount.usual;
  const shared = sharedExpressions.map(expression => {
    const contestants = contestantsOf(expression);
    const [first, ...others] = contestants.map(each => each.walk(fromMs, 20));
    const wrong = contestants.find((_, index) => index > 0 && others[index - 1] !== first);
    if (wrong !== undefined) throw new Error(`time: ${wrong.name} finds other firings of "${expression.name}"`);
    const ns = new Map(contestants.map(each => [each.name, [] as number[]]));
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, walk } of contestants) ns.get(name)!.push(measure(walk, walked, timeMs));
    }
    const ratios = Array.from({ length: rounds }, (_, round) => {
      const of = (isOurs: boolean) =>
        contestants.filter(each => each.isOurs === isOurs).map(each => ns.get(each.name)![round]!);
      return Math.min(...of(false)) / Math.max(...of(true));
    });
    const medians = Object.fromEntries([...ns].map(([name, values]) => [name, median(values)]));
    return { name: expression.name, ns: medians, ratio: median(ratios) };
  });
  const fastest = median(shared.map(({ ns }) => Math.min(...peerNames.map(name => ns[name]!))));
  const calendar = await runCalendar(timeMs, rounds, walked, fastest);
  const unsatisfiable = await runUnsatisfiable();
  return { shared, calendar, unsatisfiable, answers: await runBusinessInterval(timeMs) };
}

const peerNames = ['croner', 'cron-parser', 'rrule'];

async function runCalendar(timeMs: number, rounds: number, walked: number, fastest: number): Promise<CalendarFigure[]> {
  const zone = zoneNamed(benchZone);
  const businessInterval = await businessHours();
  return calendarExpressions.map(({ name, columns }) => {
    const walk = walkOf(cronSchedule(parseCron(columns), { zone, businessInterval }));
    const ns = median(Array.from({ length: rounds }, () => measure(walk, walked, timeMs)));
    return { name, ns, ratio: ns / fastest };
  });
}

async function runUnsatisfiable(): Promise<UnsatisfiableFigure[]> {
  const zone = zoneNamed(benchZone);
  const figures: UnsatisfiableFigure[] = [];
  for (const { name, columns } of unsatisfiableExpressions) {
    const schedule = cronSchedule(parseCron(columns), { zone, businessInterval: await businessHours() });
    const startMs = performance.now();
    const firing = schedule.next(fromMs);
    const coldMs = performance.now() - startMs;
    if (firing.kind !== 'unsatisfiable') throw new Error(`time: "${name}" came at ${firing.kind}`);
    figures.push({ name, coldMs });
  }
  return figures;
}

async function businessHours(): Promise<BusinessInterval> {
  const parsed = parseCalendar(workingHours, { file: 'working-hours.yaml' });
  if (!parsed.ok) throw new Error(parsed.faults.map(each => each.message).join('; '));
  const books = await loadHolidays(parsed.value);
  if (!books.ok) throw new Error(books.faults.map(each => each.message).join('; '));
  const made = compileCalendar(parsed.value, zoneNamed(benchZone), books.value);
  if (!made.ok) throw new Error(made.faults.map(each => each.message).join('; '));
  return made.value;
}

/** Nanoseconds of a firing, walking over and over from the same instant; after a warm-up of a quarter of the time. */
function measure(walk: Walk, walked: number, timeMs: number): number {
  walkFor(walk, walked, timeMs / 4);
  return walkFor(walk, walked, timeMs);
}

function walkFor(walk: Walk, walked: number, timeMs: number): number {
  const startMs = performance.now();
  let firings = 0;
  let elapsedMs = 0;
  do {
    walk(fromMs, walked);
    firings += walked;
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < timeMs);
  return (elapsedMs * 1e6) / firings;
}

export function formatTime({ shared, calendar, unsatisfiable, answers }: TimeFigures): string {
  const names = Object.keys(shared[0]!.ns);
  const ns = (value: number): string => value.toFixed(0);
  return [
    ...alignColumns([
      ['ns a firing', ...names, 'fastest peer / ours'],
      ...shared.map(each => [each.name, ...names.map(name => ns(each.ns[name]!)), each.ratio.toFixed(1)]),
    ]),
    '',
    ...alignColumns([
      ['with a calendar', 'ns', 'ours / fastest peer'],
      ...calendar.map(each => [each.name, ns(each.ns), each.ratio.toFixed(2)]),
    ]),
    '',
    ...alignColumns([
      ['no next firing', 'ms, cold'],
      ...unsatisfiable.map(each => [each.name, each.coldMs.toFixed(1)]),
    ]),
    '',
    ...alignColumns([['a calendar asked', 'ns'], ...answers.map(each => [each.name, ns(each.ns)])]),
  ].join('\n');
}
