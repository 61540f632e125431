// An ordinary crontab line as it was understood. `null` in a column is one that says nothing (`*` or `?`).

export interface Crontab {
  readonly kind: 'crontab';
  readonly text: string;
  /** Of `TZ=` or `CRON_TZ=` before the columns: it goes before any other zone. */
  readonly zoneName: string | null;
  /** Sorted, at least one of each. */
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: DaysOfMonth | null;
  /** 1 to 12. */
  readonly months: readonly number[] | null;
  readonly daysOfWeek: DaysOfWeek | null;
  readonly years: readonly number[] | null;
}

export interface DaysOfMonth {
  /** 1 to 31. */
  readonly days: readonly number[];
  /** Days before the last one: 0 for `L`, 3 for `L-3`. */
  readonly beforeLast: readonly number[];
  /** The weekdays (Monday to Friday) nearest to these days, within the month: `15W`. */
  readonly nearest: readonly number[];
  /** As `nearest`, counted from the last day: 0 for `LW`, 3 for `L-3W`. */
  readonly nearestBeforeLast: readonly number[];
}

export interface DaysOfWeek {
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
  /** The n-th of a weekday in its month, `-1` its last: `fri#2`, `friL`. */
  readonly nth: readonly { readonly weekday: number; readonly n: number }[];
}
