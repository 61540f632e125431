// iCalendar files: what their events mean on the clocks of a calendar, and which files are refused.

import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { daysOfRule, readIcalRule } from '../../../src/time/calendar/ical-rule.js';
import { seed } from '../../seed.js';
import { compiled, dayNumber, faultsOf } from './compiled.js';

const calendarText = 'calendar: c\nrules:\n  - include: { hours: 00:00-24:00 }\n  - exclude: { ical: x.ics }\n';

function ics(...events: string[][]): string {
  const lines = events.flatMap(event => ['BEGIN:VEVENT', ...event, 'END:VEVENT']);
  return `${['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR'].join('\r\n')}\r\n`;
}

/** The days off of a file within some years. */
async function daysOff(text: string, from = 2025, to = 2028, zone = 'UTC'): Promise<string[]> {
  const calendar = await compiled(calendarText, zone, { 'x.ics': text });
  const days: string[] = [];
  for (let day = dayNumber(`${from}-01-01`); day < dayNumber(`${to + 1}-01-01`); day += 1)
    if (!calendar.isBusinessDay(day)) days.push(new Date(day * 86_400_000).toISOString().slice(0, 10));
  return days;
}

describe('events', () => {
  test('on days, with and without an end; cancelled ones are left out', async () => {
    const text = ics(
      ['UID:1', 'DTSTART;VALUE=DATE:20260101', 'SUMMARY:New Year'],
      ['DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227', 'TRANSP:TRANSPARENT'],
      ['DTSTART;VALUE=DATE:20260501', 'DTEND;VALUE=DATE:20260501'],
      ['DTSTART;VALUE=DATE:20260601', 'DURATION:P1W', 'STATUS:CANCELLED'],
      ['DTSTART;VALUE=DATE:20260701', 'DURATION:P2D'],
    );
    expect(await daysOff(text)).toEqual([
      '2026-01-01',
      '2026-05-01',
      '2026-07-01',
      '2026-07-02',
      '2026-12-24',
      '2026-12-25',
      '2026-12-26',
    ]);
  });

  test('folded lines, bare line feeds, a byte order mark, alarms and zones within', async () => {
    const text = [
      '\uFEFFBEGIN:VCALENDAR',
      'BEGIN:VTIMEZONE',
      'TZID:X',
      'BEGIN:STANDARD',
      'DTSTART:16010101T000000',
      'RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11',
      'END:STANDARD',
      'END:VTIMEZONE',
      'BEGIN:VEVENT',
      'DTSTART;VALUE=DA',
      ' TE:2026',
      '\t0101',
      'BEGIN:VALARM',
      'DTSTART:nonsense',
      'END:VALARM',
      'DESCRIPTION;ALTREP="http://x:1/;y":a:b',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\n');
    expect(await daysOff(text)).toEqual(['2026-01-01']);
  });

  test('repeat by rule, more dates and exceptions; one may stand in place of a repeat', async () => {
    const text = ics(
      ['UID:a', 'DTSTART;VALUE=DATE:20201225', 'RRULE:FREQ=YEARLY', 'EXDATE;VALUE=DATE:20271225'],
      ['UID:b', 'DTSTART;VALUE=DATE:20251127', 'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3'],
      ['UID:b', 'RECURRENCE-ID;VALUE=DATE:20261126', 'DTSTART;VALUE=DATE:20261130'],
      ['DTSTART;VALUE=DATE:20260105', 'RDATE;VALUE=DATE:20260107,20260109'],
    );
    expect(await daysOff(text)).toEqual([
      '2025-11-27',
      '2025-12-25',
      '2026-01-05',
      '2026-01-07',
      '2026-01-09',
      '2026-11-30',
      '2026-12-25',
      '2027-11-25',
      '2028-12-25',
    ]);
  });

  test('at times: of every clock, of UTC, of a zone', async () => {
    const text = ics(
      ['DTSTART:20260105T120000', 'DTEND:20260105T180000'],
      ['DTSTART:20260107T120000Z', 'DURATION:PT6H'],
      ['DTSTART;TZID=Europe/Berlin:20260109T120000', 'DTEND;TZID=Europe/Berlin:20260109T180000'],
    );
    const calendar = await compiled(calendarText, 'America/New_York', { 'x.ics': text });
    const edges: string[] = [];
    for (let edge = calendar.nextEdge(Date.UTC(2026, 0, 1)); edge !== undefined; edge = calendar.nextEdge(edge))
      edges.push(new Date(edge).toISOString().slice(5, 16));
    expect(edges).toEqual(['01-05T17:00', '01-05T23:00', '01-07T12:00', '01-07T18:00', '01-09T11:00', '01-09T17:00']);
  });
});

const event = (...lines: string[]): string => ics(['DTSTART;VALUE=DATE:20260101', ...lines]);

const refused: readonly (readonly [name: string, text: string, fault: RegExp])[] = [
  ['nothing', '', /^x.ics:1:1 END:VCALENDAR is missing \(ICAL_INVALID\)$/],
  ['no calendar', 'hello', /^x.ics:1:1 found "hello", accepted is BEGIN:VCALENDAR \(ICAL_INVALID\)$/],
  ['no events', ics(), /the file has no events \(HOLIDAYS_NONE\)$/],
  ['not closed', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT', /\(ICAL_INVALID\)$/],
  ['crossed', 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR', /^x.ics:3:1 .*closes what is not open \(ICAL_INVALID\)$/],
  ['nested', 'BEGIN:VCALENDAR\n'.repeat(100_000), /^x.ics:6:1 components are nested deeper/],
  ['no start', ics(['SUMMARY:x']), /^x.ics:3:1 DTSTART: an event needs exactly one DTSTART \(ICAL_INVALID\)$/],
  ['no date', ics(['DTSTART:20260230']), /^x.ics:4:1 DTSTART: found "20260230".*\(ICAL_INVALID\)$/],
  ['inverted', event('DTEND;VALUE=DATE:20251231'), /the event ends before it begins \(ICAL_INVALID\)$/],
  ['unknown zone', ics(['DTSTART;TZID=Mars/Olympus:20260101T000000']), /^x.ics:4:1 DTSTART: TZID: .*\(ZONE_UNKNOWN\)$/],
  ['period', event('RDATE;VALUE=PERIOD:20260101T000000Z/P1D'), /\(ICAL_UNSUPPORTED\)$/],
  ['frequency', event('RRULE:FREQ=SECONDLY'), /^x.ics:5:1 RRULE: found FREQ="SECONDLY".*\(ICAL_UNSUPPORTED\)$/],
  ['position', event('RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1'), /BYSETPOS is not read.*\(ICAL_UNSUPPORTED\)$/],
  ['interval', event('RRULE:FREQ=DAILY;INTERVAL=0'), /"INTERVAL=0" cannot be.*\(ICAL_INVALID\)$/],
  ['both ends', event('RRULE:FREQ=DAILY;COUNT=1;UNTIL=20270101'), /\(ICAL_INVALID\)$/],
  ['prototype', event('RRULE:FREQ=DAILY;__PROTO__=1'), /\(ICAL_INVALID\)$/],
  ['exceptions', event('EXRULE:FREQ=DAILY'), /\(ICAL_UNSUPPORTED\)$/],
  ['too large', `BEGIN:VCALENDAR\n${'X'.repeat(3_000_000)}`, /\(ICAL_LIMIT\)$/],
  ['too many events', ics(...Array.from({ length: 20_000 }, () => ['DTSTART:20260101'])), /\(ICAL_LIMIT\)$/],
  [
    'rules that take long',
    ics(...Array.from({ length: 9_000 }, () => ['DTSTART:19000101', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'])),
    /take too long to follow \(ICAL_LIMIT\)$/,
  ],
  [
    'too many repeats',
    ics(...Array.from({ length: 9 }, () => ['DTSTART:20000101', 'RRULE:FREQ=DAILY'])),
    /more than 50000 \(ICAL_LIMIT\)$/,
  ],
];

test.each(refused)('a file is refused: %s', async (_name, text, fault) => {
  const started = performance.now();
  const faults = await faultsOf(calendarText, { 'x.ics': text });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(fault);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('a rule that never matches ends', () => {
  const rule = readIcalRule('FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4', undefined);
  expect([...daysOfRule(rule, 0, () => {})]).toEqual([0]);
});

test(`rules against rrule-temporal (seed ${seed})`, () => {
  const weekday = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU');
  const some = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.uniqueArray(of, { minLength: 1, maxLength: 3 }).map(each => each.join(','));
  const month = some(fc.integer({ min: 1, max: 12 }).map(String));
  const monthDay = some(fc.constantFrom('1', '15', '28', '29', '31', '-1', '-2', '-31'));
  // All with a place or none: the peer reads "MO,-1MO" as the last Monday alone.
  const place = fc.constantFrom('1', '2', '5', '-1', '-2');
  const placed = fc.oneof(some(weekday), some(fc.tuple(place, weekday).map(each => each.join(''))));
  const parts = fc.oneof(
    fc.record({ FREQ: fc.constant('DAILY'), BYMONTH: month, BYDAY: some(weekday) }, { requiredKeys: ['FREQ'] }),
    fc.record({ FREQ: fc.constant('WEEKLY'), BYDAY: some(weekday), WKST: weekday }, { requiredKeys: ['FREQ'] }),
    fc.record({ FREQ: fc.constant('MONTHLY'), BYDAY: placed, BYMONTHDAY: monthDay }, { requiredKeys: ['FREQ'] }),
    fc.record({ FREQ: fc.constant('YEARLY'), BYMONTH: month, BYMONTHDAY: monthDay }, { requiredKeys: ['FREQ'] }),
    fc.record({ FREQ: fc.constant('YEARLY'), BYMONTH: month, BYDAY: placed }, { requiredKeys: ['FREQ'] }),
  );
  const start = fc.integer({ min: dayNumber('2020-01-01'), max: dayNumber('2028-03-01') });
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 4 }), start, (each, interval, startDay) => {
      const text = Object.entries({ ...each, INTERVAL: interval })
        .map(([key, value]) => `${key}=${value}`)
        .join(';');
      const date = Temporal.PlainDate.from('1970-01-01').add({ days: startDay });
      const until = dayNumber('2036-01-01');
      const peer = new RRuleTemporal({
        rruleString: `DTSTART:${date.toString().replaceAll('-', '')}T000000Z\nRRULE:${text};UNTIL=20351231T000000Z`,
      });
      // The first event counts here even where the rule leaves it out; there it does not.
      const theirs = peer.all().map(at => Math.floor(at.epochMilliseconds / 86_400_000));
      const rule = readIcalRule(text, { kind: 'date', clockMs: startDay * 86_400_000 });
      const ours = [...daysOfRule(rule, startDay, () => {})].filter(day => day < until);
      expect(ours.slice(1)).toEqual(theirs.filter(day => day > startDay));
    }),
    { numRuns: 150 },
  );
});
