// Calendars of a few lines for tests: the text to a business interval, or to its faults.

import type { BusinessInterval } from '../../../src/time/business-interval.js';
import { compileCalendar, loadHolidays, parseCalendar } from '../../../src/time/calendar/index.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { formatFault } from '../../../src/workflow/fault.js';

/** @throws Error with the faults of the calendar */
export async function compiled(
  text: string,
  zone = 'UTC',
  files: { readonly [path: string]: string } = {},
): Promise<BusinessInterval> {
  const made = await tryCompile(text, zone, files);
  if (Array.isArray(made)) throw new Error(made.join('\n'));
  return made as BusinessInterval;
}

/** Each fault as a line that people read; empty when there is none. */
export async function faultsOf(text: string, files: { readonly [path: string]: string } = {}): Promise<string[]> {
  const made = await tryCompile(text, 'UTC', files);
  return Array.isArray(made) ? made : [];
}

async function tryCompile(
  text: string,
  zone: string,
  files: { readonly [path: string]: string },
): Promise<BusinessInterval | string[]> {
  const parsed = parseCalendar(text, { file: 'calendar.yaml' });
  if (!parsed.ok) return parsed.faults.map(formatFault);
  const readFile = async (path: string): Promise<string> => {
    if (files[path] === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return files[path];
  };
  const books = await loadHolidays(parsed.value, { readFile, source: parsed.source });
  if (!books.ok) return books.faults.map(formatFault);
  const calendar = compileCalendar(parsed.value, zoneNamed(zone), books.value);
  return calendar.ok ? calendar.value : calendar.faults.map(formatFault);
}

/** Days since 1970 of a date as `2026-12-24`. */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00Z`) / 86_400_000;
}

/** The inverse; undefined stays so. */
export function dateOf(day: number | undefined): string | undefined {
  return day === undefined ? undefined : new Date(day * 86_400_000).toISOString().slice(0, 10);
}
