// Calendars in files beside a workflow's: what is stored is whole, and needs none of them any more.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { calendarsBeside } from '../../src/engine/definitions/calendar-files.js';
import { compileCalendar } from '../../src/time/calendar/compile.js';
import { loadHolidays } from '../../src/time/calendar/load-holidays.js';
import type { CalendarDefinition } from '../../src/time/calendar/model.js';
import { zoneNamed } from '../../src/time/zone.js';
import { unreadyTimes } from '../../src/triggers/unready.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { temporaryFolder } from './setup.js';

const flow = `
workflow: /books/close
calendars: [{ file: calendars/office.yaml }]
actions:
  month end: { type: timer, expression: 0 0 0 16 -1b, zone: UTC, calendar: office }
`;

const daysOff = (more = ''): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//test//EN',
    'BEGIN:VEVENT',
    'UID:inventory@example.com',
    'DTSTART;VALUE=DATE:20310131',
    'RRULE:FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-1',
    more,
    'END:VEVENT',
    'END:VCALENDAR',
  ]
    .filter(line => line !== '')
    .join('\r\n');

function folderWith(files: { readonly [name: string]: string }): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'calendars'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

const office = 'calendar: office\nzone: UTC\nrules:\n  - include: { days: mon-fri }\n  - exclude: { ical: off.ics }\n';

test('a calendar of a file that names an iCalendar file is stored with its text, and asked without files', async () => {
  const folder = folderWith({ 'calendars/office.yaml': office, 'calendars/off.ics': daysOff() });
  const beside = await calendarsBeside(flow, 'flow.yaml', folder);
  if ('faults' in beside) throw new Error(beside.faults[0]!.message);
  const loaded = loadDefinition(flow, 'flow.yaml', undefined, undefined, beside.calendars);
  if ('faults' in loaded) throw new Error(loaded.faults[0]!.message);
  const { definition } = loaded;
  expect(await unreadyTimes(definition)).toEqual([]);
  // As a thread has it.
  const stored = JSON.parse(JSON.stringify(definition.calendars![0])) as CalendarDefinition;
  const books = await loadHolidays(stored);
  if (!books.ok) throw new Error(books.faults[0]!.message);
  const calendar = compileCalendar(stored, zoneNamed('UTC'), books.value);
  if (!calendar.ok) throw new Error(calendar.faults[0]!.message);
  const isOpen = (day: string): boolean => calendar.value.includes(Date.parse(`${day}T12:00:00Z`));
  expect(['2031-01-30', '2031-01-31', '2031-02-28', '2031-03-31', '2031-04-30'].map(isOpen)).toEqual([
    true,
    false,
    false,
    false,
    true,
  ]);
});

test('what is wrong with an iCalendar file is told with its line; one that lies elsewhere is not read', async () => {
  const broken = folderWith({ 'calendars/office.yaml': office, 'calendars/off.ics': daysOff('DTEND:yesterday') });
  expect(await calendarsBeside(flow, 'flow.yaml', broken)).toMatchObject({
    faults: [{ file: expect.stringMatching(/off\.ics$/), line: 8 }],
  });
  const outside = folderWith({
    'calendars/office.yaml': office.replace('off.ics', '../off.ics'),
    'off.ics': daysOff(),
  });
  expect(await calendarsBeside(flow, 'flow.yaml', outside)).toMatchObject({
    faults: [{ code: 'FILE_INVALID', message: expect.stringMatching(/not a path below the folder/) }],
  });
});

test('the text itself is taken in any workflow, and told by its line when it is wrong; a file is not', async () => {
  const calendarOf = (exclude: object): unknown => ({
    name: '/books/close',
    actions: [{ name: 'wait', type: 'manual' }],
    flows: [],
    calendars: [{ name: 'office', rules: [{ include: { days: ['mon-fri'] } }, { exclude }] }],
  });
  const load = (exclude: object) => loadDefinition(JSON.stringify(calendarOf(exclude)), 'flow.json');
  const sound = load({ icalText: daysOff() });
  if ('faults' in sound) throw new Error(sound.faults[0]!.message);
  expect(await unreadyTimes(sound.definition)).toEqual([]);
  const broken = load({ icalText: daysOff('DTEND:yesterday') });
  if ('faults' in broken) throw new Error(broken.faults[0]!.message);
  expect(await unreadyTimes(broken.definition)).toMatchObject([
    { at: ['calendars', 0], message: expect.stringMatching(/^rules\[1\]\.exclude\.icalText: line 8: /) },
  ]);
  expect(load({ ical: 'off.ics' })).toMatchObject({
    faults: [{ path: 'calendars[0].rules[1].exclude.ical', message: expect.stringMatching(/file of its own/) }],
  });
});
