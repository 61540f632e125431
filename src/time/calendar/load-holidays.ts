// The holidays a calendar names, loaded before it is compiled. Nothing else of a calendar waits: `date-holidays` (128 ms,
// 26 MB) is imported when the first calendar names a country, and files are read by whoever may read them.

import { formatPath, type Path, quoteMessage } from '../../workflow/fault.js';
import type { Source } from '../../workflow/verify.js';
import type { CalendarFault, CalendarFaultCode, Outcome } from './calendar-fault.js';
import { type HolidayBook, type HolidayBooks, keyOfSource } from './holiday-book.js';
import { readIcal } from './ical.js';
import { bookOfIcal } from './ical-book.js';
import { IcalRefusal } from './ical-refusal.js';
import type { CalendarDefinition, TimeSet } from './model.js';
import { setsOf } from './verify-sets.js';

/** Gives the text of a file that a calendar names; rejects when there is none. */
export type FileReader = (path: string) => Promise<string>;

export interface HolidayOptions {
  /** Reads the iCalendar files. Default: they are refused. */
  readonly readFile?: FileReader;
  /** Where the definition was written, for the lines of faults. */
  readonly source?: Source;
}

/**
 * Load what a verified calendar takes its holidays from: countries and iCalendar files. Never rejects.
 *
 * @returns the books for `compileCalendar`, or every source that cannot be had
 */
export async function loadHolidays(
  definition: CalendarDefinition,
  options: HolidayOptions = {},
): Promise<Outcome<HolidayBooks>> {
  const books = new Map<string, HolidayBook>();
  const faults: CalendarFault[] = [];
  for (const { set, path } of setsOf(definition)) {
    const key = keyOfSource(set);
    if (key === null || books.has(key)) continue;
    const loaded = await loadBook(set, path, options);
    if (loaded.ok) books.set(key, loaded.value);
    else faults.push(...loaded.faults);
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: books };
}

async function loadBook(set: TimeSet, path: Path, { readFile, source }: HolidayOptions): Promise<Outcome<HolidayBook>> {
  const refuse = (code: CalendarFaultCode, below: Path, message: string): Outcome<HolidayBook> => {
    const at = [...path, ...below];
    const place = source?.locate(at, 'value');
    const { line = null, column = null } = place ?? {};
    const fault = { code, message, path: formatPath(place?.path ?? at), file: source?.file ?? null, line, column };
    return { ok: false, faults: [fault] };
  };
  if (set.ical !== undefined) {
    if (readFile === undefined)
      return refuse('FILE_INVALID', ['ical'], 'files are not read here; see calendarFromFile');
    let text: string;
    try {
      text = await readFile(set.ical);
    } catch (error) {
      return refuse('FILE_INVALID', ['ical'], `cannot be read: ${quoteMessage(messageOf(error))}`);
    }
    return bookOfText(text, set.ical, (code, message) => refuse(code, ['ical'], message));
  }
  if (set.icalText !== undefined) {
    const book = bookOfText(set.icalText, 'icalText', (code, message) => refuse(code, ['icalText'], message));
    if (book.ok) return book;
    const { code, line, message } = book.faults[0]!;
    return refuse(code, ['icalText'], line === null ? message : `line ${line}: ${message}`);
  }
  const { bookOfCountry } = await import('./country-holidays.js');
  const book = await bookOfCountry(set.holidays!);
  return book.ok ? book : refuse(book.code, ['holidays', ...book.below], book.message);
}

type Refuse = (code: CalendarFaultCode, message: string) => Outcome<HolidayBook>;

function bookOfText(text: string, file: string, refuse: Refuse): Outcome<HolidayBook> {
  const calendar = readIcal(text, file);
  if (!calendar.ok) return calendar;
  try {
    return { ok: true, value: bookOfIcal(calendar.value) };
  } catch (error) {
    if (!(error instanceof IcalRefusal)) throw error;
    return refuse(error.code, error.message);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
