// Calendars in files.

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { faultAt, quote, quoteMessage } from '../../workflow/fault.js';
import { readOrdinaryFile } from '../ordinary-file.js';
import type { Outcome } from './calendar-fault.js';
import type { HolidayBooks } from './holiday-book.js';
import { parseCalendar } from './load.js';
import { loadHolidays } from './load-holidays.js';
import type { CalendarDefinition, TimeSet } from './model.js';

/** Largest file, bytes: the readers' limits are in characters and below it. */
const fileSizeMax = 8_388_608;

/** What `compileCalendar` takes. */
export interface LoadedCalendar {
  readonly definition: CalendarDefinition;
  readonly books: HolidayBooks;
}

/**
 * Read a calendar with all it names: iCalendar files relative to its folder, and the holidays of countries. Never rejects.
 *
 * @returns what is compiled by `compileCalendar(definition, zone, books)`, or every fault with file, line and field
 */
export function calendarFromFile(file: string): Promise<Outcome<LoadedCalendar>> {
  return loaded(file, new Map());
}

/** The same as a definition that names no file any more: it holds the texts of its iCalendar files. */
export async function wholeCalendarFromFile(file: string): Promise<Outcome<CalendarDefinition>> {
  const texts = new Map<string, string>();
  const outcome = await loaded(file, texts);
  return outcome.ok ? { ok: true, value: withTexts(outcome.value.definition, texts) } : outcome;
}

function withTexts(definition: CalendarDefinition, texts: ReadonlyMap<string, string>): CalendarDefinition {
  const whole = <Set extends TimeSet>(set: Set): Set => {
    const { ical, ...others } = set;
    return ical === undefined ? set : ({ ...others, icalText: texts.get(ical) } as Set);
  };
  const { sets, rules } = definition;
  return {
    ...definition,
    ...(sets === undefined ? {} : { sets: sets.map(whole) }),
    rules: rules.map(rule => Object.fromEntries(Object.entries(rule).map(([key, set]) => [key, whole(set)]))),
  };
}

/** @param texts takes those of the iCalendar files, by their paths as written */
async function loaded(file: string, texts: Map<string, string>): Promise<Outcome<LoadedCalendar>> {
  const text = await textOf(file).catch((error: unknown) => ({ reason: reasonOf(error) }));
  if (typeof text !== 'string') {
    const fault = { ...faultAt('SYNTAX', [], `cannot be read: ${text.reason}`), code: 'FILE_INVALID', file } as const;
    return { ok: false, faults: [fault] };
  }
  const parsed = parseCalendar(text, { file });
  if (!parsed.ok) return parsed;
  const readFile = async (named: string): Promise<string> => {
    const text = await textOf(await pathOf(named, path.dirname(file)));
    texts.set(named, text);
    return text;
  };
  const holidays = await loadHolidays(parsed.value, { readFile, source: parsed.source });
  return holidays.ok ? { ok: true, value: { definition: parsed.value, books: holidays.value } } : holidays;
}

function reasonOf(error: unknown): string {
  return quoteMessage(error instanceof Error ? error.message : String(error));
}

/** A file below the calendar's folder, links followed: a calendar is data, and does not get to read what it likes. */
async function pathOf(named: string, folder: string): Promise<string> {
  const outside = `${quote(named)} is not a path below the folder of the calendar`;
  const isBelow =
    !path.isAbsolute(named) && !named.split(/[\\/]/).includes('..') && !/^[a-z][a-z0-9+.-]+:/i.test(named);
  if (!isBelow || named.includes('\0')) throw new Error(outside);
  const [real, realFolder] = await Promise.all([realpath(path.join(folder, named)), realpath(folder)]);
  if (!real.startsWith(realFolder.endsWith(path.sep) ? realFolder : `${realFolder}${path.sep}`))
    throw new Error(outside);
  return real;
}

async function textOf(file: string): Promise<string> {
  return (await readOrdinaryFile(file, fileSizeMax)).toString('utf8');
}
