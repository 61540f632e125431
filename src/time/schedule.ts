// What every notation becomes: something that knows the next and the previous moment after or before another.

/**
 * A compiled time expression. All moments are milliseconds since 1970 in UTC; zone and business interval were handed in
 * when it was compiled. Pure: the same question has the same answer.
 */
export interface Schedule {
  /** The first firing strictly after `afterMs`. */
  next(afterMs: number): Firing;
  /** The last firing strictly before `beforeMs`. */
  previous(beforeMs: number): Firing;
}

/** A firing, or why there is none. */
export type Firing =
  | { readonly kind: 'fires'; readonly atMs: number }
  /** The search is bounded; `searchedUntilMs` is where it ended. `message` is what users and the audit read. */
  | { readonly kind: 'unsatisfiable'; readonly searchedUntilMs: number; readonly message: string }
  /** It answers with a moment that is not after (before) the one asked for: an error of the expression. */
  | { readonly kind: 'standing'; readonly atMs: number; readonly message: string }
  /** The notation only goes forward. */
  | { readonly kind: 'unsupported'; readonly message: string };
