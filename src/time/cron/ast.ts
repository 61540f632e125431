// What a cron-style expression says, checked and plain: values are within their columns, names have become numbers.

/** An expression: constraints, or several of them of which any may hold. `expression` is the text it was read from. */
export type CronAst =
  | { readonly kind: 'or'; readonly expression: string; readonly alternatives: readonly CronColumns[] }
  | CronColumns;

/** All of eleven columns hold; those left off are `any`. */
export interface CronColumns {
  readonly kind: 'columns';
  readonly expression: string;
  readonly columns: readonly Column[];
  /** A loop over several columns of the time of day; these are of kind `loop`. */
  readonly loop: Loop | null;
}

export type Column =
  | { readonly kind: 'any' }
  | { readonly kind: 'values'; readonly items: readonly Item[] }
  /** `+n`: a multiple of n units after the reference. */
  | { readonly kind: 'plus'; readonly count: number }
  /** `b` (business) or `h` (holiday) alone. */
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'loop' };

export type Mark = 'b' | 'h';

export type Item =
  /** From, to and every step-th between; where `from` is above `to` it goes on over the end of the column. */
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly step: number }
  /** `-n`: the n-th day from the end; of the month or of the year. */
  | { readonly kind: 'from-end'; readonly count: number }
  /** `2fri`, `-1fri`: positions from the end are negative. Weekdays are 1 (Sunday) to 7. */
  | { readonly kind: 'weekday'; readonly position: number; readonly weekday: number }
  /** `3b`, `-1b`, `2h`: n-th business day or holiday of the month. */
  | { readonly kind: 'marked'; readonly position: number; readonly mark: Mark };

/** `(start; end; increment; count)` over the columns from `first` to `last`, which is HOUR at most. */
export interface Loop {
  readonly first: number;
  readonly last: number;
  /** Values of the columns from `first` on. */
  readonly start: readonly number[];
  readonly end: readonly number[];
  /** So many units of each column, added up. */
  readonly increment: readonly number[];
  /** Points a run has at most, or null. */
  readonly count: number | null;
}
