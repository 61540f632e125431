// Triggers: actions that wait for something to happen. Part of the model. Times are time expressions (src/time/README.md), which
// take no `${…}`: they are verified with the definition.

import Type, { type Static } from 'typebox';
import { actionProperties, limits } from './action-properties.js';

const Expression = Type.String({ minLength: 1, maxLength: limits.textLengthMax });
const Relative = Type.String({ minLength: 2, maxLength: limits.nameLengthMax });
/** An instant, ISO 8601 with its offset: `2026-03-01T09:00:00+01:00`. */
const Instant = Type.String({ minLength: 1, maxLength: 40 });
const CalendarName = Type.String({ minLength: 1, maxLength: limits.nameLengthMax });
const count = Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 }));

export const triggerProperties = {
  ...actionProperties,
  /**
   * How long it waits, from when it was reached, before its timeout flow is taken: a relative time expression, `+2H`. Default:
   * `timeoutMs`, or for ever.
   */
  timeout: Type.Optional(Relative),
  /**
   * Name of the calendar, of those of the workflow, in whose time the timeout is counted: it stands still outside of business
   * time. The timeout is then of weeks and smaller units. Default: all time counts.
   */
  timeoutCalendar: Type.Optional(CalendarName),
};

/** Fires some time after it has been reached. RESULT is `{ result }`, false when it has expired. */
export const DelayTrigger = Type.Object(
  {
    ...triggerProperties,
    type: Type.Literal('delay'),
    /** How long, a relative time expression. Default `+3s`. */
    delay: Type.Optional(Relative),
    /** Name of the calendar, of those of the workflow, that `b` and `h` ask. */
    calendar: Type.Optional(CalendarName),
    /** Zone of its clocks, an IANA name. Default: the engine's. */
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: limits.nameLengthMax })),
    /** Firings at most; then it has expired. Default: no end. */
    count,
    /** It fires up to this relative time expression, applied to when it was first reached. Default: no end. */
    expiration: Type.Optional(Relative),
  },
  { additionalProperties: false },
);

/** Waits until it is expedited. RESULT is `{ result: true }`. */
export const ManualTrigger = Type.Object(
  { ...triggerProperties, type: Type.Literal('manual') },
  { additionalProperties: false },
);

/**
 * Fires on a schedule, whenever the flow returns to it: each time is reckoned from the scheduled time before it, not from when it
 * fired. RESULT is `{ result: true, scheduledAt, firedAt }`, of one that was expedited without `scheduledAt`, of one that has
 * expired `{ result: false, message }`. One of `expression`, `cron`, `rrule` and `at` says when.
 */
export const TimerTrigger = Type.Object(
  {
    ...triggerProperties,
    type: Type.Literal('timer'),
    /** A cron-style or relative time expression: `0 0 30 16 -1b`, `+1d^d+9H`. */
    expression: Type.Optional(Expression),
    /** An ordinary crontab line: `30 9 * * mon-fri`. */
    cron: Type.Optional(Expression),
    /** A recurrence rule: `FREQ=WEEKLY;BYDAY=MO`. */
    rrule: Type.Optional(Expression),
    /** One instant, ISO 8601 with its offset. */
    at: Type.Optional(Instant),
    /** Zone of its clocks, an IANA name. Default: the engine's. */
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: limits.nameLengthMax })),
    /** Name of the calendar, of those of the workflow, that `b` and `h` ask. */
    calendar: Type.Optional(CalendarName),
    /** Firings at most; then it has expired. Default: no end. */
    count,
    /** It fires up to this instant, ISO 8601 with its offset. Default: no end. */
    end: Type.Optional(Instant),
    /** It fires up to this relative time expression, applied to when it was first reached. */
    endAfter: Type.Optional(Relative),
    /** How long after its scheduled time it may still fire: `+6H`. Default: always, so that nothing that was missed is left out. */
    lateWindow: Type.Optional(Relative),
    /**
     * What becomes of scheduled times that have passed, and lie outside the late window: `none` are fired, `once` stands for all
     * of them, `all` fire one after another. Default `none`.
     */
    makeUp: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('once'), Type.Literal('all')])),
    /** Of `all`: times that are made up for one after another; more that were missed are left out. Default 1,000. */
    makeUpMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  { additionalProperties: false },
);

export type DelayTrigger = Static<typeof DelayTrigger>;
export type ManualTrigger = Static<typeof ManualTrigger>;
export type TimerTrigger = Static<typeof TimerTrigger>;
