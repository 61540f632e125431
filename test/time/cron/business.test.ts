// `b` and `h`: business days by number, business days, and business time; against walking the days and minutes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BusinessInterval } from '../../../src/time/business-interval.js';
import { cronSchedule, parseCron } from '../../../src/time/cron/index.js';
import { TimeExpressionError } from '../../../src/time/errors.js';
import type { Schedule } from '../../../src/time/schedule.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { dayAt, instantsOf, minuteMs, numbers } from './oracle.js';
import { workingHours } from './working-hours.js';

const dayMs = 86_400_000;
const christmas = (day: number): boolean => dayAt(day).month === 11 && [24, 25].includes(dayAt(day).dayOfMonth);

function schedule(text: string, zone: string, businessInterval: BusinessInterval): Schedule {
  return cronSchedule(parseCron(text), { zone: zoneNamed(zone), businessInterval });
}

function firings(text: string, from: string, count: number): string[] {
  const made = schedule(text, 'UTC', workingHours('UTC', christmas));
  const found: string[] = [];
  for (let atMs = Date.parse(from); found.length < count; ) {
    const firing = made.next(atMs);
    if (firing.kind !== 'fires') return [...found, firing.kind];
    atMs = firing.atMs;
    found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
}

describe('schedules with a business interval', () => {
  test('the last and the second-to-last business day, the 24th that never comes', () => {
    expect(firings('0 0 0 16 -1b', '2026-01-01T00:00Z', 3)).toEqual([
      '2026-01-30T16:00',
      '2026-02-27T16:00',
      '2026-03-31T16:00',
    ]);
    expect(firings('0 0 0 9 -2b * * * * * 2026', '2026-12-01T00:00Z', 2)).toEqual([
      '2026-12-30T09:00',
      'unsatisfiable',
    ]);
    expect(firings('0 0 0 0 17b,1h dec', '2026-12-01T00:00Z', 3)).toEqual([
      '2026-12-05T00:00',
      '2026-12-23T00:00',
      '2027-12-04T00:00',
    ]);
    const never = schedule('0 0 10 12 24b 5 * * * * *', 'America/New_York', workingHours('America/New_York'));
    expect(never.next(Date.parse('2026-01-01T00:00Z'))).toEqual({
      kind: 'unsatisfiable',
      searchedUntilMs: Date.parse('2053-01-01T05:00Z'),
      message:
        'The Cron-style Time Expression "0 0 10 12 24b 5 * * * * *" could not be satisfied after searching until 2053-01-01T00:00:00-05:00',
    });
  });

  test('inside working hours with lunch, and outside', () => {
    expect(firings('0 0 */30 b', '2026-12-23T10:45Z', 4)).toEqual([
      '2026-12-23T11:00',
      '2026-12-23T12:30',
      '2026-12-23T13:00',
      '2026-12-23T13:30',
    ]);
    expect(firings('0 0 */30 b', '2026-12-23T16:00Z', 1)).toEqual(['2026-12-28T08:30']);
    expect(firings('0 0 0 h', '2026-12-23T10:45Z', 4)).toEqual([
      '2026-12-23T12:00',
      '2026-12-23T17:00',
      '2026-12-23T18:00',
      '2026-12-23T19:00',
    ]);
    expect(firings('0 0 0 12 b dec', '2026-12-23T12:00Z', 2)).toEqual(['2026-12-28T12:00', '2026-12-29T12:00']);
    expect(firings('0 0 0 12 * dec h', '2026-12-23T12:00Z', 2)).toEqual(['2026-12-24T12:00', '2026-12-25T12:00']);
  });

  test('an interval in which nothing is ever done', () => {
    const none = workingHours('UTC', () => true);
    for (const text of ['0 0 0 12 b', '0 0 0 b', '0 0 0 12 1b']) {
      const firing = schedule(text, 'UTC', { ...none, nextEdge: () => undefined, previousEdge: () => undefined });
      expect(firing.next(0).kind, text).toBe('unsatisfiable');
      expect(firing.previous(4e12).kind, text).toBe('unsatisfiable');
    }
  });

  test.each([
    ['0 0 0 12 1,-1b', 12, 'day of month', '"-1b"'],
    ['0 0 0 12 * feb h', 16, 'day of week', '"h"'],
    ['(0 0 0 0|0 0 b)', 14, 'minutes', '"b"'],
  ])('%s needs one', (text, position, column, mark) => {
    try {
      cronSchedule(parseCron(text), { zone: zoneNamed('UTC') });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof TimeExpressionError)) throw error;
      expect([error.position, error.column]).toEqual([position, column]);
      expect(error.found).toBe(`${mark} without a business interval`);
    }
  });
});

describe('agrees with walking', () => {
  const zone = fc.constantFrom('UTC', 'America/New_York', 'Australia/Lord_Howe');
  const firstDay = fc.integer({ min: 1, max: Date.UTC(2099, 0) / dayMs });

  function expectWalked(made: Schedule, expected: readonly number[], fromMs: number, toMs: number): void {
    const within = expected.filter(atMs => atMs > fromMs && atMs < toMs);
    const found: number[] = [];
    for (
      let firing = made.next(fromMs);
      firing.kind === 'fires' && firing.atMs < toMs;
      firing = made.next(firing.atMs)
    ) {
      found.push(firing.atMs);
    }
    expect(found).toEqual(within);
    const back: number[] = [];
    for (let last = made.previous(toMs); last.kind === 'fires' && last.atMs > fromMs; last = made.previous(last.atMs)) {
      back.push(last.atMs);
    }
    expect(back.reverse()).toEqual(within);
  }

  test('business days and holidays by number', () => {
    const position = fc.integer({ min: 1, max: 24 });
    const marked = fc.tuple(position, fc.boolean(), fc.constantFrom('b', 'h'), numbers(0, 11));
    fc.assert(
      fc.property(marked, zone, firstDay, ([count, isFromEnd, mark, month], name, first) => {
        const interval = workingHours(name, day => day % 17 === 0);
        const local: number[] = [];
        for (let number = first; number < first + 400; number += 1) {
          const { month: ofYear, dayOfMonth, monthLength } = dayAt(number);
          if (!month.admits(ofYear) || interval.isBusinessDay(number) !== (mark === 'b')) continue;
          let place = 0;
          const last = isFromEnd ? number - dayOfMonth + monthLength : number - dayOfMonth + 1;
          for (let day = number; isFromEnd ? day <= last : day >= last; day += isFromEnd ? 1 : -1) {
            if (interval.isBusinessDay(day) === (mark === 'b')) place += 1;
          }
          if (place === count) local.push(number * dayMs + dayMs / 2);
        }
        const made = schedule(`0 0 0 12 ${isFromEnd ? '-' : ''}${count}${mark} ${month.text}`, name, interval);
        expectWalked(made, instantsOf(name, local), (first + 2) * dayMs, (first + 398) * dayMs);
      }),
      { numRuns: 60 },
    );
  });

  test('business time and days, minute by minute', () => {
    const columns = fc.tuple(numbers(0, 59), fc.constantFrom('b', 'h'), fc.constantFrom('b', 'h', '*'));
    fc.assert(
      fc.property(columns, zone, firstDay, ([minute, mark, dayMark], name, first) => {
        const interval = workingHours(name, day => day % 5 === 0);
        const local: number[] = [];
        for (let atMs = first * dayMs; atMs < (first + 9) * dayMs; atMs += minuteMs) {
          const minutes = (atMs / minuteMs) % 1440;
          if (!minute.admits(minutes % 60)) continue;
          const isBusinessDay = interval.isBusinessDay(Math.floor(atMs / dayMs));
          if (dayMark !== '*' && isBusinessDay !== (dayMark === 'b')) continue;
          const isOpen = (minutes >= 510 && minutes < 690) || (minutes >= 750 && minutes < 975);
          if ((isBusinessDay && isOpen) === (mark === 'b')) local.push(atMs);
        }
        const made = schedule(`0 0 ${minute.text} ${mark} * * * ${dayMark}`, name, interval);
        expectWalked(made, instantsOf(name, local), (first + 1) * dayMs, (first + 8) * dayMs);
      }),
      { numRuns: 20 },
    );
  });
});
