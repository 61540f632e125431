// What can be wrong with a calendar beyond its shape: a registry of codes beside that of documents.

import type { FaultCode, FaultOf, FaultPart, Path } from '../../workflow/fault.js';

/** Stable codes of faults in calendars. */
export const calendarFaultCodes = {
  RULE_INVALID: 'a rule with none or several of include, exclude and only, or with nothing to take from',
  SET_INVALID: 'a set that is empty or of two kinds',
  SET_UNKNOWN: 'a set that is not among the named ones',
  SET_DUPLICATE: 'two sets of one name',
  SET_LOOP: 'a set that is made of itself',
  DAY_INVALID: 'not a day of the week or of the month',
  DATE_INVALID: 'not a date or a moment that the calendar has',
  DATE_INVERTED: 'a range that ends before it begins',
  SPAN_INVALID: 'not a span of a day',
  SPAN_INVERTED: 'a span of a day that ends before it begins',
  SPAN_OVERLAP: 'spans or repeats that overlap',
  SPAN_LIMIT: 'more spans a day than the limit',
  RANGE_INVALID: 'a range without an end, or with two',
  ZONE_UNKNOWN: 'not a zone of the IANA database',
  COUNTRY_UNKNOWN: 'a country whose holidays are not known',
  STATE_UNKNOWN: 'not a part of the country',
  REGION_UNKNOWN: 'not a part of the state',
  HOLIDAYS_NONE: 'a source of holidays that has none',
  HOLIDAYS_NOT_LOADED: 'a source of holidays that was not loaded before the calendar was compiled',
  ICAL_INVALID: 'not an iCalendar file',
  ICAL_UNSUPPORTED: 'a part of iCalendar that is not read',
  ICAL_LIMIT: 'an iCalendar file beyond the limits',
  FILE_INVALID: 'not a file that can be read',
} as const;

export type CalendarFaultCode = FaultCode | keyof typeof calendarFaultCodes;
export type CalendarFault = FaultOf<CalendarFaultCode>;

/** Collects a fault; `part` says whether the key or the value at `path` is to blame (default: the value). */
export type CalendarReport = (code: CalendarFaultCode, path: Path, message: string, part?: FaultPart) => void;

/** A value, or everything that is wrong with what it was to be made of. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly CalendarFault[] };
