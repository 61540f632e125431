// Ordinary crontab: the collected cases of robfig/cron and Quartz, an oracle that walks, croner on what we share, faults.
//
// Decisions, where the sources differ: as in robfig/cron, a time that clocks skip is not made up for, and one that they show
// twice comes twice (croner fires at 03:00 and once). With both days given, one is enough, also where one is `*/2`
// (robfig/cron since 3). Weekday 1 is Monday, in Quartz's six and seven columns too.

import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCrontab, explainCrontab, parseCrontab } from '../../src/time/crontab/index.js';
import { TimeExpressionError } from '../../src/time/errors.js';
import { zoneNamed } from '../../src/time/zone.js';
import { seed } from '../seed.js';
import { absent, sharedCases } from './shared-cases.js';

interface Corpus {
  readonly 'crontab (robfig/cron, MIT)': {
    readonly activation: readonly { at: string; spec: string; fires: boolean }[];
    readonly next: readonly { after: string; spec: string; expected: string | null }[];
    readonly invalid: readonly string[];
  };
  readonly 'quartz cron, L and W (Apache-2.0)': readonly { expr: string; local: string; fires: boolean }[];
}

const file = 'corpora/schedules.json';
const corpus = sharedCases<Corpus>(file);

function next(spec: string, afterMs: number, zone = 'UTC'): number | string {
  const firing = compileCrontab(parseCrontab(spec), { zone: zoneNamed(zone) }).next(afterMs);
  return firing.kind === 'fires' ? firing.atMs : firing.kind;
}

function previous(spec: string, beforeMs: number, zone = 'UTC'): number | string {
  const firing = compileCrontab(parseCrontab(spec), { zone: zoneNamed(zone) }).previous(beforeMs);
  return firing.kind === 'fires' ? firing.atMs : firing.kind;
}

/** `Mon Jul 9 15:05 2012`, or an ISO time with an offset, each perhaps behind `TZ=…`: what is left is read as UTC. */
function moment(text: string): { atMs: number; zone: string | undefined } {
  const [, zone, time] = /^(?:TZ=(\S+) )?(.*)$/.exec(text)!;
  const written = time!.replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  return { atMs: Date.parse(/^\d{4}/.test(written) ? written : `${written} UTC`), zone };
}

describe('collected cases', () => {
  test.skipIf(corpus === undefined)(`robfig/cron agrees in full${absent(corpus, file)}`, () => {
    const { activation, next: after, invalid } = corpus!['crontab (robfig/cron, MIT)'];
    const results = activation.map(each => {
      const { atMs } = moment(each.at);
      return { ...each, fires: next(each.spec, atMs - 1) === atMs };
    });
    expect(results).toEqual(activation);
    const found = after.map(each => {
      const { atMs, zone } = moment(each.after);
      return { ...each, expected: next(each.spec, atMs, zone) };
    });
    expect(found).toEqual(
      after.map(each => ({ ...each, expected: each.expected === null ? 'unsatisfiable' : moment(each.expected).atMs })),
    );
    for (const spec of invalid) expect(() => parseCrontab(spec), spec).toThrow(TimeExpressionError);
  });

  test.skipIf(corpus === undefined)(`Quartz's L and W agree in full${absent(corpus, file)}`, () => {
    const cases = corpus!['quartz cron, L and W (Apache-2.0)'];
    const results = cases.map(each => {
      const atMs = Date.parse(`${each.local}Z`);
      return { ...each, fires: next(each.expr, atMs - 1) === atMs };
    });
    expect(results).toEqual(cases);
  });
});

describe('columns', () => {
  test.each([
    // six and seven columns
    ['*/5 * * * * *', '2020-01-01T00:00:01Z', '2020-01-01T00:00:05.000Z'],
    ['0 0 12 1 1 ? 2040', '2020-01-01T00:00:01Z', '2040-01-01T12:00:00.000Z'],
    // weekdays
    ['0 0 * * 7', '2020-07-17T00:00Z', '2020-07-19T00:00:00.000Z'],
    ['0 0 * * 5-7', '2020-07-18T00:00Z', '2020-07-19T00:00:00.000Z'],
    ['0 0 * * sat-sun', '2020-07-18T00:00Z', '2020-07-19T00:00:00.000Z'],
    ['0 0 * * sat-mon', '2020-07-18T00:00Z', 'refused'],
    ['0 0 * feb mon/2', '2012-07-09T23:35Z', '2013-02-01T00:00:00.000Z'],
    ['0 9 * * fri#2', '2020-07-01T00:00Z', '2020-07-10T09:00:00.000Z'],
    ['0 9 * * 5#L', '2020-07-01T00:00Z', '2020-07-31T09:00:00.000Z'],
    ['0 9 * * friL', '2020-07-01T00:00Z', '2020-07-31T09:00:00.000Z'],
    ['0 9 * * mon#5', '2020-07-01T00:00Z', '2020-08-31T09:00:00.000Z'],
    // days from the end, and the nearest weekday
    ['0 0 L * *', '2020-02-01T00:00Z', '2020-02-29T00:00:00.000Z'],
    ['0 0 LW * *', '2020-02-01T00:00Z', '2020-02-28T00:00:00.000Z'],
    ['0 0 1W * *', '2020-07-30T00:00Z', '2020-08-03T00:00:00.000Z'],
    ['0 0 31W * *', '2020-05-30T00:00Z', '2020-07-31T00:00:00.000Z'],
    ['0 0 L-30 * *', '2020-02-01T00:00Z', '2020-03-01T00:00:00.000Z'],
    // one of two columns of days is enough
    ['0 0 13 * fri', '2020-07-10T00:00Z', '2020-07-13T00:00:00.000Z'],
    // nicknames and zones
    ['@Yearly', '2020-07-10T00:00Z', '2021-01-01T00:00:00.000Z'],
    ['TZ=Europe/Zurich @daily', '2020-07-10T00:00Z', '2020-07-10T22:00:00.000Z'],
    ['  0   0  29 2 *  ', '2096-03-01T00:00Z', '2104-02-29T00:00:00.000Z'],
    ['0 0 30 feb ?', '2020-07-10T00:00Z', 'unsatisfiable'],
    ['0 0 0 1 1 ? 1999', '2020-07-10T00:00Z', 'unsatisfiable'],
  ])('%s after %s is %s', (spec, after, expected) => {
    let found: number | string;
    try {
      found = next(spec, Date.parse(after));
    } catch (error) {
      if (!(error instanceof TimeExpressionError)) throw error;
      found = 'refused';
    }
    expect(typeof found === 'number' ? new Date(found).toISOString() : found).toBe(expected);
  });

  test('what cannot be satisfied is known at once, and says so', () => {
    const begun = performance.now();
    expect(previous('0 0 30 feb ?', 0)).toBe('unsatisfiable');
    const firing = compileCrontab(parseCrontab('0 0 31 apr,jun *'), { zone: zoneNamed('America/New_York') }).next(0);
    expect(firing).toMatchObject({
      kind: 'unsatisfiable',
      message:
        'The crontab expression "0 0 31 apr,jun *" could not be satisfied after searching until 3000-12-31T19:00:00 America/New_York.',
    });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

describe(`against oracles (seed ${seed})`, () => {
  const zones = [
    'UTC',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Pacific/Apia',
    'America/Havana',
  ];
  const near = fc.constantFrom(
    Date.UTC(2020, 2, 8, 7),
    Date.UTC(2020, 10, 1, 5),
    Date.UTC(2018, 10, 4, 3),
    Date.UTC(2018, 1, 18, 2),
    Date.UTC(2021, 3, 3, 15),
    Date.UTC(2021, 9, 2, 15, 30),
    Date.UTC(2011, 11, 30, 10),
    Date.UTC(2000, 1, 29, 12),
  );
  const minuteMs = 60_000;
  const column = (min: number, max: number, everyMax: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 1, max: everyMax }).map(every => `*/${every}`),
    );

  test('next and previous are the nearest of all minutes that match, over changes of daylight saving', () => {
    fc.assert(
      fc.property(
        near,
        fc.integer({ min: -2 * 1440, max: 2 * 1440 }),
        fc.constantFrom(...zones),
        column(0, 59, 45),
        column(0, 4, 6),
        (nearMs, offset, zoneName, minute, hour) => {
          const spec = `${minute} ${hour} * * *`;
          const zone = zoneNamed(zoneName);
          const fits = (text: string, value: number): boolean =>
            text === '*' || (text.startsWith('*/') ? value % Number(text.slice(2)) === 0 : value === Number(text));
          const matches = (atMs: number): boolean => {
            const shown = new Date(zone.localOf(atMs));
            return fits(minute, shown.getUTCMinutes()) && fits(hour, shown.getUTCHours());
          };
          const fromMs = nearMs + offset * minuteMs;
          let afterMs = fromMs + minuteMs;
          while (!matches(afterMs)) afterMs += minuteMs;
          let beforeMs = fromMs - minuteMs;
          while (!matches(beforeMs)) beforeMs -= minuteMs;
          expect([spec, next(spec, fromMs, zoneName)]).toEqual([spec, afterMs]);
          expect([spec, previous(spec, fromMs, zoneName)]).toEqual([spec, beforeMs]);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('croner finds the same in UTC', () => {
    const days = fc.oneof(column(1, 28, 31), fc.constantFrom('L', '31', '15W', '1,13', '2-5', 'LW'));
    const weekdays = fc.oneof(column(0, 6, 6), fc.constantFrom('mon-fri', 'fri#2', '5#L', 'sun'));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: Date.UTC(2100, 0) / 1_000 }),
        fc.tuple(column(0, 59, 59), column(0, 59, 59), column(0, 23, 23), days, column(1, 12, 12), weekdays),
        (afterSeconds, columns) => {
          const spec = columns.join(' ');
          const expected = new Cron(spec, { timezone: 'UTC' }).nextRun(new Date(afterSeconds * 1_000));
          expect([spec, next(spec, afterSeconds * 1_000)]).toEqual([spec, expected?.getTime() ?? 'unsatisfiable']);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('previous inverts next', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
        fc.constantFrom(...zones),
        fc.tuple(column(0, 59, 59), column(0, 59, 59), column(0, 23, 23), column(1, 31, 31), column(1, 12, 12)),
        (afterMs, zoneName, columns) => {
          const spec = `${columns.join(' ')} *`;
          const atMs = next(spec, afterMs, zoneName);
          if (typeof atMs === 'string') return;
          expect(atMs).toBeGreaterThan(afterMs);
          const beforeMs = previous(spec, atMs, zoneName);
          if (typeof beforeMs === 'number') {
            expect(beforeMs).toBeLessThanOrEqual(afterMs);
            expect([spec, next(spec, beforeMs, zoneName)]).toEqual([spec, atMs]);
          }
          expect(previous(spec, atMs + 1, zoneName)).toBe(atMs);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

test('in words', () => {
  const words = (spec: string): string => explainCrontab(parseCrontab(spec));
  expect(words('30 8 * * mon-fri')).toBe('at 08:30:00 on Monday to Friday');
  expect(words('@monthly')).toBe('at 00:00:00 on day 1 of the month');
  expect(words('*/15 9-17 * * *')).toBe('at second 0 of minute 0, 15, 30 and 45 of hour 9 to 17 every day');
  expect(words('TZ=UTC 5 0 12 L,15W * friL,mon#2 2030')).toBe(
    'at 12:00:05 on the last day and the weekday nearest to day 15 of the month or on the last Friday of the month and the 2nd Monday of the month in 2030 (clocks of UTC)',
  );
});

describe('what is refused, and where', () => {
  test.each([
    ['xyz', '1 column (expected five (minutes first), six (seconds first) or seven (years last))', 4, null],
    ['* * * * * * * *', '8 columns', 15, null],
    ['60 0 * * *', '"60" (expected 0 to 59)', 1, 'minutes'],
    ['0 24 * * *', '"24" (expected 0 to 23)', 3, 'hours'],
    ['0 0 0 * *', '"0" (expected 1 to 31)', 5, 'day of month'],
    ['0 0 * 0 *', '"0" (expected 1 to 12, or jan to dec)', 7, 'month'],
    ['0 0 * * XYZ', '"XYZ" (expected 0 to 7, or sun to sat)', 9, 'day of week'],
    ['0 0 * * 8', '"8" (expected 0 to 7, or sun to sat)', 9, 'day of week'],
    ['0 0 * * fri#6', '"6" (expected 1 to 5, or L for the last)', 13, 'day of week'],
    ['0 0 * * L', '"L" (expected 0 to 7, or sun to sat)', 9, 'day of week'],
    ['0 0 32W * *', '"32" (expected 1 to 31)', 5, 'day of month'],
    ['0 0 WL * *', '"WL" (expected L, L-3, LW, L-3W or 15W, or 1 to 31)', 5, 'day of month'],
    ['0 0 L-31 * *', '31 (expected 0 to 30 days before the last)', 7, 'day of month'],
    ['0 5-2 * * *', '2, which is before 5 (expected a range that goes up; two ranges can stand in a list)', 5, 'hours'],
    ['*/0 * * * *', 'step "0" (expected a step from 1 to 60)', 3, 'minutes'],
    ['*/61 * * * *', 'step "61"', 3, 'minutes'],
    ['1/2/3 * * * *', 'a second "/" (expected one step)', 4, 'minutes'],
    ['1,,2 * * * *', 'nothing (expected 0 to 59)', 3, 'minutes'],
    ['0 0 0 1 1 ? 3001', '"3001" (expected 1970 to 3000)', 13, 'year'],
    ['TZ=America/New_York', 'no columns', 20, null],
    ['TZ= 0 0 * * *', 'no known time zone', 4, null],
    ['CRON_TZ=Europe/../../etc/passwd 0 0 * * *', 'no known time zone', 9, null],
    ['@reboot', '"@reboot" (expected @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly)', 1, null],
    ['@constructor', '"@constructor"', 1, null],
    ['@daily 5', 'more after a nickname (expected the end)', 8, null],
    ['', 'nothing (expected a time expression)', 1, null],
  ])('%s', (spec, message, position, column) => {
    let fault: unknown;
    try {
      parseCrontab(spec);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(TimeExpressionError);
    expect(fault).toMatchObject({ message: expect.stringContaining(message), position, column });
  });
});
