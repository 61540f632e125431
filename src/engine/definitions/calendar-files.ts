// The calendars of a definition file that stand in files of their own, read with what these
// name, so that the definition is whole when it is stored.

import { resolve } from 'node:path';
import type { CalendarFault } from '../../time/calendar/index.js';
import type { CalendarDefinition } from '../../time/calendar/model.js';
import { calendarFilesOf } from '../../workflow/load.js';

export type CalendarsBeside =
  | { readonly calendars: ReadonlyMap<number, CalendarDefinition> }
  | { readonly faults: readonly CalendarFault[] };

/** @param folder of the definition, which the paths are relative to */
export async function calendarsBeside(text: string, file: string, folder: string): Promise<CalendarsBeside> {
  const calendars = new Map<number, CalendarDefinition>();
  const files = calendarFilesOf(text, file);
  if (files.length === 0) return { calendars };
  const { wholeCalendarFromFile } = await import('../../time/calendar/from-file.js');
  const faults: CalendarFault[] = [];
  for (const { index, path } of files) {
    const loaded = await wholeCalendarFromFile(resolve(folder, path));
    if (loaded.ok) calendars.set(index, loaded.value);
    else faults.push(...loaded.faults);
  }
  return faults.length > 0 ? { faults } : { calendars };
}
