// Bad calendars: each is refused with its place and a stable code, quickly, and all its faults at once.

import { describe, expect, test } from 'vitest';
import { compileCalendar, parseCalendar, verifyCalendar } from '../../../src/time/calendar/index.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { faultsOf } from './compiled.js';

/** A calendar whose only rule includes a set. */
const withSet = (set: string): string => `calendar: c\nrules:\n  - include: ${set}\n`;
const place = 'calendar.yaml:3';

/** What is written, and the line it is refused with: `line:column field: message (CODE)`. */
const refused: readonly (readonly [text: string, fault: string | RegExp])[] = [
  ['', /^calendar.yaml:1:1 the file is empty \(SYNTAX\)$/],
  ['[]', /found a list, accepted is an object \(VALUE_INVALID\)$/],
  ['calendar: c', /^calendar.yaml:1:1 rules: is missing, accepted is a list \(KEY_MISSING\)$/],
  ['calendar: c\nrules: []', /^calendar.yaml:2:8 rules: is empty, accepted are 1 to 200 entries \(VALUE_INVALID\)$/],
  ['rules: [{ include: { days: mon } }]', /calendar: is missing, accepted is text/],
  ['calendar: c\nname: d\nrules: [{ include: { days: mon } }]', /keep one \(KEY_DUPLICATE\)$/],
  ['calendar: c\nrules: [{}]', /^calendar.yaml:2:9 rules\[0\]: found none, accepted is one of .*\(RULE_INVALID\)$/],
  ['calendar: c\nrules: [{ include: { days: mon }, exclude: { days: tue } }]', /\(RULE_INVALID\)$/],
  ['calendar: c\nrules: [{ exclude: { days: mon } }]', /nothing is included yet.*\(RULE_INVALID\)$/],
  [
    'calendar: c\nzone: Europe/Atlantis\nrules: [{ include: { days: mon } }]',
    /^calendar.yaml:2:7 zone: .*\(ZONE_UNKNOWN\)$/,
  ],
  ['calendar: c\nzone: Europe/../../etc/passwd\nrules: [{ include: { days: mon } }]', /\(ZONE_UNKNOWN\)$/],
  ['calendar: c\n__proto__: { a: 1 }\nrules: [{ include: { days: mon } }]', /\(KEY_RESERVED\)$/],
  [withSet('{}'), `${place}:14 rules[0].include: is empty; all time is "hours: 00:00-24:00" (SET_INVALID)`],
  [withSet('{ day: mon }'), /did you mean "days"\? \(KEY_UNKNOWN\)$/],
  [withSet('{ days: [] }'), /is empty, accepted are 1 to 100 entries/],
  [withSet('{ days: mon, holidays: US }'), /"days" cannot stand beside "holidays".*\(SET_INVALID\)$/],
  [
    withSet('{ days: munday }'),
    `${place}:22 rules[0].include.days: "munday" is no day of the week; did you mean "sun"? (DAY_INVALID)`,
  ],
  [withSet('{ days: [mon, 6fri] }'), /^calendar.yaml:3:28 rules\[0\].include.days\[1\]: .*\(DAY_INVALID\)$/],
  [withSet('{ days: 1mon-fri }'), /a position goes with a single day \(DAY_INVALID\)$/],
  [withSet('{ days: 1 }'), /put it in quotes \(VALUE_INVALID\)$/],
  [
    withSet('{ hours: 16:15-08:30 }'),
    `${place}:23 rules[0].include.hours: "16:15-08:30" ends before it begins; write "16:15-08:30+1" if it ends on the next day (SPAN_INVERTED)`,
  ],
  [withSet('{ hours: 08:30-08:30 }'), /has no length.*\(SPAN_INVERTED\)$/],
  [withSet('{ hours: 08:30-25:00 }'), /\(SPAN_INVALID\)$/],
  [withSet('{ hours: 8:30-16:15 }'), /\(SPAN_INVALID\)$/],
  [withSet('{ hours: 08:30-16:60 }'), /\(SPAN_INVALID\)$/],
  [withSet('{ hours: 08:00-09:00+1 }'), /longer than a day.*\(SPAN_OVERLAP\)$/],
  [withSet('{ hours: [08:00-12:00, 11:30-16:00] }'), /"11:30-16:00" overlaps "08:00-12:00" \(SPAN_OVERLAP\)$/],
  [withSet('{ dates: 2026-02-30 }'), /there is no day 30, the month has 28 \(DATE_INVALID\)$/],
  [withSet('{ dates: 13-01 }'), /there is no month 13 \(DATE_INVALID\)$/],
  [withSet('{ dates: 3001-01-01 }'), /accepted are the years 1900 to 3000 \(DATE_INVALID\)$/],
  [withSet('{ dates: 2026-12-24..2026-12-20 }'), /ends before it begins \(DATE_INVERTED\)$/],
  [withSet('{ dates: 12-24..2027-01-02 }'), /\(DATE_INVALID\)$/],
  [withSet('{ dates: 01-01..01-02..01-03 }'), /\(DATE_INVALID\)$/],
  [withSet('{ range: { start: 2026-01-01 } }'), /either "end" or "for".*\(RANGE_INVALID\)$/],
  [withSet('{ range: { start: 2026-01-02, end: 2026-01-01 } }'), /include.range.end: .*\(DATE_INVERTED\)$/],
  [withSet('{ range: { start: 2026-01-01, for: 2 days, every: 1 day } }'), /\(SPAN_OVERLAP\)$/],
  [withSet('{ range: { start: 2026-01-01, for: 1 minute, every: 1 minute } }'), /an hour at least \(RANGE_INVALID\)$/],
  [withSet('{ range: { start: 2026-01-01, for: 0 days } }'), /up to 100 years \(RANGE_INVALID\)$/],
  [withSet('{ range: { start: 2026-01-01, for: 99999999 years } }'), /\(RANGE_INVALID\)$/],
  [withSet('{ range: { start: 2026-01-01, for: 5 constructor } }'), /\(RANGE_INVALID\)$/],
  [
    withSet('{ range: { start: 2026-01-01, for: 1 day, count: 3 } }'),
    /"count" goes with "every" only \(RANGE_INVALID\)$/,
  ],
  [withSet('{ range: { start: 2026-01-01T25:00, for: 1 day } }'), /range.start: .*\(DATE_INVALID\)$/],
  [withSet('lunch'), /rules\[0\].include: no set is named "lunch"; named are none \(SET_UNKNOWN\)$/],
  [withSet('{ union: [__proto__] }'), /\(SET_UNKNOWN\)$/],
  [
    `calendar: c\nsets: { a: { union: [a] } }\n${withSet('a').slice(12)}`,
    /sets.a.union\[0\]: the set "a" is made of itself: "a" > "a" \(SET_LOOP\)$/,
  ],
  [
    `calendar: c\nsets: { a: { complement: b }, b: { set: c }, c: { intersection: [a] } }\n${withSet('a').slice(12)}`,
    /"a" > "b" > "c" > "a" \(SET_LOOP\)$/,
  ],
  [
    `calendar: c\nsets: [{ name: a, days: mon }, { name: a, days: tue }]\n${withSet('a').slice(12)}`,
    /\(SET_DUPLICATE\)$/,
  ],
  [
    withSet('{ holidays: XX }'),
    `${place}:26 rules[0].include.holidays: no country "XX" is known; accepted are codes of ISO 3166-1 such as "US" (COUNTRY_UNKNOWN)`,
  ],
  [withSet('{ holidays: Germany }'), /did you mean "DE"\? \(COUNTRY_UNKNOWN\)$/],
  [withSet('{ holidays: __proto__ }'), /\(COUNTRY_UNKNOWN\)$/],
  [withSet('{ holidays: { country: US, state: ZZ } }'), /holidays.state: no state "ZZ" is known; .*\(STATE_UNKNOWN\)$/],
  [withSet('{ holidays: { country: JP, state: X } }'), /none is known here \(STATE_UNKNOWN\)$/],
  [withSet('{ holidays: { country: DE, state: BY, region: Q } }'), /accepted are A, KATH, EVANG \(REGION_UNKNOWN\)$/],
  [withSet('{ holidays: { country: DE, region: Q } }'), /\(REGION_UNKNOWN\)$/],
  [withSet('{ holidays: { country: US, kinds: school } }'), /has no holidays of the kind school \(HOLIDAYS_NONE\)$/],
  [withSet('{ holidays: { country: US, kinds: [bnk] } }'), /holidays.kinds\[0\]: .*\(VALUE_INVALID\)$/],
  [withSet('&a { union: [*a] }'), /\(TOO_DEEP\)$/],
];

describe('a bad calendar is refused with its place', () => {
  test.each(refused)('%s', async (text, fault) => {
    const faults = await faultsOf(text);
    expect(faults).toHaveLength(1);
    if (typeof fault === 'string') expect(faults[0]).toBe(fault);
    else expect(faults[0]).toMatch(fault);
  });

  test('all its faults at once, in the order of the file', async () => {
    const faults = await faultsOf(`calendar: c
zone: Nowhere
sets:
  a: { days: mon, hours: 17:00-09:00 }
rules:
  - include: b
  - exclude: { dates: 02-30 }
`);
    expect(faults.map(fault => fault.replace(/^calendar.yaml:(\d+).*\((\w+)\)$/, '$1 $2'))).toEqual([
      '2 ZONE_UNKNOWN',
      '4 SPAN_INVERTED',
      '6 SET_UNKNOWN',
      '7 DATE_INVALID',
    ]);
  });
});

/** Milliseconds a refusal took. */
function timed(run: () => void): number {
  const from = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}

describe('a hostile calendar costs little', () => {
  test('10,000 levels deep', () => {
    for (const text of ['['.repeat(10_000), `rules: ${'{ include: '.repeat(10_000)}`]) {
      const took = timed(() => {
        const parsed = parseCalendar(text, { file: 'c' });
        expect(parsed.ok ? [] : parsed.faults.map(({ code }) => code)).toEqual(['TOO_DEEP']);
      });
      expect(took).toBeLessThan(500);
    }
    let deep: unknown = {};
    for (let level = 0; level < 10_000; level += 1) deep = { include: deep };
    expect(verifyCalendar({ name: 'c', rules: [deep] }).map(({ code }) => code)).toEqual(['TOO_DEEP']);
  });

  test('a million holidays', () => {
    const dates = Array.from({ length: 1_000_000 }, () => '2026-12-24');
    const text = `calendar: c\nrules: [{ include: { dates: [${dates.join(', ')}] } }]`;
    const took = timed(() => {
      const parsed = parseCalendar(text, { file: 'c' });
      expect(parsed.ok ? [] : parsed.faults.map(({ code }) => code)).toEqual(['TOO_LARGE']);
      const faults = verifyCalendar({ name: 'c', rules: [{ include: { dates } }] });
      expect(faults.map(({ code }) => code)).toEqual(['TOO_LARGE']);
      const fewer = verifyCalendar({ name: 'c', rules: [{ include: { dates: dates.slice(0, 50_000) } }] });
      expect(fewer.map(({ code }) => code)).toEqual(['VALUE_INVALID']);
    });
    expect(took).toBeLessThan(2_000);
  });

  test('a value that is no definition, from a program', () => {
    const cyclic: { [key: string]: unknown } = { name: 'c' };
    cyclic.rules = [cyclic];
    for (const value of [null, undefined, 1, 'x', [], cyclic, new Date(0), { name: 'c', rules: [null] }]) {
      const outcome = compileCalendar(value as never, zoneNamed('UTC'));
      expect(outcome.ok).toBe(false);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('sets that double with every name are evaluated once each', () => {
    const sets = Array.from({ length: 99 }, (_, index) => ({
      name: `s${index}`,
      union: [`s${index + 1}`, `s${index + 1}`],
    }));
    const definition = {
      name: 'c',
      sets: [...sets, { name: 's99', days: ['mon'] }],
      rules: [{ include: { set: 's0' } }],
    };
    const outcome = compileCalendar(definition, zoneNamed('UTC'));
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
    expect(timed(() => expect(outcome.value.isBusinessDay(4)).toBe(true))).toBeLessThan(200);
  });

  test('more spans a day than the limit', () => {
    const hours = Array.from({ length: 24 }, (_, hour) => {
      const text = String(hour).padStart(2, '0');
      return [`${text}:00-${text}:10`, `${text}:20-${text}:30`];
    }).flat();
    const definition = { name: 'c', rules: Array.from({ length: 5 }, () => ({ include: { hours } })) };
    expect(verifyCalendar(definition).map(({ code, path }) => [code, path])).toEqual([
      ['SPAN_LIMIT', 'rules[4].include'],
    ]);
  });

  test('the costliest calendar that passes keeps at most 8 MB of changes, and a year takes less than half a second', () => {
    const hours = Array.from({ length: 48 }, (_, index) => {
      const clock = (minute: number): string =>
        `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
      return (shift: number): string => `${clock(index * 30 + shift)}-${clock(index * 30 + shift + 3)}`;
    });
    const rules = [0, 5, 10, 15].map(shift => ({ include: { hours: hours.map(each => each(shift)) } }));
    const outcome = compileCalendar({ name: 'c', rules }, zoneNamed('America/New_York'));
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
    let slowest = 0;
    for (let year = 2_000; year < 2_030; year += 1)
      slowest = Math.max(
        slowest,
        timed(() => outcome.value.nextEdge(Date.UTC(year, 5))),
      );
    expect(slowest).toBeLessThan(500);
    // 140,000 changes a year: years are forgotten before they are eight, and found again.
    expect(outcome.value.nextEdge(Date.UTC(2_000, 0, 2))).toBe(Date.UTC(2_000, 0, 2, 0, 3));
  });
});
