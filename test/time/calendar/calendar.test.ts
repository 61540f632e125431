// Calendars as people write them, and what they say of moments and days.

import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { calendarFromFile } from '../../../src/time/calendar/from-file.js';
import { keyOfSource } from '../../../src/time/calendar/holiday-book.js';
import { compileCalendar, type HolidayBook } from '../../../src/time/calendar/index.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { compiled, dateOf, dayNumber, faultsOf } from './compiled.js';

const at = (iso: string): number => Date.parse(iso);

/** The edges after a moment, as local times of New York would be read: in UTC here. */
function edgesAfter(calendar: { nextEdge(atMs: number): number | undefined }, iso: string, count: number): string[] {
  const edges: string[] = [];
  for (
    let edge = calendar.nextEdge(at(iso));
    edge !== undefined && edges.length < count;
    edge = calendar.nextEdge(edge)
  )
    edges.push(new Date(edge).toISOString().slice(0, 16));
  return edges;
}

const office = `
calendar: office
zone: America/New_York
sets:
  lunch: { hours: 11:30-12:30 }
rules:
  - include: { days: mon-fri, hours: 08:30-16:15 }
  - exclude: lunch
  - exclude: { holidays: { country: US } }
`;

describe('a calendar', () => {
  test('working hours with lunch, without holidays', async () => {
    const calendar = await compiled(office);
    expect(calendar.name).toBe('office');
    expect(edgesAfter(calendar, '2026-11-25T12:00Z', 6)).toEqual([
      '2026-11-25T13:30',
      '2026-11-25T16:30',
      '2026-11-25T17:30',
      '2026-11-25T21:15',
      // Thanksgiving is the 26th.
      '2026-11-27T13:30',
      '2026-11-27T16:30',
    ]);
    expect(calendar.includes(at('2026-11-25T13:29:59.999Z'))).toBe(false);
    expect(calendar.includes(at('2026-11-25T13:30Z'))).toBe(true);
    expect(calendar.includes(at('2026-11-25T16:30Z'))).toBe(false);
    expect(calendar.previousEdge(at('2026-11-25T13:30Z'))).toBe(at('2026-11-25T13:30Z'));
    expect(calendar.previousEdge(at('2026-11-25T13:29Z'))).toBe(at('2026-11-24T21:15Z'));
    expect(dateOf(calendar.nthBusinessDay(2026, 11, -1))).toBe('2026-11-30');
    expect(dateOf(calendar.nthBusinessDay(2026, 11, -2))).toBe('2026-11-27');
    expect(dateOf(calendar.nthHoliday(2026, 11, -2))).toBe('2026-11-28');
    expect(calendar.nthBusinessDay(2026, 6, 24)).toBeUndefined();
    expect(calendar.nthBusinessDay(2026, 6, 0)).toBeUndefined();
  });

  test('outside of these hours', async () => {
    const outside = await compiled(`
calendar: outside
zone: America/New_York
sets:
  week: { days: mon-fri, hours: [08:30-11:30, 12:30-16:15] }
  holidays: { holidays: US }
  work days: { complement: holidays }
  office: { intersection: [week, work days] }
  closed: { complement: office }
rules:
  - include: closed
`);
    const inside = await compiled(office);
    let edge = at('2026-01-01T00:00Z');
    for (let count = 0; count < 500; count += 1) {
      const next = inside.nextEdge(edge)!;
      expect(outside.nextEdge(edge)).toBe(next);
      expect(outside.includes(next)).toBe(!inside.includes(next));
      edge = next;
    }
  });

  test('overnight spans belong to the day on which they begin; the last night of the week ends on a weekend', async () => {
    const calendar = await compiled(`
calendar: night shift
rules: [{ include: { days: mon-fri, hours: 22:00-06:00+1 } }]
`);
    expect(edgesAfter(calendar, '2026-11-19T12:00Z', 5)).toEqual([
      '2026-11-19T22:00',
      '2026-11-20T06:00',
      '2026-11-20T22:00',
      '2026-11-21T06:00',
      '2026-11-23T22:00',
    ]);
    // Some business is done on Saturday, none on Sunday.
    expect(calendar.isBusinessDay(dayNumber('2026-11-21'))).toBe(true);
    expect(calendar.isBusinessDay(dayNumber('2026-11-22'))).toBe(false);
    // From one year into the next: 31 December 2027 is a Friday.
    expect(calendar.isBusinessDay(dayNumber('2028-01-01'))).toBe(true);
    expect(dateOf(calendar.nthBusinessDay(2028, 1, 1))).toBe('2028-01-01');
    expect(calendar.isBusinessDay(dayNumber('2028-01-02'))).toBe(false);
  });

  test('half days: later rules win', async () => {
    const calendar = await compiled(`
calendar: half days
rules:
  - include: { days: mon-fri, hours: 09:00-17:00 }
  - exclude: { dates: [12-24..12-26, 12-31] }
  - include: { days: mon-fri, dates: [12-24, 12-31], hours: 09:00-12:00 }
`);
    expect(edgesAfter(calendar, '2026-12-23T18:00Z', 4)).toEqual([
      '2026-12-24T09:00',
      '2026-12-24T12:00',
      '2026-12-28T09:00',
      '2026-12-28T17:00',
    ]);
    // In 2028 New Year's Eve is a Sunday.
    expect(calendar.isBusinessDay(dayNumber('2026-12-31'))).toBe(true);
    expect(calendar.isBusinessDay(dayNumber('2028-12-31'))).toBe(false);
  });

  test('ranges repeat, also every second week and at the end of months', async () => {
    const calendar = await compiled(`
calendar: maintenance
rules:
  - include: { range: { start: 2026-01-03T22:00, for: 6 hours, every: 2 weeks, count: 3 } }
  - include: { range: { start: 2026-01-31, end: 2026-02-01T00:00:00.001, every: 1 month, until: 2026-03-31 } }
`);
    expect(edgesAfter(calendar, '2026-01-01T00:00Z', 20)).toEqual([
      '2026-01-03T22:00',
      '2026-01-04T04:00',
      '2026-01-17T22:00',
      '2026-01-18T04:00',
      '2026-01-31T00:00',
      '2026-02-01T04:00',
      '2026-02-28T00:00',
      '2026-03-01T00:00',
      '2026-03-31T00:00',
      '2026-04-01T00:00',
    ]);
    expect(calendar.nextEdge(at('2026-04-01T00:00:00.000Z'))).toBe(at('2026-04-01T00:00:00.001Z'));
    expect(calendar.nextEdge(at('2026-04-01T00:00:00.001Z'))).toBeUndefined();
    expect(calendar.includes(at('2026-01-31T22:30Z'))).toBe(true);
  });

  test('time without end has no edges; outside of 1900 to 3000 nothing changes and there are no business days', async () => {
    const always = await compiled('calendar: always\nrules: [{ include: { hours: 00:00-24:00 } }]');
    expect([always.nextEdge(0), always.previousEdge(0)]).toEqual([undefined, undefined]);
    expect(always.includes(at('1850-01-01T00:00Z'))).toBe(true);
    expect(always.isBusinessDay(dayNumber('1899-12-31'))).toBe(false);
    expect(always.isBusinessDay(dayNumber('1900-01-01'))).toBe(true);
    expect(always.nthBusinessDay(3_001, 1, 1)).toBeUndefined();
    expect(always.nthBusinessDay(2_026, 13, 1)).toBeUndefined();
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(always.nextEdge(odd)).toBeUndefined();
    const week = await compiled('calendar: week\nrules: [{ include: { days: mon-fri } }]');
    expect(new Date(week.previousEdge(at('9999-01-01T00:00Z'))!).getUTCFullYear()).toBe(3_000);
    expect(new Date(week.nextEdge(at('1000-01-01T00:00Z'))!).getUTCFullYear()).toBe(1_900);
  });

  test('one that never comes ends its search', async () => {
    const never = await compiled(`
calendar: never
sets: { mondays: { days: mon }, tuesdays: { days: tue } }
rules: [{ include: mondays }, { only: tuesdays }]
`);
    const started = performance.now();
    expect(never.nextEdge(0)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(5_000);
    const rare = await compiled(`
calendar: rare
rules: [{ include: { days: sun, dates: 02-29 } }]
`);
    // Once in 28 years, but 40 over 2100, which has no such day.
    expect(edgesAfter(rare, '2088-03-02T00:00Z', 1)).toEqual(['2128-02-29T00:00']);
  });

  test('a day of working hours that the clocks change is shorter or longer', async () => {
    const calendar = await compiled(
      'calendar: nights\nrules: [{ include: { hours: [01:30-02:30] } }]',
      'America/New_York',
    );
    // In spring the clocks go from 02:00 to 03:00; in autumn they show 01:00 to 02:00 twice.
    expect(edgesAfter(calendar, '2026-03-08T05:00Z', 2)).toEqual(['2026-03-08T06:30', '2026-03-08T07:00']);
    expect(edgesAfter(calendar, '2026-11-01T05:00Z', 4)).toEqual([
      '2026-11-01T05:30',
      '2026-11-01T06:00',
      '2026-11-01T06:30',
      '2026-11-01T07:30',
    ]);
  });

  test('a day that a zone skipped is neither a business day nor a holiday', async () => {
    const calendar = await compiled('calendar: week\nrules: [{ include: { days: mon-fri } }]', 'Pacific/Apia');
    expect(dateOf(calendar.nthBusinessDay(2011, 12, -1))).toBe('2011-12-29');
    expect(dateOf(calendar.nthHoliday(2011, 12, -1))).toBe('2011-12-31');
    expect(dateOf(calendar.nthHoliday(2011, 12, -2))).toBe('2011-12-25');
  });
});

describe('holidays of countries', () => {
  const businessDays = async (source: string): Promise<(date: string) => boolean> => {
    const calendar = await compiled(`
calendar: c
rules: [{ include: { hours: 00:00-24:00 } }, { exclude: { holidays: ${source} } }]
`);
    return date => calendar.isBusinessDay(dayNumber(date));
  };

  test('the holiday and its substitute day are both days off, unless the latter is left out', async () => {
    const both = await businessDays('US');
    // Independence Day 2021 was a Sunday.
    expect([both('2021-07-04'), both('2021-07-05'), both('2021-07-06')]).toEqual([false, false, true]);
    const alone = await businessDays('{ country: US, substitutes: false }');
    expect([alone('2021-07-04'), alone('2021-07-05')]).toEqual([false, true]);
  });

  test('a substitute day of the year before', async () => {
    const isBusinessDay = await businessDays('US');
    expect([isBusinessDay('2021-12-31'), isBusinessDay('2022-01-01')]).toEqual([false, false]);
  });

  test('parts of countries have holidays of their own', async () => {
    const [germany, bavaria] = [await businessDays('DE'), await businessDays('{ country: DE, state: BY }')];
    expect([germany('2026-01-06'), bavaria('2026-01-06')]).toEqual([true, false]);
  });

  test('kinds; a holiday from 14:00 leaves the morning', async () => {
    const calendar = await compiled(
      `
calendar: bank
rules:
  - include: { days: mon-fri, hours: 09:00-17:00 }
  - exclude: { holidays: { country: DE, kinds: [public, bank] } }
`,
      'Europe/Berlin',
    );
    expect(edgesAfter(calendar, '2026-12-24T00:00Z', 3)).toEqual([
      '2026-12-24T08:00',
      '2026-12-24T13:00',
      '2026-12-28T08:00',
    ]);
  });

  test('holidays of several days, and those that begin with the evening before', async () => {
    const turkey = await businessDays('TR');
    expect(['2023-04-20', '2023-04-21', '2023-04-22', '2023-04-23', '2023-04-24'].map(turkey)).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
    const eswatini = await businessDays('SZ');
    expect([eswatini('2023-12-27'), eswatini('2023-12-31'), eswatini('2024-01-03')]).toEqual([true, false, true]);
  });

  test('are not looked up when there are too few days without them', () => {
    let lookedUp = 0;
    const holidays = { country: 'US' };
    const book: HolidayBook = () => {
      lookedUp += 1;
      return [dayNumber('2026-06-01') * 86_400_000, dayNumber('2026-06-02') * 86_400_000];
    };
    const definition = {
      name: 'c',
      sets: [
        { name: 'a', holidays },
        { name: 'b', union: ['a'] },
      ],
      rules: [{ include: { days: ['mon-fri'] } }, { exclude: { set: 'b' } }],
    };
    const books = new Map([[keyOfSource({ holidays })!, book]]);
    const calendar = compileCalendar(definition, zoneNamed('UTC'), books);
    if (!calendar.ok) throw new Error(JSON.stringify(calendar.faults));
    for (let year = 1970; year < 2070; year += 1) expect(calendar.value.nthBusinessDay(year, 6, 24)).toBeUndefined();
    expect(calendar.value.isBusinessDay(dayNumber('2026-06-06'))).toBe(false);
    expect(lookedUp).toBe(0);
    expect(dateOf(calendar.value.nthBusinessDay(2026, 6, 1))).toBe('2026-06-02');
    // 22 weekdays, one of them a holiday: there are enough without it, so it is looked up, and kept.
    expect(calendar.value.nthBusinessDay(2026, 6, 22)).toBeUndefined();
    expect(calendar.value.nthHoliday(2026, 6, 1)).toBe(dayNumber('2026-06-01'));
    expect(lookedUp).toBe(1);
  });

  test('are loaded before, or the calendar is refused', async () => {
    const definition = { name: 'c', rules: [{ include: { holidays: { country: 'US' } } }] };
    const outcome = compileCalendar(definition, zoneNamed('UTC'));
    expect(outcome.ok ? [] : outcome.faults.map(({ code, path: field }) => [code, field])).toEqual([
      ['HOLIDAYS_NOT_LOADED', 'rules[0].include.holidays'],
    ]);
  });
});

describe('calendars in files', () => {
  test('name iCalendar files beside them', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-calendar-'));
    const file = path.join(folder, 'shop.yaml');
    writeFileSync(
      file,
      'calendar: shop\nrules:\n  - include: { days: mon-sat }\n  - exclude: { ical: days-off.ics }\n',
    );
    expect(await calendarFromFile(file)).toMatchObject({ ok: false, faults: [{ code: 'FILE_INVALID', line: 4 }] });
    const event = 'BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nEND:VEVENT\r\n';
    writeFileSync(path.join(folder, 'days-off.ics'), `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${event}END:VCALENDAR\r\n`);
    const loaded = await calendarFromFile(file);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    const shop = compileCalendar(loaded.value.definition, zoneNamed('Europe/Zurich'), loaded.value.books);
    if (!shop.ok) throw new Error(JSON.stringify(shop.faults));
    expect(dateOf(shop.value.nthBusinessDay(2026, 12, -5))).toBe('2026-12-23');
    expect(shop.value.isBusinessDay(dayNumber('2026-12-26'))).toBe(false);
  });

  test('are refused when they are no files, or lie elsewhere', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-calendar-'));
    expect(await calendarFromFile(folder)).toMatchObject({ ok: false, faults: [{ code: 'FILE_INVALID' }] });
    expect(await calendarFromFile('/dev/zero')).toMatchObject({ ok: false, faults: [{ code: 'FILE_INVALID' }] });
    const file = path.join(folder, 'calendars', 'c.yaml');
    mkdirSync(path.dirname(file));
    // Only where it lies is wrong with it.
    writeFileSync(path.join(folder, 'x.ics'), 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n');
    symlinkSync('../x.ics', path.join(folder, 'calendars', 'link.ics'));
    symlinkSync('..', path.join(folder, 'calendars', 'up'));
    const outside = [path.join(folder, 'x.ics'), 'https://example.com/x.ics', '../x.ics', 'a/../../x.ics'];
    for (const named of [...outside, 'link.ics', 'up/x.ics']) {
      writeFileSync(file, `calendar: c\nrules: [{ include: { ical: ${JSON.stringify(named)} } }]\n`);
      expect(await calendarFromFile(file), named).toMatchObject({
        ok: false,
        faults: [{ code: 'FILE_INVALID', message: expect.stringContaining('is not a path below the folder') }],
      });
    }
  });

  test('without a reader no file is read', async () => {
    expect(await faultsOf('calendar: c\nrules: [{ include: { ical: x.ics } }]')).toEqual([
      expect.stringContaining('cannot be read'),
    ]);
  });
});
