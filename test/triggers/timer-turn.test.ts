// What a timer decides: the facts about late schedules, and any schedule with any lateness against a model that lists instants.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Polled, TriggerTurn } from '../../src/dispatch/action.js';
import * as recurrences from '../../src/time/rrule/index.js';
import { timerTimes, walkMax } from '../../src/triggers/timer-times.js';
import { type TimerTerms, timerTurn } from '../../src/triggers/timer-turn.js';
import type { Json, TimerTrigger } from '../../src/workflow/model.js';
import { seed } from '../seed.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const firstMs = Date.UTC(2020, 3, 30, 2);

type Written = Pick<TimerTrigger, 'expression' | 'cron' | 'rrule' | 'at'>;

function termsOf(written: Written, more: Partial<TimerTerms> = {}): TimerTerms {
  return {
    times: timerTimes({ zone: 'UTC', ...written }, undefined, recurrences),
    endMs: () => Number.POSITIVE_INFINITY,
    count: Number.POSITIVE_INFINITY,
    windowMs: Number.POSITIVE_INFINITY,
    makeUp: 'none',
    makeUpMax: 1_000,
    ...more,
  };
}

/** A timer at which a flow stands, again and again. */
class Standing {
  kept: Json = null;
  constructor(readonly terms: TimerTerms) {}

  ask(nowMs: number, isExpedited = false): Polled {
    const turn: TriggerTurn = {
      nowMs,
      arrivedAtMs: this.kept === null ? firstMs : nowMs,
      isExpedited,
      kept: this.kept,
    };
    const polled = timerTurn(this.terms, turn);
    if (polled.kind === 'waits' || polled.kind === 'fired' || polled.kind === 'expired') {
      // As it is stored.
      this.kept = JSON.parse(JSON.stringify(polled.keeps ?? null));
    }
    return polled;
  }

  /** When it fires for which scheduled time, or what it does otherwise. */
  said(nowMs: number, isExpedited = false): string {
    const polled = this.ask(nowMs, isExpedited);
    switch (polled.kind) {
      case 'fired':
        return `fires ${(polled.result as { scheduledAt?: string }).scheduledAt ?? 'beside'}`;
      case 'waits':
        return `waits ${new Date(polled.untilMs).toISOString()}`;
      case 'expired':
        return `expired ${(polled.result as { message: string }).message}`;
      case 'timedOut':
        return 'timed out';
    }
  }
}

const at = (day: number, hours: number, minutes = 0): number => Date.UTC(2020, 3, day, hours, minutes);
const text = (day: number, hours: number, minutes = 0): string => new Date(at(day, hours, minutes)).toISOString();

describe('late schedules', () => {
  test.each([
    ['inside its window it fires late, and is next due by the schedule', 6 * hourMs, 10, 30, `fires ${text(30, 8)}`],
    [
      'outside of it it does not fire, and is next due as if nothing had been missed',
      5 * minuteMs,
      8,
      6,
      `waits ${text(30, 14)}`,
    ],
    ['the end of the window is part of it', 5 * minuteMs, 8, 5, `fires ${text(30, 8)}`],
    ['without a window it fires however late', Number.POSITIVE_INFINITY, 13, 59, `fires ${text(30, 8)}`],
  ])('%s', (_, windowMs, hours, minutes, expected) => {
    const timer = new Standing(termsOf({ expression: '+6H' }, { windowMs }));
    expect(timer.said(firstMs)).toBe(`waits ${text(30, 8)}`);
    expect(timer.said(at(30, hours, minutes))).toBe(expected);
    expect(timer.said(at(30, hours, minutes))).toBe(`waits ${text(30, 14)}`);
  });

  test('what was missed is made up for once, for all of it', () => {
    const timer = new Standing(termsOf({ cron: '0 * * * *' }, { windowMs: minuteMs, makeUp: 'once' }));
    timer.ask(firstMs);
    expect(timer.said(at(30, 9, 30))).toBe(`fires ${text(30, 9)}`);
    expect(timer.said(at(30, 9, 30))).toBe(`waits ${text(30, 10)}`);
  });

  test('what was missed is made up for one after another, up to a limit', () => {
    const timer = new Standing(termsOf({ cron: '0 * * * *' }, { windowMs: minuteMs, makeUp: 'all', makeUpMax: 2 }));
    timer.ask(firstMs);
    const late = at(30, 9, 30);
    expect([1, 2, 3].map(() => timer.said(late))).toEqual([
      `fires ${text(30, 3)}`,
      `fires ${text(30, 4)}`,
      `waits ${text(30, 10)}`,
    ]);
    // On time once: the limit begins anew.
    expect(timer.said(at(30, 10))).toBe(`fires ${text(30, 10)}`);
    expect(timer.said(at(30, 12, 30))).toBe(`fires ${text(30, 11)}`);
  });
});

describe('ends', () => {
  test('after its count the next entry finds it expired', () => {
    const timer = new Standing(termsOf({ expression: '+6H' }, { count: 1 }));
    expect(timer.said(at(30, 8))).toBe(`fires ${text(30, 8)}`);
    expect(timer.said(at(30, 8))).toBe('expired The timer has fired 1 time, and no more are allowed.');
  });

  test('past its end it has expired; at its end it fires', () => {
    const timer = new Standing(termsOf({ expression: '+6H' }, { endMs: () => at(30, 8) }));
    expect(timer.said(at(30, 9))).toBe(`fires ${text(30, 8)}`);
    expect(timer.said(at(30, 9))).toBe(
      `expired The timer fires up to ${text(30, 8)}, and would be next at ${text(30, 14)}.`,
    );
  });

  test('one date fires once, also when it had passed before', () => {
    const timer = new Standing(termsOf({ at: text(29, 8) }));
    expect(timer.said(firstMs)).toBe(`fires ${text(29, 8)}`);
    expect(timer.said(firstMs)).toBe(`expired There is no time after 2020-04-29T08:00:00Z, its only one.`);
  });

  test('without a date to come it has expired, and says so', () => {
    const never = new Standing(termsOf({ expression: '0 0 0 0 30 1' }));
    expect(never.said(firstMs)).toMatch(/^expired The Cron-style .* could not be satisfied after searching until /);
    expect(new Standing(termsOf({ rrule: 'FREQ=DAILY;UNTIL=20190101T000000Z' })).said(firstMs)).toMatch(
      /could not be satisfied/,
    );
  });

  test('a relative expression that does not advance is an error', () => {
    const standing = new Standing(termsOf({ expression: '^d' }));
    expect(() => standing.ask(firstMs)).toThrow(expect.objectContaining({ code: 'TIME_STANDING' }));
  });
});

test('expediting fires at once, and changes neither count nor schedule', () => {
  const timer = new Standing(termsOf({ expression: '+6H' }, { count: 1 }));
  timer.ask(firstMs);
  expect(timer.said(at(30, 3), true)).toBe('fires beside');
  expect(timer.said(at(30, 3))).toBe(`waits ${text(30, 8)}`);
  expect(timer.said(at(30, 8))).toBe(`fires ${text(30, 8)}`);
  expect(timer.said(at(30, 8), true)).toMatch(/^expired/);
});

test('columns that count from a beginning count from when it was first reached', () => {
  const timer = new Standing(termsOf({ expression: '0 0 0 +15 * * MON-FRI' }));
  const fired = [at(30, 17), at(40, 0)].map(nowMs => timer.said(nowMs));
  // 30 April 2020 was a Thursday: 17:00, and 08:00 on Friday.
  expect(fired).toEqual([`fires ${text(30, 17)}`, `fires ${new Date(Date.UTC(2020, 4, 1, 8)).toISOString()}`]);
});

test('a long way over what was missed is gone in several turns, and misses nothing', () => {
  const terms = termsOf({ expression: '^s+s' }, { windowMs: 1, makeUp: 'once' });
  const timer = new Standing(terms);
  timer.ask(firstMs);
  const nowMs = firstMs + 2.5 * walkMax * 1_000 + 500;
  const answers = [1, 2, 3].map(() => timer.ask(nowMs));
  expect(answers.map(({ kind }) => kind)).toEqual(['waits', 'waits', 'fired']);
  expect(answers[2]).toMatchObject({ result: { scheduledAt: new Date(nowMs - 500).toISOString() } });
});

test('a clock that is put back fires nothing again, one that is put on nothing early', () => {
  const timer = new Standing(termsOf({ cron: '0 * * * *' }));
  expect(timer.said(at(30, 3))).toBe(`fires ${text(30, 3)}`);
  expect(timer.said(at(30, 2, 30))).toBe(`waits ${text(30, 4)}`);
  expect(timer.said(at(30, 3))).toBe(`waits ${text(30, 4)}`);
  expect(timer.said(at(30, 4, 10))).toBe(`fires ${text(30, 4)}`);
});

/** What a timer does, by a list of all its instants. */
function modelled(instants: readonly number[], { windowMs, makeUp, makeUpMax }: TimerTerms) {
  let left = [...instants];
  let madeUp = 0;
  return (nowMs: number): { fires: number } | { waits: number } => {
    for (;;) {
      const next = left[0]!;
      if (next > nowMs) return { waits: next };
      const isMissed = (each: number): boolean => nowMs - each > windowMs;
      const missed = left.filter(isMissed);
      const isMadeUp = makeUp === 'once' || (makeUp === 'all' && madeUp < makeUpMax);
      if (missed.length === 0 || isMadeUp) {
        const fires = missed.length > 0 && makeUp === 'once' ? missed.at(-1)! : next;
        madeUp = missed.length > 0 && makeUp === 'all' ? madeUp + 1 : 0;
        left = left.filter(each => each > fires);
        return { fires };
      }
      left = left.filter(each => !isMissed(each));
    }
  };
}

test('any schedule, however late it is asked: what fires is what the model fires, each once and none early', () => {
  const expressions: Written[] = [
    { expression: '+7m' },
    { expression: '^H+H+10m' },
    { expression: '0 0 */20' },
    { expression: '0 0 +25' },
    { expression: '(0 0 10|0 30 45)' },
    { cron: '*/13 * * * *' },
    { cron: '0 9-17 * * *' },
    { rrule: 'FREQ=MINUTELY;INTERVAL=17' },
    { rrule: 'DTSTART:20200401T000000Z RRULE:FREQ=HOURLY;BYMINUTE=5,50' },
  ];
  const lateness = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 5 * minuteMs }),
    fc.integer({ min: 0, max: 9 * hourMs }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...expressions),
      fc.record({
        windowMs: fc.oneof(fc.integer({ min: 1, max: 3 * hourMs }), fc.constant(Number.POSITIVE_INFINITY)),
        makeUp: fc.constantFrom('none', 'once', 'all'),
        makeUpMax: fc.integer({ min: 1, max: 5 }),
      }),
      fc.array(lateness, { minLength: 1, maxLength: 12 }),
      (written, more, delays) => {
        const terms = termsOf(written, more);
        const times = terms.times(firstMs);
        const instants: number[] = [];
        for (let last = times.startMs; last < firstMs + 5 * 24 * hourMs; ) {
          const firing = times.next(last);
          if (firing.kind !== 'fires') throw new Error(firing.message);
          last = firing.atMs;
          instants.push(last);
        }
        const model = modelled(instants, terms);
        const timer = new Standing(terms);
        const fired: number[] = [];
        let nowMs = firstMs;
        for (const delayMs of delays) {
          const polled = timer.ask(nowMs);
          const expected = model(nowMs);
          if (polled.kind === 'fired') {
            const scheduledMs = Date.parse((polled.result as { scheduledAt: string }).scheduledAt);
            expect({ fires: scheduledMs }).toEqual(expected);
            expect(scheduledMs).toBeLessThanOrEqual(nowMs);
            fired.push(scheduledMs);
            nowMs += delayMs;
          } else if (polled.kind === 'waits') {
            expect({ waits: polled.untilMs }).toEqual(expected);
            nowMs = polled.untilMs + delayMs;
          } else throw new Error(polled.kind);
        }
        expect(new Set(fired).size).toBe(fired.length);
        expect(fired.every(each => instants.includes(each))).toBe(true);
      },
    ),
    { seed, numRuns: 150 },
  );
});
