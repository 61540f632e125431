// A recurrence rule of iCalendar (RFC 5545), checked, as its library takes it.

export interface RecurrenceRule {
  readonly kind: 'rrule';
  readonly text: string;
  /** What stands behind `RRULE:`. */
  readonly rule: string;
  /** Where that begins in the text. */
  readonly ruleIndex: number;
  readonly start: WrittenTime | null;
  readonly included: readonly WrittenTime[];
  readonly excluded: readonly WrittenTime[];
}

/** A local time, in its zone where one is named; null is the zone the rule is used in. */
export interface WrittenTime {
  /** `2020-04-30T08:00:00`. */
  readonly local: string;
  readonly zoneName: string | null;
}
