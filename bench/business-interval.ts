// Part of the `time` scenario: what a compiled calendar answers, over the years 1970 to 2100. No peer has this.

import type { BusinessInterval } from '../src/time/business-interval.js';
import { compileCalendar, loadHolidays, parseCalendar } from '../src/time/calendar/index.js';
import { zoneNamed } from '../src/time/zone.js';

export interface CalendarAnswerFigure {
  readonly name: string;
  /** Nanoseconds an answer; for the first question of a year, of that year. */
  readonly ns: number;
}

const office = `
calendar: office
zone: America/New_York
rules:
  - include: { days: mon-fri, hours: 08:30-16:15 }
  - exclude: { hours: 11:30-12:30 }
  - exclude: { holidays: US }
`;
const minuteMs = 60_000;
const firstYear = 1_970;
const years = 131;

/** @param timeMs how long each question is asked */
export async function runBusinessInterval(timeMs: number): Promise<CalendarAnswerFigure[]> {
  const calendar = await compiledOffice();
  const startedAt = performance.now();
  for (let year = firstYear; year < firstYear + years; year += 1) calendar.nthBusinessDay(year, 1, 1);
  const first = { name: 'first question of a year', ns: ((performance.now() - startedAt) * 1e6) / years };
  // Steps that have no common measure with days and years, so that halving finds no pattern.
  const span = Date.UTC(firstYear + years, 0) / minuteMs;
  const questions: { readonly [name: string]: (count: number) => unknown } = {
    'is it in': count => calendar.includes(((count * 7_919) % span) * minuteMs),
    'next edge': count => calendar.nextEdge(((count * 7_919) % span) * minuteMs),
    'previous edge': count => calendar.previousEdge(((count * 7_919) % span) * minuteMs),
    'is it a business day': count => calendar.isBusinessDay(count % 47_000),
    'n-th business day': count =>
      calendar.nthBusinessDay(firstYear + (count % years), (count % 12) + 1, (count % 20) + 1),
    'last business day': count => calendar.nthBusinessDay(firstYear + (count % years), (count % 12) + 1, -1),
  };
  return [first, ...Object.entries(questions).map(([name, ask]) => ({ name, ns: measure(ask, timeMs) }))];
}

async function compiledOffice(): Promise<BusinessInterval> {
  const parsed = parseCalendar(office, { file: 'office.yaml' });
  if (!parsed.ok) throw new Error(parsed.faults.map(({ message }) => message).join('\n'));
  const books = await loadHolidays(parsed.value);
  if (!books.ok) throw new Error(books.faults.map(({ message }) => message).join('\n'));
  const compiled = compileCalendar(parsed.value, zoneNamed('UTC'), books.value);
  if (!compiled.ok) throw new Error(compiled.faults.map(({ message }) => message).join('\n'));
  return compiled.value;
}

function measure(ask: (count: number) => unknown, timeMs: number): number {
  let count = 0;
  const startedAt = performance.now();
  do for (let each = 0; each < 1_000; each += 1) ask(count++);
  while (performance.now() - startedAt < timeMs);
  return ((performance.now() - startedAt) * 1e6) / count;
}
