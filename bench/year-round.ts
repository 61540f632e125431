// A year of month-end closings on a clock that is handed in: 16:00 on the last business day of each month in New York, up to
// two hours late; a review of two business days after each; of each closing with its review a deadline of three days. The
// engine is opened, restarted in the middle of the year and closed, and all of that is measured.
//
// Time leaps to whatever comes next in the store, so that what is measured is the engine's work and not the length of a year.

import path from 'node:path';
import { createEngine } from '../src/engine/create-engine.js';
import type { Engine } from '../src/engine/engine.js';
import { TestClock } from '../src/observe/clock.js';
import { nullLoggers } from '../src/observe/loggers.js';
import type { WorkflowDefinition } from '../src/workflow/model.js';
import type { Outcome, Setting } from './contestant.js';
import { actionPath } from './records.js';

const workflow = '/bench/year/closing';
const halfHourMs = 1_800_000;
/** What passes at once where nothing but the engine's own rounds is waited for. */
const turnMs = 250;
/** The audit of the whole year is counted at its end. */
const auditExpirationMs = 2 * 366 * 86_400_000;

const definition: WorkflowDefinition = {
  name: workflow,
  module: actionPath,
  calendars: [
    {
      name: 'office',
      zone: 'America/New_York',
      rules: [{ include: { days: ['mon-fri'], hours: ['08:00-17:00'] } }, { exclude: { holidays: { country: 'US' } } }],
    },
  ],
  deadline: { after: '+3d', window: '-12H' },
  actions: [
    {
      name: 'month end',
      type: 'timer',
      expression: '0 0 0 16 -1b',
      zone: 'America/New_York',
      calendar: 'office',
      lateWindow: '+6H',
      count: 12,
    },
    { name: 'close', type: 'call', function: 'callClose', startOfRun: true },
    { name: 'review', type: 'delay', delay: '+2b', calendar: 'office', zone: 'America/New_York' },
    { name: 'filed', type: 'null', endOfRun: true },
    { name: 'over', type: 'call', function: 'callClosed' },
  ],
  flows: [
    { from: 'month end', to: 'close' },
    { from: 'close', to: 'review' },
    { from: 'review', to: 'filed' },
    { from: 'filed', to: 'month end' },
    { from: 'month end', to: 'over', kind: 'expiration' },
  ],
};

/** 16:00 in New York on the last business day of each month of 2031, written out. */
const closings = [
  ...['2031-01-31T21', '2031-02-28T21', '2031-03-31T20', '2031-04-30T20', '2031-05-30T20', '2031-06-30T20'],
  ...['2031-07-31T20', '2031-08-29T20', '2031-09-30T20', '2031-10-31T20', '2031-11-28T21', '2031-12-31T21'],
].map(hour => `${hour}:00:00.000Z`);
/** Reviews with a weekend in them: January, February, May, July, August, October, November, December. */
const exceeded = 8;

export async function yearRound({ folder }: Setting): Promise<Outcome> {
  const clock = new TestClock(Date.UTC(2031, 0, 1));
  const dataFolder = path.join(folder, 'year');
  const startedAtMs = performance.now();
  const year = new Year(clock, () =>
    createEngine({ name: 'year', dataFolder, threads: 1, auditExpirationMs, loggers: nullLoggers, clock }),
  );
  await year.open();
  await year.engine.deploy(definition);
  const id = await year.engine.submit({ workflow, input: {} });
  let leaps = 0;
  for (let next = await year.next(); next !== null; next = await year.next()) {
    if (leaps === 20) await year.reopen();
    clock.setNowMs(next + (leaps % 5) * halfHourMs);
    clock.advanceMs(60_000);
    leaps += 1;
  }
  const { state, result } = await year.engine.result(id);
  const told = await year.count("select count(*) from millrace_audit_event where short_name = 'DeadlineExceeded'");
  await year.close();
  const seconds = (performance.now() - startedAtMs) / 1_000;
  if (state !== 'finished' || JSON.stringify(result) !== JSON.stringify(closings) || told !== exceeded) {
    throw new Error(`wrong work: ${state} with ${JSON.stringify(result)}, ${told} deadlines exceeded`);
  }
  return {
    completed: closings.length,
    seconds,
    perSecond: closings.length / seconds,
    p50Ms: year.leapMs.sort((a, b) => a - b)[year.leapMs.length >> 1]!,
    p99Ms: Math.max(...year.leapMs),
    checksum: 0,
    actions: null,
    storeBytes: null,
    ratio: null,
    remarks: {
      'a year': `${seconds.toFixed(2)} s, of it opened twice ${inSeconds(year.openedMs)}, closed twice ${inSeconds(year.closedMs)}`,
      'leaps of time': `${leaps}, the work for one: p50 and longest as above`,
    },
  };
}

class Year {
  readonly #clock: TestClock;
  readonly #create: () => Promise<Engine>;
  engine!: Engine;
  openedMs = 0;
  closedMs = 0;
  /** How long the engine was at work before all slept again. */
  readonly leapMs: number[] = [];

  constructor(clock: TestClock, create: () => Promise<Engine>) {
    this.#clock = clock;
    this.#create = create;
  }

  async open(): Promise<void> {
    const startedAtMs = performance.now();
    this.engine = await this.#create();
    await this.engine.start();
    this.openedMs += performance.now() - startedAtMs;
  }

  async close(): Promise<void> {
    const startedAtMs = performance.now();
    await this.#passing(this.engine.dispose());
    this.closedMs += performance.now() - startedAtMs;
  }

  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  /** Once everything sleeps: when the next of it is due; `null`: nothing is there any more. */
  async next(): Promise<number | null> {
    const startedAtMs = performance.now();
    for (;;) {
      const [row] = await this.engine.query(
        `select (select count(*) from millrace_segment),
          (select min(eligible_at) from millrace_segment where waits_for is not null),
          (select min(moment) from millrace_deadline)`,
        [],
      );
      const [living, wakesMs, tellsMs] = row!.map(value => (value === null ? null : Number(value)));
      if (living === 0) return null;
      const isAsleep = wakesMs != null && wakesMs > this.#clock.nowMs();
      const hasTold = tellsMs == null || tellsMs > this.#clock.nowMs();
      if (isAsleep && hasTold) {
        this.leapMs.push(performance.now() - startedAtMs);
        return Math.min(wakesMs, tellsMs ?? wakesMs);
      }
      this.#clock.advanceMs(turnMs);
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  count(query: string): Promise<number> {
    return this.engine.query(query, []).then(rows => Number(rows[0]![0]));
  }

  async #passing(work: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      this.#clock.advanceMs(turnMs);
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    await over;
  }
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
