// Local time and instants. An IANA zone as the moments at which its offset changes, looked up once and kept.

/** A zone of the IANA database. Offsets are milliseconds east of UTC. */
export interface Zone {
  /** Its canonical name, such as `America/New_York`. */
  readonly name: string;
  /** What its clocks show at `atMs`, as milliseconds since 1970-01-01T00:00 on these clocks. */
  localOf(atMs: number): number;
  /**
   * The instants at which its clocks show `localMs`: none in the gap of spring, two (the earlier first) in the overlap of
   * autumn, else one.
   */
  instantsOf(localMs: number): readonly number[];
  /** The next change of its offset after `atMs`, or undefined when it knows none. */
  nextChange(atMs: number): number | undefined;
}
