// What no schema says of sets: their kinds, their texts, and what is made of what.

import { nearest, type Path, quote } from '../../workflow/fault.js';
import type { CalendarReport } from './calendar-fault.js';
import type { CalendarDefinition, Range, TimeSet } from './model.js';
import { type HourSpan, type Read, readDates, readDays, readDuration, readHours, readMoment } from './notation.js';

/** Most spans a day of all sets together: what a year of a calendar may cost, in time and memory. */
const spansADayMax = 200;
const hourMs = 3_600_000;
const dayHours = 24;
/** The least that a month has, so that no repeat begins before the one before it has ended. */
const monthMinMs = 28 * dayHours * hourMs;

/** Every set of a definition with its place: those of the rules, then the named ones. */
export function setsOf(definition: CalendarDefinition): { readonly set: TimeSet; readonly path: Path }[] {
  const ofRules = definition.rules.flatMap((rule, index) =>
    (['include', 'exclude', 'only'] as const).flatMap(operation => {
      const set = rule[operation];
      return set === undefined ? [] : [{ set, path: ['rules', index, operation] }];
    }),
  );
  const named = (definition.sets ?? []).map((set, index) => ({ set, path: ['sets', index] }));
  return [...ofRules, ...named];
}

/** The names a set is made of, with the places where they stand. */
export function operandsOf(set: TimeSet, path: Path): { readonly name: string; readonly path: Path }[] {
  return (['union', 'intersection', 'complement', 'set'] as const).flatMap(key => {
    const names = set[key];
    if (names === undefined) return [];
    if (typeof names === 'string') return [{ name: names, path: [...path, key] }];
    return names.map((name, index) => ({ name, path: [...path, key, index] }));
  });
}

export function checkSets(definition: CalendarDefinition, report: CalendarReport): void {
  const sets = setsOf(definition);
  for (const { set, path } of sets) checkSet(set, path, report);
  const names = new Map<string, number>();
  (definition.sets ?? []).forEach(({ name }, index) => {
    if (names.has(name)) report('SET_DUPLICATE', ['sets', index, 'name'], `two sets are named ${quote(name)}`);
    else names.set(name, index);
  });
  for (const { set, path } of sets) checkOperands(set, path, names, report);
  checkLoops(definition, names, report);
  checkSpansADay(sets, report);
}

function checkSet(set: TimeSet, path: Path, report: CalendarReport): void {
  const keys = Object.keys(set).filter(key => key !== 'name');
  const isSelection = (key: string): boolean => key === 'days' || key === 'dates' || key === 'hours';
  const other = keys.find(key => !isSelection(key));
  if (keys.length === 0) {
    report('SET_INVALID', path, 'is empty; all time is "hours: 00:00-24:00"');
  } else if (other !== undefined && keys.length > 1) {
    const beside = keys.find(key => key !== other)!;
    const advice = 'days, dates and hours go together, all else is a set of its own (see "intersection")';
    report('SET_INVALID', [...path, beside], `${quote(beside)} cannot stand beside ${quote(other)}; ${advice}`, 'key');
  }
  const days = (set.days ?? []).map((text, index) => read(readDays(text), [...path, 'days', index], report));
  const dates = (set.dates ?? []).map((text, index) => read(readDates(text), [...path, 'dates', index], report));
  const hours = (set.hours ?? []).map((text, index) => read(readHours(text), [...path, 'hours', index], report));
  if (![...days, ...dates, ...hours].includes(null)) checkOverlaps(set, hours as HourSpan[], path, report);
  if (set.range !== undefined) checkRange(set.range, [...path, 'range'], report);
}

function read<Value>(result: Read<Value>, path: Path, report: CalendarReport): Value | null {
  if (result.ok) return result.value;
  report(result.code, path, result.message);
  return null;
}

/** Spans of one list that overlap are a slip of the pen: `08:00-12:00` and `11:30-16:00`. */
function checkOverlaps(set: TimeSet, hours: readonly HourSpan[], path: Path, report: CalendarReport): void {
  const order = hours.map((_, index) => index).sort((left, right) => hours[left]!.startMs - hours[right]!.startMs);
  for (let place = 1; place < order.length; place += 1) {
    const [before, index] = [order[place - 1]!, order[place]!];
    if (hours[index]!.startMs >= hours[before]!.endMs) continue;
    const texts = `${quote(set.hours![index]!)} overlaps ${quote(set.hours![before]!)}`;
    report('SPAN_OVERLAP', [...path, 'hours', index], texts);
  }
}

function checkRange(range: Range, path: Path, report: CalendarReport): void {
  const start = read(readMoment(range.start), [...path, 'start'], report);
  const end = range.end === undefined ? null : read(readMoment(range.end), [...path, 'end'], report);
  const length = range.for === undefined ? null : read(readDuration(range.for), [...path, 'for'], report);
  const every = range.every === undefined ? null : read(readDuration(range.every), [...path, 'every'], report);
  const until = range.until === undefined ? null : read(readMoment(range.until), [...path, 'until'], report);
  if ((range.end === undefined) === (range.for === undefined))
    report('RANGE_INVALID', path, 'accepted is either "end" or "for", to say where it ends');
  for (const key of ['count', 'until'] as const)
    if (range[key] !== undefined && range.every === undefined)
      report('RANGE_INVALID', [...path, key], `${quote(key)} goes with "every" only`, 'key');
  if (start === null) return;
  if (end !== null && end <= start) report('DATE_INVERTED', [...path, 'end'], 'ends before it begins, or at once');
  if (until !== null && until < start) report('DATE_INVERTED', [...path, 'until'], 'is before the start');
  if (every === null) return;
  if (every.unit === 'ms' && every.count < hourMs)
    report('RANGE_INVALID', [...path, 'every'], 'accepted is an hour at least');
  const shortestMs = every.unit === 'ms' ? every.count : every.count * monthMinMs;
  const lengthMs =
    length === null ? (end ?? start) - start : length.unit === 'ms' ? length.count : length.count * 31 * 24 * hourMs;
  const isSame = length?.unit === 'months' && every.unit === 'months' && length.count <= every.count;
  if (lengthMs > shortestMs && !isSame)
    report('SPAN_OVERLAP', [...path, 'every'], 'a repeat would begin before the one before it has ended');
}

function checkOperands(set: TimeSet, path: Path, names: ReadonlyMap<string, number>, report: CalendarReport): void {
  for (const operand of operandsOf(set, path)) {
    if (names.has(operand.name)) continue;
    const near = nearest(operand.name, names.keys());
    const advice =
      near === null
        ? `named are ${[...names.keys()].slice(0, 10).map(quote).join(', ') || 'none'}`
        : `did you mean ${quote(near)}?`;
    report('SET_UNKNOWN', operand.path, `no set is named ${quote(operand.name)}; ${advice}`);
  }
}

/** Depth first from each named set; a set met again on the way down is made of itself. Depth is the number of sets. */
function checkLoops(definition: CalendarDefinition, names: ReadonlyMap<string, number>, report: CalendarReport): void {
  const sets = definition.sets ?? [];
  const state = new Map<number, 'open' | 'done'>();
  const visit = (index: number, way: readonly string[]): void => {
    state.set(index, 'open');
    for (const operand of operandsOf(sets[index]!, ['sets', index])) {
      const next = names.get(operand.name);
      if (next === undefined) continue;
      const inner = [...way, operand.name];
      if (state.get(next) === 'open') {
        const loop = inner.slice(inner.indexOf(operand.name)).map(quote).join(' > ');
        report('SET_LOOP', operand.path, `the set ${quote(operand.name)} is made of itself: ${loop}`);
      } else if (state.get(next) === undefined) visit(next, inner);
    }
    state.set(index, 'done');
  };
  sets.forEach(({ name }, index) => {
    if (!state.has(index)) visit(index, [name]);
  });
}

function checkSpansADay(sets: readonly { readonly set: TimeSet; readonly path: Path }[], report: CalendarReport): void {
  let count = 0;
  for (const { set, path } of sets) {
    const every = set.range?.every === undefined ? null : readDuration(set.range.every);
    const repeats = every?.ok && every.value.unit === 'ms' ? Math.ceil((dayHours * hourMs) / every.value.count) : 1;
    count += Math.max(set.hours?.length ?? 1, Math.min(repeats, dayHours));
    if (count <= spansADayMax) continue;
    report('SPAN_LIMIT', path, `the sets have more than ${spansADayMax} spans a day together`);
    return;
  }
}
