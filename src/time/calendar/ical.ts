// iCalendar text (RFC 5545) to events, as far as holidays need it: when each is, and how it repeats.
//
// Why not `ical.js` (MPL-2.0, which a dependency may be): it keeps no lines for faults, and its iterator follows a rule that
// never matches without end. What is read here is small; what is not read is refused by name, never passed over.

import { faultAt, quote } from '../../workflow/fault.js';
import { dayMs } from '../civil.js';
import type { CalendarFault, Outcome } from './calendar-fault.js';
import { IcalBroken, IcalRefusal } from './ical-refusal.js';
import { type IcalRule, readIcalRule } from './ical-rule.js';
import { type IcalTime, readIcalDuration, readIcalTimes } from './ical-value.js';

/** Largest file, characters; most events in it, and faults after which the rest is not listed. */
const sizeMax = 2_097_152;
const eventsMax = 10_000;
const faultsMax = 100;

export interface IcalEvent {
  readonly uid: string | null;
  readonly start: IcalTime;
  /** Milliseconds; 0 for a moment. */
  readonly lengthMs: number;
  readonly rule: IcalRule | null;
  readonly added: readonly IcalTime[];
  readonly excepted: readonly IcalTime[];
  /** Set in an event that stands in place of one repeat of another with its `uid`. */
  readonly replaces: IcalTime | null;
}

export interface IcalCalendar {
  readonly file: string;
  readonly events: readonly IcalEvent[];
}

interface Line {
  readonly line: number;
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
}

/** Read a file; never throws. @param file named in the faults */
export function readIcal(text: string, file: string): Outcome<IcalCalendar> {
  const faults: CalendarFault[] = [];
  const report = (line: number, name: string, error: unknown): void => {
    if (!(error instanceof IcalRefusal)) throw error;
    if (faults.length >= faultsMax) return;
    const path = name === '' ? [] : [name];
    faults.push({ ...faultAt('SYNTAX', path, error.message), code: error.code, file, line, column: 1 });
  };
  try {
    if (text.length > sizeMax) throw new IcalRefusal('ICAL_LIMIT', `the file is larger than ${sizeMax} characters`);
    const events: IcalEvent[] = [];
    for (const { begins, lines } of eventsOf(text)) {
      if (events.length + faults.length >= eventsMax)
        throw new IcalRefusal('ICAL_LIMIT', `the file has more than ${eventsMax} events`);
      const event = readEvent(lines, begins, report);
      if (event !== null) events.push(event);
    }
    if (faults.length > 0) return { ok: false, faults };
    if (events.length === 0) throw new IcalRefusal('HOLIDAYS_NONE', 'the file has no events');
    return { ok: true, value: { file, events } };
  } catch (error) {
    report(error instanceof IcalBroken ? error.line : 1, '', error);
    return { ok: false, faults };
  }
}

/** The lines of each VEVENT, without those of what stands within it (alarms). */
function* eventsOf(text: string): Generator<{ readonly begins: number; readonly lines: readonly Line[] }> {
  const open: string[] = [];
  let event: { begins: number; lines: Line[] } | null = null;
  let isOver = false;
  for (const { line, text: content } of unfolded(text)) {
    if (isOver && open.length === 0 && !/^BEGIN:VCALENDAR$/i.test(content))
      throw new IcalBroken(line, `found ${quote(content)} after the end of the calendar`);
    const [keyword, component] = splitComponent(content);
    if (keyword === 'BEGIN') {
      if (open.length === 0 && component !== 'VCALENDAR')
        throw new IcalBroken(line, `found ${quote(content)}, accepted is BEGIN:VCALENDAR`);
      if (open.length >= 5) throw new IcalBroken(line, 'components are nested deeper than 5 levels');
      open.push(component);
      if (component === 'VEVENT' && open.length === 2) event = { begins: line, lines: [] };
    } else if (keyword === 'END') {
      if (open.pop() !== component) throw new IcalBroken(line, `${quote(content)} closes what is not open`);
      if (event !== null && open.length === 1) {
        yield event;
        event = null;
      }
      isOver = open.length === 0;
    } else if (open.length === 0) {
      throw new IcalBroken(line, `found ${quote(content)}, accepted is BEGIN:VCALENDAR`);
    } else if (event !== null && open.length === 2) event.lines.push(readLine(content, line));
  }
  if (open.length > 0 || !isOver) throw new IcalBroken(1, isOver ? 'is not closed' : 'END:VCALENDAR is missing');
}

function splitComponent(content: string): [keyword: string, component: string] {
  const parts = /^(BEGIN|END):([A-Z0-9-]{1,40})$/i.exec(content);
  return parts === null ? ['', ''] : [parts[1]!.toUpperCase(), parts[2]!.toUpperCase()];
}

/** Lines as they were before they were folded to 75 bytes, with the number of their first; empty ones are left out. */
function* unfolded(text: string): Generator<{ readonly line: number; readonly text: string }> {
  let whole: string[] = [];
  let begins = 1;
  let line = 0;
  for (const part of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    line += 1;
    if (/^[ \t]/.test(part) && whole.length > 0) {
      whole.push(part.slice(1));
      continue;
    }
    if (whole.length > 0) yield { line: begins, text: whole.join('') };
    whole = part === '' ? [] : [part];
    begins = line;
  }
  if (whole.length > 0) yield { line: begins, text: whole.join('') };
}

/** `NAME;PARAMETER=value;OTHER="a:b":value`. */
function readLine(content: string, line: number): Line {
  const name = /^[A-Za-z0-9-]+/.exec(content)?.[0];
  if (name === undefined) throw new IcalBroken(line, `found ${quote(content)}, accepted is a property`);
  const parameters = new Map<string, string>();
  const parameter = /;([A-Za-z0-9-]+)=("[^"]*"|[^";:]*(?:,(?:"[^"]*"|[^";:]*))*)/y;
  parameter.lastIndex = name.length;
  let end = name.length;
  for (let found = parameter.exec(content); found !== null; found = parameter.exec(content)) {
    parameters.set(found[1]!.toUpperCase(), found[2]!.replace(/^"|"$/g, ''));
    end = parameter.lastIndex;
  }
  if (content[end] !== ':') throw new IcalBroken(line, `found ${quote(content)}, accepted is a property with a ":"`);
  return { line, name: name.toUpperCase(), parameters, value: content.slice(end + 1) };
}

type ReportLine = (line: number, name: string, error: unknown) => void;

/** The event of some lines; null when it has a fault or is cancelled. */
function readEvent(lines: readonly Line[], begins: number, report: ReportLine): IcalEvent | null {
  if (lines.some(({ name, value }) => name === 'STATUS' && value.trim().toUpperCase() === 'CANCELLED')) return null;
  let isSound = true;
  const refuse: ReportLine = (line, name, error) => {
    report(line, name, error);
    isSound = false;
  };
  const fields = readFields(lines, refuse);
  if (!isSound) return null;
  const { starts, rules, ends, durations, added, excepted, replaced } = fields;
  const [start] = starts;
  const misfit = (name: string, message: string): void =>
    refuse(begins, name, new IcalRefusal('ICAL_INVALID', message));
  if (start === undefined || starts.length > 1) misfit('DTSTART', 'an event needs exactly one DTSTART');
  if (rules.length > 1) misfit('RRULE', 'an event has one RRULE at most');
  if (ends.length + durations.length > 1) misfit('DTEND', 'an event has one DTEND or one DURATION');
  if (start === undefined || !isSound) return null;
  const lengthMs = lengthOf(start, ends[0], durations[0]);
  if (lengthMs < 0) misfit('DTEND', 'the event ends before it begins');
  const uid = lines.find(({ name }) => name === 'UID')?.value ?? null;
  const event = { uid, start, lengthMs, rule: rules[0] ?? null, added, excepted, replaces: replaced[0] ?? null };
  return isSound ? event : null;
}

/** What the lines of an event say, each line that says nothing reported. */
function readFields(lines: readonly Line[], report: ReportLine) {
  const read = <Value>(name: string, readOne: (line: Line) => Value): Value[] =>
    lines
      .filter(line => line.name === name)
      .flatMap(line => {
        try {
          return [readOne(line)];
        } catch (error) {
          report(line.line, name, error);
          return [];
        }
      });
  const times = (name: string): IcalTime[] =>
    read(name, ({ value, parameters }) => readIcalTimes(value, parameters)).flat();
  const starts = times('DTSTART');
  read('EXRULE', refuseExrule);
  return {
    starts,
    rules: read('RRULE', ({ value }) => readIcalRule(value, starts[0])),
    ends: times('DTEND'),
    durations: read('DURATION', ({ value }) => readIcalDuration(value)),
    added: times('RDATE'),
    excepted: times('EXDATE'),
    replaced: times('RECURRENCE-ID'),
  };
}

function refuseExrule(): never {
  throw new IcalRefusal('ICAL_UNSUPPORTED', 'rules of exceptions (EXRULE) are not read; use EXDATE');
}

/** A date without an end is a day; some programs end such an event on the day on which it begins. */
function lengthOf(start: IcalTime, end: IcalTime | undefined, durationMs: number | undefined): number {
  const wholeDay = start.kind === 'date' ? dayMs : 0;
  if (durationMs !== undefined) return durationMs;
  if (end === undefined || end.clockMs === start.clockMs) return wholeDay;
  return end.clockMs - start.clockMs;
}
