// The times at which business is done, as the expressions ask for them.

/**
 * A compiled business interval (a calendar). All moments are milliseconds since 1970 in UTC; days are days of its zone,
 * counted from 1970-01-01 as 0. Microseconds an answer over decades.
 */
export interface BusinessInterval {
  readonly name: string;
  /** Is business done at this instant? Spans include their start and not their end. */
  includes(atMs: number): boolean;
  /** The next instant after `atMs` at which `includes` changes; undefined when it never does again within its bounds. */
  nextEdge(atMs: number): number | undefined;
  /** The last instant at or before `atMs` at which `includes` changed; undefined when there is none. */
  previousEdge(atMs: number): number | undefined;
  /** Is business done at any time of this day? A day without any is a holiday (a weekend is one too). */
  isBusinessDay(day: number): boolean;
  /** The n-th business day of a month (n from the end when negative), or undefined. `month` is 1 to 12. */
  nthBusinessDay(year: number, month: number, n: number): number | undefined;
  /** The n-th day of a month without business (n from the end when negative), or undefined. `month` is 1 to 12. */
  nthHoliday(year: number, month: number, n: number): number | undefined;
}
