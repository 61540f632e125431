// Cron-style schedules: the worked cases, daylight saving, what the original advertises, and searches without an end.

import { describe, expect, test } from 'vitest';
import { cronSchedule, parseCron } from '../../../src/time/cron/index.js';
import type { Schedule } from '../../../src/time/schedule.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { absent, sharedCases, type TimeCase, timeCasesFile } from '../shared-cases.js';

function schedule(text: string, zone = 'UTC', reference?: string): Schedule {
  const referenceMs = reference === undefined ? {} : { referenceMs: Date.parse(reference) };
  return cronSchedule(parseCron(text), { zone: zoneNamed(zone), ...referenceMs });
}

/** The next firings as local times of the zone with its offset; or the message. */
function firings(text: string, zone: string, from: string, count: number, reference?: string): string[] {
  const made = schedule(text, zone, reference);
  const found: string[] = [];
  for (let atMs = Date.parse(from); found.length < count; ) {
    const firing = made.next(atMs);
    if (firing.kind !== 'fires') return [...found, firing.kind];
    atMs = firing.atMs;
    const localMs = zoneNamed(zone).localOf(atMs);
    found.push(new Date(localMs).toISOString().replace(/(:00)?\.000Z$/, ''));
  }
  return found;
}

function instants(text: string, zone: string, from: string, count: number): string[] {
  const made = schedule(text, zone);
  const found: string[] = [];
  for (let atMs = Date.parse(from); found.length < count; ) {
    const firing = made.next(atMs);
    if (firing.kind !== 'fires') throw new Error(firing.kind);
    atMs = firing.atMs;
    found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
}

describe('worked cases', () => {
  const cases = sharedCases<{ cases: TimeCase[] }>(timeCasesFile);

  test.skipIf(cases === undefined)(
    `give the moments they say, and previous goes back${absent(cases, timeCasesFile)}`,
    () => {
      const told = cases!.cases.filter(
        each => each.next !== undefined && each.doubtful !== true && /^[\d(]/.test(each.expr ?? ''),
      );
      expect(told.length).toBeGreaterThan(9);
      for (const { id, expr, from, next, zone } of told) {
        const instant = (text: string): number => Date.parse(/[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
        const made = schedule(expr!, zone ?? 'UTC');
        expect(made.next(instant(from!)), `case ${id}`).toEqual({ kind: 'fires', atMs: instant(next!) });
        const back = made.previous(instant(next!));
        expect(back.kind === 'fires' && back.atMs <= instant(from!), `case ${id}, back`).toBe(true);
      }
    },
  );
});

describe('daylight saving: none in the gap, once in the overlap, the second time', () => {
  test('New York', () => {
    expect(instants('0 0 1 2', 'America/New_York', '2020-03-07T07:01Z', 1)).toEqual(['2020-03-09T06:01']);
    expect(instants('0 0 30 1', 'America/New_York', '2020-10-31T06:00Z', 2)).toEqual([
      '2020-11-01T06:30',
      '2020-11-02T06:30',
    ]);
    // Asked in the first pass of the hour that comes twice, all of it is still to come.
    expect(instants('0 0 0,45 1', 'America/New_York', '2020-11-01T05:30Z', 2)).toEqual([
      '2020-11-01T06:00',
      '2020-11-01T06:45',
    ]);
    expect(instants('0 0 0', 'America/New_York', '2020-03-08T06:00Z', 1)).toEqual(['2020-03-08T07:00']);
  });

  test('a gap at midnight, and a day that is left out', () => {
    expect(firings('0 0 0 0', 'America/Sao_Paulo', '2018-11-03T12:00Z', 1)).toEqual(['2018-11-05T00:00']);
    expect(firings('0 0 0 12', 'Pacific/Apia', '2011-12-29T12:00Z', 2)).toEqual([
      '2011-12-29T12:00',
      '2011-12-31T12:00',
    ]);
  });
});

describe('what the original advertises', () => {
  test.each([
    ['0 0 30 10', ['2026-01-02T10:30', '2026-01-03T10:30']],
    ['0 0 0 18 * * mon-fri', ['2026-01-02T18:00', '2026-01-05T18:00']],
    ['0 0 0', ['2026-01-02T01:00', '2026-01-02T02:00']],
    ['0 0', ['2026-01-02T00:01', '2026-01-02T00:02']],
    ['0 0 30 9 -1fri', ['2026-01-30T09:30', '2026-02-27T09:30']],
    ['0 0 (30 8; 45 16; */7 *)', ['2026-01-02T08:30', '2026-01-02T08:37']],
    ['0 0 (0 22; 15 2; */15 *)', ['2026-01-02T00:15', '2026-01-02T00:30']],
    // Election day: the Tuesday that is not before the 2nd of November.
    ['0 0 0 0 2-8 nov tue', ['2026-11-03T00:00', '2027-11-02T00:00']],
    ['0 0 0 0 2mon', ['2026-01-12T00:00', '2026-02-09T00:00']],
    ['0 0 0 0 * * * -1', ['2026-12-31T00:00', '2027-12-31T00:00']],
    ['0 0 0 0 * * * 53thu', ['2026-12-31T00:00', '2032-12-30T00:00']],
    ['0 0 0 0 * * sat-sun', ['2026-01-03T00:00', '2026-01-04T00:00']],
  ])('%s', (text, expected) => {
    expect(firings(text, 'UTC', '2026-01-02T00:00Z', 2)).toEqual(expected);
  });

  test('a loop over midnight belongs to the day it begins on; a count ends it before its end', () => {
    const friday = firings('0 0 (0 22; 15 2; 45 1) * * fri', 'UTC', '2026-01-02T12:00Z', 4);
    expect(friday).toEqual(['2026-01-02T22:00', '2026-01-02T23:45', '2026-01-03T01:30', '2026-01-09T22:00']);
    const counted = firings('0 0 (30 8; 45 16; */7 *; 3)', 'UTC', '2026-01-02T08:31Z', 3);
    expect(counted).toEqual(['2026-01-02T08:37', '2026-01-02T08:44', '2026-01-03T08:30']);
    expect(firings('0 0 (30 8; 45 16; */7 *; infinity)', 'UTC', '2026-01-02T16:39Z', 1)).toEqual(['2026-01-02T16:40']);
    // Within an hour, and over its end.
    expect(firings('0 (30 58; 30 1; 0 1) 8', 'UTC', '2026-01-02T08:00Z', 5)).toEqual([
      '2026-01-02T08:58:30',
      '2026-01-02T08:59:30',
      '2026-01-02T09:00:30',
      '2026-01-02T09:01:30',
      '2026-01-03T08:58:30',
    ]);
    expect(firings('0 0 0 0 (1; 31; 10)', 'UTC', '2026-01-31T00:00Z', 3)).toEqual([
      '2026-02-01T00:00',
      '2026-02-11T00:00',
      '2026-02-21T00:00',
    ]);
  });
});

describe('+n', () => {
  test('counts from the reference, or from the moment it is asked about', () => {
    expect(firings('0 0 0 +15 * * MON-FRI', 'UTC', '2026-01-01T08:30Z', 4, '2026-01-01T08:30Z')).toEqual([
      '2026-01-01T23:00',
      '2026-01-02T14:00',
      '2026-01-05T02:00',
      '2026-01-05T17:00',
    ]);
    expect(firings('0 0 0 +15', 'UTC', '2026-01-01T08:30Z', 2)).toEqual(['2026-01-01T23:00', '2026-01-02T14:00']);
    expect(firings('0 0 0 0 * * WED * +10', 'UTC', '2026-01-01T08:30Z', 2, '2026-01-01T00:00Z')).toEqual([
      '2026-03-11T00:00',
      '2026-05-20T00:00',
    ]);
    expect(firings('0 0 0 0 1 +5', 'UTC', '2026-01-20T00:00Z', 2, '2026-01-20T00:00Z')).toEqual([
      '2026-06-01T00:00',
      '2026-11-01T00:00',
    ]);
    expect(firings('0 0 0 0 1 0 * * * * +500', 'UTC', '2026-01-20T00:00Z', 2, '2026-01-20T00:00Z')).toEqual([
      '2526-01-01T00:00',
      'unsatisfiable',
    ]);
  });

  test('nothing is before its first multiple; asked without a reference, previous counts back', () => {
    const made = schedule('0 0 0 +15', 'UTC', '2026-01-01T08:30Z');
    expect(made.previous(Date.parse('2026-01-02T00:00Z'))).toEqual({
      kind: 'fires',
      atMs: Date.parse('2026-01-01T23:00Z'),
    });
    expect(made.previous(Date.parse('2026-01-01T23:00Z')).kind).toBe('unsatisfiable');
    const loose = schedule('0 0 0 0 1 0 * * * * +30');
    expect(loose.previous(Date.parse('2026-01-01T23:00Z'))).toEqual({
      kind: 'fires',
      atMs: Date.parse('1996-01-01T00:00Z'),
    });
    expect(loose.previous(Date.parse('1990-01-01T23:00Z')).kind).toBe('unsatisfiable');
  });
});

describe('searches that find nothing end, with the message of the original', () => {
  const quick = (text: string, zone = 'UTC') => {
    const made = schedule(text, zone);
    const startMs = performance.now();
    const firing = made.next(Date.parse('2026-01-01T00:00Z'));
    const back = made.previous(Date.parse('2026-01-01T00:00Z'));
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(back.kind).toBe('unsatisfiable');
    if (firing.kind !== 'unsatisfiable') throw new Error(`${text}: ${firing.kind}`);
    return firing;
  };

  test('a date that does not exist, an hour that is left out, columns at odds', () => {
    expect(quick('0 0 0 0 30 feb')).toEqual({
      kind: 'unsatisfiable',
      searchedUntilMs: Date.parse('2076-01-01T00:00Z'),
      message:
        'The Cron-style Time Expression "0 0 0 0 30 feb" could not be satisfied after searching until 2076-01-01T00:00:00Z',
    });
    expect(quick('0 0 0 0 6mon').kind).toBe('unsatisfiable');
    expect(quick('0 0 0 0 1 * * 2').kind).toBe('unsatisfiable');
    expect(quick('(0 0 0 0 30 feb|0 0 0 0 31 jun)').message).toContain('"(0 0 0 0 30 feb|0 0 0 0 31 jun)"');
    // The second Sunday in March at 02:30 has been left out in New York since 2007, and was there before.
    const gap = schedule('0 0 30 2 8-14 mar sun', 'America/New_York');
    expect(gap.next(Date.parse('2026-01-01T00:00Z')).kind).toBe('unsatisfiable');
    expect(gap.previous(Date.parse('2026-01-01T00:00Z')).kind).toBe('fires');
  });

  test('increments that never meet the other columns', () => {
    for (const text of ['+60000 30', '+60000 30 * * * * mon', '0 0 +1440 11', '0 +3600 30', '0 +61 0 0 30 feb']) {
      expect(quick(text).searchedUntilMs).toBeGreaterThan(Date.parse('2026-01-01T00:00Z'));
    }
    // All that fit into an expression take no longer than one.
    expect(quick(`(${new Array(340).fill('+60000 30').join('|')})`).message.length).toBeGreaterThan(3_000);
  });

  test('a year that is over, and the end of years', () => {
    expect(schedule('0 0 0 0 1 0 * * * * 2020').next(Date.parse('2026-01-01T00:00Z')).kind).toBe('unsatisfiable');
    expect(firings('0 0 0 0 1 0 * * * * 2900', 'UTC', '2026-01-02T00:00Z', 1)).toEqual(['2900-01-01T00:00']);
    expect(firings('0 0 0 0 29 feb mon', 'UTC', '2072-03-01T00:00Z', 1)).toEqual(['2112-02-29T00:00']);
    const daily = schedule('0 0 0 0');
    expect(daily.next(Date.parse('3000-12-31T00:00Z')).kind).toBe('unsatisfiable');
    expect(daily.next(8.64e15).kind).toBe('unsatisfiable');
    expect(daily.previous(0).kind).toBe('unsatisfiable');
    expect(daily.previous(-8.64e15).kind).toBe('unsatisfiable');
    expect(daily.next(-8.64e15)).toEqual({ kind: 'fires', atMs: 0 });
    expect(daily.previous(8.64e15)).toEqual({ kind: 'fires', atMs: Date.parse('3000-12-31T00:00Z') });
    expect(daily.next(0.5)).toEqual({ kind: 'fires', atMs: 86_400_000 });
    expect(daily.previous(86_400_000.5)).toEqual({ kind: 'fires', atMs: 86_400_000 });
    expect(() => daily.next(Number.NaN)).toThrow(RangeError);
  });
});
