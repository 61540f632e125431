// The model of a calendar: one JSON Schema behind the types, the validation of files and the documentation.
//
// A calendar is what people write (YAML, JSON or a value of a program). Its rules, in order, include and exclude *sets* of
// time; nothing is included before the first. `compile.ts` makes a business interval of it.

import Type, { type Static } from 'typebox';

/** Most entries of a list of dates, of sets and of rules; most spans in one list of hours. */
const limits = { datesMax: 20_000, setsMax: 100, rulesMax: 200, hoursMax: 48, icalTextMax: 262_144 } as const;

const Name = Type.String({ minLength: 1, maxLength: 200 });
const FilePath = Type.String({ minLength: 1, maxLength: 4_096 });
const strict = { additionalProperties: false } as const;

/** Holidays of a country as `date-holidays` knows them. */
export const HolidaySource = Type.Object(
  {
    /** ISO 3166-1 code, such as `US`. */
    country: Type.String({ minLength: 2, maxLength: 10 }),
    /** A part of the country, such as `CA`. Default: what holds everywhere in the country. */
    state: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    /** A part of the state. */
    region: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    /** Default: `public`. */
    kinds: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Literal('public'),
          Type.Literal('bank'),
          Type.Literal('optional'),
          Type.Literal('school'),
          Type.Literal('observance'),
        ]),
        { minItems: 1, maxItems: 5 },
      ),
    ),
    /** Days off in place of holidays that fall on a weekend, beside these. Default true. */
    substitutes: Type.Optional(Type.Boolean()),
  },
  strict,
);

/** From one moment to another on the zone's clocks, once or again and again. */
export const Range = Type.Object(
  {
    /** `2026-01-05T22:00`, or a day for its midnight. The range includes it. */
    start: Type.String({ minLength: 1, maxLength: 30 }),
    /** Like `start`; the range ends before it. Either this or `for`. */
    end: Type.Optional(Type.String({ minLength: 1, maxLength: 30 })),
    /** How long, such as `36 hours`; no longer than `every`. */
    for: Type.Optional(Type.String({ minLength: 1, maxLength: 30 })),
    /** Distance from start to start, such as `2 weeks`. Default: once. A month without the day has its last. */
    every: Type.Optional(Type.String({ minLength: 1, maxLength: 30 })),
    /** How often altogether. Default: without end. */
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    /** The last moment at which it may start. Default: none. */
    until: Type.Optional(Type.String({ minLength: 1, maxLength: 30 })),
  },
  strict,
);

const setProperties = {
  /** `mon`, `mon-fri`, `2tue` (second Tuesday of the month), `-1fri` (its last Friday). Default: every day. */
  days: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 20 }), { minItems: 1, maxItems: 100 })),
  /** `2026-12-24`, `12-24` (each year), `2026-12-24..2027-01-02`, `12-24..01-02`. Default: every day. */
  dates: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 30 }), { minItems: 1, maxItems: limits.datesMax }),
  ),
  /** `08:30-16:15`, `22:00-06:00+1` (until the next morning). Default: the whole day. */
  hours: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: limits.hoursMax }),
  ),
  range: Type.Optional(Range),
  holidays: Type.Optional(HolidaySource),
  /** An iCalendar file whose events are the set: a path relative to the calendar's file. */
  ical: Type.Optional(FilePath),
  /** The text of an iCalendar file itself, where no file can be named: what is stored with a workflow holds it. */
  icalText: Type.Optional(Type.String({ minLength: 1, maxLength: limits.icalTextMax })),
  /** What is in any of the named sets. */
  union: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: limits.setsMax })),
  /** What is in all of the named sets. */
  intersection: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: limits.setsMax })),
  /** What is not in the named set. */
  complement: Type.Optional(Name),
  /** The named set itself. */
  set: Type.Optional(Name),
};

/** One kind of set an object: `days`, `dates` and `hours` go together, every other key stands alone. */
export const TimeSet = Type.Object(setProperties, strict);

export const NamedSet = Type.Object({ name: Name, ...setProperties }, strict);

/** Exactly one of the three. */
export const Rule = Type.Object(
  {
    /** Adds a set. */
    include: Type.Optional(TimeSet),
    /** Takes a set away. */
    exclude: Type.Optional(TimeSet),
    /** Keeps what is in the set, too. */
    only: Type.Optional(TimeSet),
  },
  strict,
);

export const CalendarDefinition = Type.Object(
  {
    name: Name,
    description: Type.Optional(Type.String({ maxLength: 4_096 })),
    /** IANA name of the zone whose clocks count. Default: that of whoever compiles the calendar. */
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    sets: Type.Optional(Type.Array(NamedSet, { maxItems: limits.setsMax })),
    rules: Type.Array(Rule, { minItems: 1, maxItems: limits.rulesMax }),
  },
  strict,
);

export type HolidaySource = Static<typeof HolidaySource>;
export type Range = Static<typeof Range>;
export type TimeSet = Static<typeof TimeSet>;
export type NamedSet = Static<typeof NamedSet>;
export type Rule = Static<typeof Rule>;
export type CalendarDefinition = Static<typeof CalendarDefinition>;
