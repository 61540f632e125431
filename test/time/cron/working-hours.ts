// A business interval made by walking: Monday to Friday except some days, 08:30 to 16:15 except 11:30 to 12:30, on the
// clocks of a zone. Slow and plain; it answers from 1969 to 2101, and shares no code with calendars.

import type { BusinessInterval } from '../../../src/time/business-interval.js';
import { zoneNamed } from '../../../src/time/zone.js';
import { dayAt, minuteMs } from './oracle.js';

const dayMs = 86_400_000;
const spans = [
  [8 * 60 + 30, 11 * 60 + 30],
  [12 * 60 + 30, 16 * 60 + 15],
] as const;

export function workingHours(zoneName: string, closed: (day: number) => boolean = () => false): BusinessInterval {
  const zone = zoneNamed(zoneName);
  const isBusinessDay = (day: number): boolean => {
    const { weekday } = dayAt(day);
    return weekday > 1 && weekday < 7 && !closed(day);
  };
  const edgesOf = (day: number): number[] => {
    if (!isBusinessDay(day)) return [];
    return spans.flat().map(minutes => zone.instantsOf(day * dayMs + minutes * minuteMs).at(-1)!);
  };
  const dayOf = (atMs: number): number => Math.floor(zone.localOf(atMs) / dayMs);
  const nth = (year: number, month: number, n: number, isWanted: (day: number) => boolean): number | undefined => {
    const days: number[] = [];
    const first = Date.UTC(year, month - 1) / dayMs;
    for (let day = first; dayAt(day).month === month - 1; day += 1) if (isWanted(day)) days.push(day);
    return days.at(n > 0 ? n - 1 : n);
  };
  const scan = (atMs: number, step: 1 | -1, isFound: (edge: number) => boolean): number | undefined => {
    for (let day = dayOf(atMs) - step, count = 0; count < 40_000; day += step, count += 1) {
      const edges = edgesOf(day);
      const found = step === 1 ? edges.find(isFound) : edges.findLast(isFound);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    name: 'working hours',
    includes: atMs => edgesOf(dayOf(atMs)).filter(edge => edge <= atMs).length % 2 === 1,
    nextEdge: atMs => scan(atMs, 1, edge => edge > atMs),
    previousEdge: atMs => scan(atMs, -1, edge => edge <= atMs),
    isBusinessDay,
    nthBusinessDay: (year, month, n) => nth(year, month, n, isBusinessDay),
    nthHoliday: (year, month, n) => nth(year, month, n, day => !isBusinessDay(day)),
  };
}
