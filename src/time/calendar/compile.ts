// A calendar to a business interval: sets become functions from days to spans, rules are applied to them in their order,
// and `timeline.ts` keeps what was asked for.

import { faultAt, quote } from '../../workflow/fault.js';
import type { BusinessInterval } from '../business-interval.js';
import { dayMs } from '../civil.js';
import { type Zone, zoneNamed } from '../zone.js';
import { BusinessDays, type Evaluate } from './business-days.js';
import type { CalendarFault, Outcome } from './calendar-fault.js';
import { type HolidayBooks, keyOfSource, noBooks } from './holiday-book.js';
import type { CalendarDefinition, TimeSet } from './model.js';
import { compileRange } from './repeat.js';
import { compileSelection } from './selection.js';
import { intersect, noSpans, type Spans, subtract, unite } from './spans.js';
import { Timeline } from './timeline.js';
import { verifyCalendar } from './verify.js';
import { operandsOf, setsOf } from './verify-sets.js';

/** A set over some days; what it is made of is asked for once an evaluation, however often it is named. */
type EvaluateSet = (evaluation: Evaluation) => Spans;

interface Evaluation {
  readonly firstDay: number;
  readonly endDay: number;
  readonly named: Map<string, Spans>;
}

/**
 * Compile a calendar. Pure: nothing is read or loaded here. What is handed in is verified, wherever it comes from.
 *
 * @param zone whose clocks count when the definition names no zone
 * @param books the holidays it names, see `loadHolidays`; not needed when it names none
 */
export function compileCalendar(
  definition: CalendarDefinition,
  zone: Zone,
  books: HolidayBooks = noBooks,
): Outcome<BusinessInterval> {
  const faults = verifyCalendar(definition);
  if (faults.length === 0) faults.push(...missingBooks(definition, books));
  if (faults.length > 0) return { ok: false, faults };
  const clock = definition.zone === undefined ? zone : zoneNamed(definition.zone);
  const rules = compileRules(definition, clock, books);
  const evaluate = evaluateRules(rules);
  const withoutHolidays = rules.filter(({ takesHolidays }) => !takesHolidays);
  const atMost =
    withoutHolidays.length < rules.length ? new BusinessDays(clock, evaluateRules(withoutHolidays), null) : null;
  const days = new BusinessDays(clock, evaluate, atMost);
  return { ok: true, value: new Timeline(definition.name, clock, evaluate, days) };
}

function missingBooks(definition: CalendarDefinition, books: HolidayBooks): CalendarFault[] {
  return setsOf(definition).flatMap(({ set, path }) => {
    const key = keyOfSource(set);
    if (key === null || books.has(key)) return [];
    const message = `the holidays of ${quote(key)} were not loaded; see loadHolidays`;
    const from = (['ical', 'icalText', 'holidays'] as const).find(source => set[source] !== undefined)!;
    const at = [...path, from];
    return [{ ...faultAt('VALUE_INVALID', at, message), code: 'HOLIDAYS_NOT_LOADED' }];
  });
}

interface CompiledRule {
  readonly apply: (before: Spans, set: Spans) => Spans;
  readonly set: EvaluateSet;
  /** It excludes what holidays are part of: without it the calendar has the same business or more. */
  readonly takesHolidays: boolean;
}

function compileRules(definition: CalendarDefinition, zone: Zone, books: HolidayBooks): CompiledRule[] {
  const named = new Map<string, EvaluateSet>();
  const compile = (set: TimeSet): EvaluateSet => compileSet(set, named, zone, books);
  for (const set of definition.sets ?? []) named.set(set.name, compile(set));
  return definition.rules.flatMap(({ include, exclude, only }) => [
    ...(include === undefined ? [] : [{ apply: unite, set: compile(include), takesHolidays: false }]),
    ...(exclude === undefined
      ? []
      : [{ apply: subtract, set: compile(exclude), takesHolidays: hasHolidays(exclude, definition) }]),
    ...(only === undefined ? [] : [{ apply: intersect, set: compile(only), takesHolidays: false }]),
  ]);
}

/** Whether a set, or one it is made of, reads holidays. */
function hasHolidays(set: TimeSet, { sets = [] }: CalendarDefinition): boolean {
  const seen = new Set<TimeSet>([set]);
  for (const each of seen) {
    if (keyOfSource(each) !== null) return true;
    const names = operandsOf(each, []).map(({ name }) => name);
    for (const named of sets) if (names.includes(named.name)) seen.add(named);
  }
  return false;
}

function evaluateRules(rules: readonly CompiledRule[]): Evaluate {
  return (firstDay, endDay) => {
    const evaluation = { firstDay, endDay, named: new Map() };
    // Of nothing nothing can be taken: the holidays of years in which a calendar has no business are not looked up.
    const spans = rules.reduce(
      (before, { apply, set }) => (before.length === 0 && apply !== unite ? before : apply(before, set(evaluation))),
      noSpans,
    );
    return intersect(spans, [firstDay * dayMs, endDay * dayMs]);
  };
}

/** Sets by name are looked up when they are evaluated: they may be made of sets that come later, but not of themselves. */
function compileSet(
  set: TimeSet,
  named: ReadonlyMap<string, EvaluateSet>,
  zone: Zone,
  books: HolidayBooks,
): EvaluateSet {
  const byName = (name: string): EvaluateSet => {
    return evaluation => {
      const known = evaluation.named.get(name);
      if (known !== undefined) return known;
      const spans = named.get(name)!(evaluation);
      evaluation.named.set(name, spans);
      return spans;
    };
  };
  if (set.union !== undefined) return fold(set.union.map(byName), unite);
  if (set.intersection !== undefined) return fold(set.intersection.map(byName), intersect);
  if (set.set !== undefined) return byName(set.set);
  if (set.complement !== undefined) {
    const inner = byName(set.complement);
    return evaluation => subtract([evaluation.firstDay * dayMs, evaluation.endDay * dayMs], inner(evaluation));
  }
  const source = keyOfSource(set);
  if (source !== null) {
    const book = books.get(source)!;
    return ({ firstDay, endDay }) => book(firstDay, endDay, zone);
  }
  const spansOf = set.range === undefined ? compileSelection(set) : compileRange(set.range);
  return ({ firstDay, endDay }) => spansOf(firstDay, endDay);
}

function fold(sets: readonly EvaluateSet[], apply: (left: Spans, right: Spans) => Spans): EvaluateSet {
  return evaluation => sets.map(set => set(evaluation)).reduce(apply);
}
