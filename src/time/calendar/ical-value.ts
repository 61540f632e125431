// Dates, times and durations of iCalendar.

import { quote } from '../../workflow/fault.js';
import { dayMs, dayNumber, daysInMonth } from '../civil.js';
import { type Zone, zoneNamed } from '../zone.js';
import { IcalRefusal } from './ical-refusal.js';

/** A date, or what a clock shows: everybody's (`floating`), that of UTC or that of a zone. */
export type IcalTime = { readonly clockMs: number } & (
  | { readonly kind: 'date' | 'floating' | 'utc' }
  | { readonly kind: 'zoned'; readonly zone: Zone }
);

/** Most dates in one RDATE or EXDATE. */
const timesMax = 10_000;

/** One or more times with commas between. @throws IcalRefusal */
export function readIcalTimes(value: string, parameters: ReadonlyMap<string, string>): readonly IcalTime[] {
  const kind = parameters.get('VALUE')?.toUpperCase() ?? '';
  if (!['', 'DATE', 'DATE-TIME'].includes(kind))
    throw new IcalRefusal('ICAL_UNSUPPORTED', `found VALUE=${quote(kind)}, accepted are DATE and DATE-TIME`);
  const texts = value.trim().split(',', timesMax + 1);
  if (texts.length > timesMax) throw new IcalRefusal('ICAL_LIMIT', `has more than ${timesMax} dates`);
  const zoneName = parameters.get('TZID');
  return texts.map(text => readIcalTime(text, zoneName));
}

/** `20261224`, `20261224T143000`, `20261224T143000Z`. @throws IcalRefusal */
export function readIcalTime(text: string, zoneName?: string): IcalTime {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text);
  const [year, month, day, hour, minute, second] = (parts ?? []).slice(1, 7).map(part => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isReal = parts !== null && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!isReal || hour > 23 || minute > 59 || second > 60)
    throw new IcalRefusal('ICAL_INVALID', `found ${quote(text)}, accepted is a date as 20261224 or 20261224T143000Z`);
  const clockMs = dayNumber(year, month, day) * dayMs + ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1_000;
  if (parts[4] === undefined) return { kind: 'date', clockMs };
  if (parts[7] === 'Z') return { kind: 'utc', clockMs };
  if (zoneName === undefined) return { kind: 'floating', clockMs };
  return { kind: 'zoned', clockMs, zone: zoneOf(zoneName) };
}

function zoneOf(name: string): Zone {
  try {
    return zoneNamed(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new IcalRefusal('ZONE_UNKNOWN', `TZID: ${error.message}`);
  }
}

/** `P1D`, `P1W`, `PT1H30M`; in milliseconds, at most 100 years. @throws IcalRefusal */
export function readIcalDuration(text: string): number {
  const parts = /^\+?P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$/.exec(
    text.trim(),
  );
  const [weeks, days, hours, minutes, seconds] = (parts ?? []).slice(1).map(part => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = parts === null ? 0 : (weeks * 7 + days) * dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  if (parts === null || ms > 36_525 * dayMs)
    throw new IcalRefusal('ICAL_INVALID', `found ${quote(text)}, accepted is a duration as P1D or PT1H30M`);
  return ms;
}
