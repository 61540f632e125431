// Holidays of countries and their parts, out of `date-holidays` (its data: CC-BY-3.0, named in the README).
//
// What we decided where it leaves a choice:
//   - A holiday that falls on a weekend and its substitute day are both holidays (`substitutes: false` leaves out the latter).
//   - Kinds are `public` unless the calendar says otherwise.
//   - Holidays of a part of a day (Christmas Eve from 14:00) are that part, others whole days of the calendar's zone; those
//     that begin with the evening before (Jewish and Muslim ones) are the days on which offices close.
//   - Its tables end: Muslim holidays are known from 1970 to 2080, Jewish ones from 1970 to 2100. There are none outside.

import { nearest, quote } from '../../workflow/fault.js';
import { civilOf, dayMs, dayNumber } from '../civil.js';
import type { CalendarFaultCode } from './calendar-fault.js';
import type { HolidayBook } from './holiday-book.js';
import type { HolidaySource } from './model.js';
import { type Spans, spansOf } from './spans.js';

/** No holiday lasts longer. */
const daysMax = 10;
/** A year in which every kind of holiday that a country has is there. */
const sampleYear = 2_024;

type Library = typeof import('date-holidays');
type Country = InstanceType<Library['default']>;

type Loaded =
  | { readonly ok: true; readonly value: HolidayBook }
  | {
      readonly ok: false;
      readonly code: CalendarFaultCode;
      readonly below: readonly string[];
      readonly message: string;
    };

/** The holidays of a source, or which of its keys is to blame. */
export async function bookOfCountry(source: HolidaySource): Promise<Loaded> {
  const { default: Holidays } = await import('date-holidays');
  const { country, state, region, kinds = ['public'], substitutes = true } = source;
  const known = new Holidays();
  const unknown =
    check(country, known.getCountries('en'), 'COUNTRY_UNKNOWN', 'country') ??
    (state === undefined ? null : check(state, known.getStates(country, 'en'), 'STATE_UNKNOWN', 'state')) ??
    (region === undefined ? null : check(region, regionsOf(known, country, state), 'REGION_UNKNOWN', 'region'));
  if (unknown !== null) return unknown;
  // In UTC the library's instants are what clocks show there.
  const options = { types: kinds, timezone: 'UTC' };
  const holidays = new Holidays();
  holidays.init({ country, ...(state && { state }), ...(region && { region }) }, options);
  if (holidays.getHolidays(sampleYear).length === 0) {
    const message = `${[country, state, region].filter(Boolean).join(', ')} has no holidays of the kind ${kinds.join(', ')}`;
    return { ok: false, code: 'HOLIDAYS_NONE', below: ['kinds'], message };
  }
  return { ok: true, value: bookOf(holidays, substitutes) };
}

function regionsOf(known: Country, country: string, state: string | undefined): { [code: string]: string } | undefined {
  return state === undefined ? undefined : known.getRegions(country, state, 'en');
}

/** Null when `code` is one of `names`, which are by code. */
function check(
  code: string,
  names: { readonly [code: string]: string } | undefined,
  fault: CalendarFaultCode,
  key: string,
): Loaded | null {
  const codes = Object.keys(names ?? {});
  if (codes.includes(code)) return null;
  const near = codes.find(each => [each, names![each]!].some(name => name.toLowerCase() === code.toLowerCase()));
  const meant = near ?? (code.length > 3 ? nearest(code, codes) : null);
  const advice =
    meant !== null
      ? `did you mean ${quote(meant)}?`
      : codes.length === 0
        ? `none is known here`
        : `accepted are ${codes.length > 60 ? 'codes of ISO 3166-1 such as "US"' : codes.join(', ')}`;
  return { ok: false, code: fault, below: [key], message: `no ${key} ${quote(code)} is known; ${advice}` };
}

function bookOf(holidays: Country, hasSubstitutes: boolean): HolidayBook {
  const years = new Map<number, Spans>();
  const spansOfYear = (year: number): Spans => {
    let spans = years.get(year);
    if (spans === undefined) {
      const found = holidays.getHolidays(year).filter(({ substitute }) => hasSubstitutes || substitute !== true);
      spans = spansOf(found.map(({ date, start, end }) => spanOf(date, end.getTime() - start.getTime())));
      years.set(year, spans);
    }
    return spans;
  };
  return (firstDay, endDay) => {
    const from = civilOf(firstDay - daysMax).year;
    const to = civilOf(endDay).year;
    const spans = Array.from({ length: to - from + 1 }, (_, index) => pairs(spansOfYear(from + index)));
    return spansOf(spans.flat());
  };
}

function pairs(spans: Spans): [start: number, end: number][] {
  return Array.from({ length: spans.length / 2 }, (_, index) => [spans[index * 2]!, spans[index * 2 + 1]!]);
}

/** `date` is `2026-12-24 14:00:00`, with ` -0600` behind it when the holiday begins with the evening before. */
function spanOf(date: string, lengthMs: number): [start: number, end: number] {
  const [year, month, day, hour, minute] = date.split(/[- :]/).map(Number) as [number, number, number, number, number];
  const midnight = dayNumber(year, month, day) * dayMs;
  // A part of a day at its end is the next evening's, or that of a preparation day (Turkey): whole days are what counts.
  if (date.length > 19) return [midnight, midnight + Math.max(1, Math.floor(lengthMs / dayMs)) * dayMs];
  const start = midnight + (hour * 60 + minute) * 60_000;
  return [start, start + lengthMs];
}
