// The months of six stock exchanges, of which the corpus tells how many sessions they had and which days some of them were.
//
// It does not list the holidays, so they are found from the gaps: between two sessions that it names, as many weekdays
// fall out as there are too many. Which of them is open, and has no part in what is asked.

import { describe, expect, test } from 'vitest';
import { absent, sharedCases } from '../shared-cases.js';
import { compiled, dateOf, dayNumber } from './compiled.js';

const file = 'corpora/business-days.json';
const exchanges = sharedCases<{ readonly [exchange: string]: { readonly [month: string]: Month } }>(file);

interface Month {
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly secondToLast: string;
  readonly nth: { readonly [n: string]: string };
}

/** Weekdays of the exchanges, 0 for Sunday. Tel Aviv trades from Sunday to Thursday. */
const weeks: { readonly [exchange: string]: { readonly days: string; readonly weekdays: readonly number[] } } = {
  xtae: { days: 'sun-thu', weekdays: [0, 1, 2, 3, 4] },
};
const week = { days: 'mon-fri', weekdays: [1, 2, 3, 4, 5] };

/** Days that must fall out of a month for it to have its sessions. */
function holidaysOf(
  month: string,
  { count, first, last, secondToLast, nth }: Month,
  weekdays: readonly number[],
): number[] {
  const known = new Map<number, number>([
    [1, dayNumber(first)],
    [count, dayNumber(last)],
    [count - 1, dayNumber(secondToLast)],
    ...Object.entries(nth).map(([n, date]) => [Number(n), dayNumber(date)] as const),
  ]);
  const [year, ofYear] = month.split('-').map(Number) as [number, number];
  const start = dayNumber(`${month}-01`);
  const end = Date.UTC(year, ofYear, 1) / 86_400_000;
  const sessions = [...known].sort((left, right) => left[0] - right[0]);
  const marks = [[0, start - 1], ...sessions, [count + 1, end]] as [number, number][];
  return marks.slice(1).flatMap(([n, day], index) => {
    const [nBefore, dayBefore] = marks[index]!;
    const between: number[] = [];
    for (let each = dayBefore + 1; each < day; each += 1)
      if (weekdays.includes(new Date(each * 86_400_000).getUTCDay())) between.push(each);
    const missing = between.length - (n - nBefore - 1);
    expect(missing, `${month}: a session on a weekend`).toBeGreaterThanOrEqual(0);
    return between.slice(0, missing);
  });
}

describe.skipIf(exchanges === undefined)(`business days of stock exchanges${absent(exchanges, file)}`, () => {
  for (const [name, months] of Object.entries(exchanges ?? {})) {
    test(`${name}: ${Object.keys(months).length} months`, async () => {
      const { days, weekdays } = weeks[name] ?? week;
      const holidays = Object.entries(months).flatMap(([month, facts]) => holidaysOf(month, facts, weekdays));
      const dates = holidays.map(day => `      - ${dateOf(day)}`).join('\n');
      const calendar = await compiled(`
calendar: ${name}
rules:
  - include: { days: ${days} }
  - exclude:
      dates:
${dates}
`);
      for (const [month, { count, first, last, secondToLast, nth }] of Object.entries(months)) {
        const [year, ofYear] = month.split('-').map(Number) as [number, number];
        const day = (n: number): string | undefined => dateOf(calendar.nthBusinessDay(year, ofYear, n));
        expect([day(1), day(-1), day(-2)], month).toEqual([first, last, secondToLast]);
        expect([day(count), day(-count)], month).toEqual([last, first]);
        expect([day(count + 1), day(-count - 1)], month).toEqual([undefined, undefined]);
        for (const [n, date] of Object.entries(nth)) expect(day(Number(n)), `${month} ${n}`).toBe(date);
      }
    });
  }
});
