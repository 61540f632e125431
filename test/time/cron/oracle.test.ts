// Cron-style schedules against the oracle: next is strictly after, minimal and monotone; previous inverts it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCron } from '../../../src/time/cron/parse.js';
import { cronSchedule } from '../../../src/time/cron/schedule.js';
import type { Firing, Schedule } from '../../../src/time/schedule.js';
import { zoneNamed } from '../../../src/time/zone.js';
import {
  anything,
  type Column,
  changesWithinQuarters,
  dayAt,
  dayColumns,
  instantsOf,
  minuteMs,
  numbers,
} from './oracle.js';

const dayMs = 86_400_000;
const zones = ['UTC', 'America/New_York', 'Europe/Zurich', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Pacific/Apia'];
const zoneName = fc.constantFrom(...zones);

function scheduleOf(text: string, zone: string, referenceMs?: number): Schedule {
  return cronSchedule(parseCron(text), {
    zone: zoneNamed(zone),
    ...(referenceMs === undefined ? {} : { referenceMs }),
  });
}

function atOf(firing: Firing): number | null {
  return firing.kind === 'fires' ? firing.atMs : null;
}

/** Both directions, from one end of the window to the other and from the instants given. */
function expectFirings(
  schedule: Schedule,
  expected: readonly number[],
  window: { fromMs: number; toMs: number },
  asked: readonly number[],
): void {
  const { fromMs, toMs } = window;
  const within = expected.filter(atMs => atMs > fromMs && atMs < toMs);
  const found: number[] = [];
  for (let atMs = atOf(schedule.next(fromMs)); atMs !== null && atMs < toMs; atMs = atOf(schedule.next(atMs))) {
    if (found.push(atMs) > within.length + 5) break;
  }
  expect(found).toEqual(within);
  const back: number[] = [];
  for (let atMs = atOf(schedule.previous(toMs)); atMs !== null && atMs > fromMs; atMs = atOf(schedule.previous(atMs))) {
    if (back.push(atMs) > within.length + 5) break;
  }
  expect(back.reverse()).toEqual(within);
  for (const atMs of asked) {
    const after = within.find(each => each > atMs);
    if (after !== undefined) expect(atOf(schedule.next(atMs)), `next of ${atMs}`).toBe(after);
    const before = within.findLast(each => each < atMs);
    if (before !== undefined) expect(atOf(schedule.previous(atMs)), `previous of ${atMs}`).toBe(before);
  }
}

/** Windows of some days that hold a change of the zone, where it has any. */
const aroundChange = fc
  .tuple(zoneName, fc.integer({ min: 0, max: Date.UTC(2100, 0) }), fc.integer({ min: -1, max: 0 }))
  .map(([zone, atMs, shift]) => {
    const changeMs = zoneNamed(zone).nextChange(atMs) ?? atMs;
    const firstDay = Math.floor(zoneNamed(zone).localOf(changeMs) / dayMs) + shift - 1;
    return { zone, changeMs, firstDay, days: 3 };
  });

function windowOf(zone: string, firstDay: number, days: number): { fromMs: number; toMs: number } {
  // A day more at both ends than is looked at: local days are not those of UTC.
  return {
    fromMs:
      zoneNamed(zone)
        .instantsOf((firstDay + 1) * dayMs + 12 * 3_600_000)
        .at(-1) ?? (firstDay + 2) * dayMs,
    toMs:
      zoneNamed(zone)
        .instantsOf((firstDay + days - 2) * dayMs + 12 * 3_600_000)
        .at(-1) ?? (firstDay + days - 2) * dayMs,
  };
}

const timeColumn = (max: number): fc.Arbitrary<Column> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(anything) }, { weight: 2, arbitrary: numbers(0, max) });

test.each(zones)('the oracle may ask about %s a quarter of an hour at a time', zone => {
  expect(changesWithinQuarters(zone)).toEqual([]);
});

describe('cron-style schedules agree with the oracle', () => {
  test('days: all columns of days, in years from 1970 to 2100', () => {
    const firstDay = fc.oneof(
      fc.integer({ min: 0, max: Date.UTC(2098, 0) / dayMs }),
      fc.constantFrom(0, Date.UTC(2000, 0) / dayMs, Date.UTC(2027, 11) / dayMs, Date.UTC(2099, 11) / dayMs),
    );
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    fc.assert(
      fc.property(dayColumns, time, zoneName, firstDay, ({ text, admits }, [hour, minute], zone, first) => {
        const days = 800;
        const local: number[] = [];
        for (let number = first; number < first + days; number += 1) {
          if (admits(dayAt(number))) local.push(number * dayMs + (hour * 60 + minute) * minuteMs);
        }
        const schedule = scheduleOf(`0 0 ${minute} ${hour} ${text}`, zone);
        expectFirings(schedule, instantsOf(zone, local), windowOf(zone, first, days), []);
      }),
      { numRuns: 300 },
    );
  });

  test('times of day: hours, minutes, seconds and milliseconds around the changes of daylight saving', () => {
    const columns = fc.tuple(
      timeColumn(23),
      timeColumn(59),
      fc.oneof(fc.constant({ text: '0', admits: (second: number) => second === 0 }), numbers(0, 59)),
      fc.constantFrom([0], [0, 500], [999]),
    );
    const offsets = fc.array(fc.integer({ min: -3 * 3_600_000, max: 3 * 3_600_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(columns, aroundChange, offsets, ([hour, minute, second, ms], { zone, changeMs, firstDay }, near) => {
        const days = 6;
        const local: number[] = [];
        // Only a few hours around the change, by the second.
        const middle = zoneNamed(zone).localOf(changeMs);
        const [from, to] = [middle - 5 * 3_600_000, middle + 5 * 3_600_000];
        const first = Math.floor(from / minuteMs) * minuteMs;
        for (let minuteAt = first; minuteAt < to && local.length < 3000; minuteAt += minuteMs) {
          const time = ((minuteAt % dayMs) + dayMs) % dayMs;
          if (!hour.admits(Math.floor(time / 3_600_000)) || !minute.admits(Math.floor(time / minuteMs) % 60)) continue;
          for (let each = 0; each < 60; each += 1) {
            if (second.admits(each)) local.push(...ms.map(millisecond => minuteAt + each * 1000 + millisecond));
          }
        }
        fc.pre(local.length < 3000 && firstDay > 0 && days > 0);
        const schedule = scheduleOf(`${ms.join(',')} ${second.text} ${minute.text} ${hour.text}`, zone);
        const window = { fromMs: changeMs - 3 * 3_600_000, toMs: changeMs + 3 * 3_600_000 };
        expectFirings(schedule, instantsOf(zone, local), window, [
          changeMs - 1,
          changeMs,
          ...near.map(offset => changeMs + offset),
        ]);
      }),
      { numRuns: 150 },
    );
  });

  test('loops: counted from their start, over midnight, with a count, on the days of their start', () => {
    const loop = fc.record({
      start: fc.integer({ min: 0, max: 1439 }),
      end: fc.integer({ min: 0, max: 1439 }),
      step: fc.integer({ min: 1, max: 500 }),
      count: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 10 })),
      weekdays: numbers(1, 7),
    });
    fc.assert(
      fc.property(loop, aroundChange, ({ start, end, step, count, weekdays }, { zone, changeMs, firstDay }) => {
        const local = new Set<number>();
        for (let number = firstDay - 4; number < firstDay + 8; number += 1) {
          if (!weekdays.admits(dayAt(number).weekday)) continue;
          const last = end < start ? end + 1440 : end;
          for (let point = start, made = 0; point <= last && made !== count; point += step, made += 1) {
            local.add(number * dayMs + point * minuteMs);
          }
        }
        const point = (minutes: number): string => `${minutes % 60} ${Math.floor(minutes / 60)}`;
        const parts = [point(start), point(end), `*/${step} *`, ...(count === null ? [] : [`${count}`])];
        const schedule = scheduleOf(`0 0 (${parts.join('; ')}) * * ${weekdays.text}`, zone);
        fc.pre(firstDay > 4);
        expectFirings(schedule, instantsOf(zone, local), { fromMs: changeMs - 2 * dayMs, toMs: changeMs + 2 * dayMs }, [
          changeMs - 1,
          changeMs,
        ]);
      }),
      { numRuns: 150 },
    );
  });

  test('+n: multiples of hours, minutes and days after the reference, on the clocks of the zone', () => {
    const plus = fc.record({
      unit: fc.constantFrom('minutes', 'hours', 'days'),
      count: fc.integer({ min: 1, max: 100 }),
      referenceMinute: fc.integer({ min: 0, max: 2 * 1440 }),
      weekdays: numbers(1, 7),
    });
    fc.assert(
      fc.property(plus, aroundChange, ({ unit, count, referenceMinute, weekdays }, { zone, changeMs, firstDay }) => {
        fc.pre(firstDay > 4);
        const referenceMs = changeMs - 2 * dayMs + referenceMinute * minuteMs;
        const unitMs = { minutes: minuteMs, hours: 60 * minuteMs, days: dayMs }[unit];
        const first = Math.floor(zoneNamed(zone).localOf(referenceMs) / unitMs) * unitMs;
        const local: number[] = [];
        for (let timeMs = first + count * unitMs; timeMs < (firstDay + 8) * dayMs; timeMs += count * unitMs) {
          if (weekdays.admits(dayAt(Math.floor(timeMs / dayMs)).weekday)) local.push(timeMs);
        }
        const column = { minutes: '0 0 +N *', hours: '0 0 0 +N', days: '0 0 0 0 +N' }[unit].replace('N', `${count}`);
        const text = `${column}${unit === 'days' ? ' *' : ' * *'} ${weekdays.text}`;
        expectFirings(
          scheduleOf(text, zone, referenceMs),
          instantsOf(zone, local),
          { fromMs: changeMs - 3 * dayMs, toMs: changeMs + 3 * dayMs },
          [changeMs],
        );
      }),
      { numRuns: 150 },
    );
  });

  test('years and unions', () => {
    const years = fc.tuple(fc.integer({ min: 1970, max: 2100 }), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(years, zoneName, fc.integer({ min: 0, max: Date.UTC(2099, 0) }), ([year, step], zone, atMs) => {
        const schedule = scheduleOf(`(0 0 0 12 1 0 * * * * ${year}-3000/${step}|0 0 0 12 -1 1 * * * * ${year})`, zone);
        const local = [Date.UTC(year, 2, 0, 12)];
        for (let each = year; each < 2400; each += step) local.push(Date.UTC(each, 0, 1, 12));
        const expected = instantsOf(zone, local);
        expect(atOf(schedule.next(atMs))).toBe(expected.find(each => each > atMs) ?? null);
        expect(atOf(schedule.previous(atMs))).toBe(expected.findLast(each => each < atMs) ?? null);
      }),
      { numRuns: 150 },
    );
  });

  test('next is monotone, and previous of next is not before where it was asked', () => {
    const instant = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(dayColumns, timeColumn(23), zoneName, instant, instant, ({ text }, hour, zone, one, other) => {
        const schedule = scheduleOf(`0 0 0,30 ${hour.text} ${text}`, zone);
        const [early, late] = [Math.min(one, other), Math.max(one, other)].map(each => atOf(schedule.next(each)));
        if (early === null) expect(late).toBeNull();
        if (early == null || late == null) return;
        expect(early).toBeLessThanOrEqual(late);
        expect(early).toBeGreaterThan(Math.min(one, other));
        const before = atOf(schedule.previous(early));
        if (before !== null) expect(before).toBeLessThanOrEqual(Math.min(one, other));
        const again = before === null ? null : atOf(schedule.next(before));
        if (again !== null) expect(again).toBe(early);
      }),
      { numRuns: 500 },
    );
  });
});
