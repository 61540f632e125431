// Timers on an engine whose time is handed in: what a year of closings fires, over restarts too.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { CalendarDefinition } from '../../src/time/calendar/model.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { here } from './setup.js';

const hourMs = 3_600_000;

const office: CalendarDefinition = {
  name: 'office',
  zone: 'America/New_York',
  rules: [{ include: { days: ['mon-fri'], hours: ['08:00-17:00'] } }, { exclude: { holidays: { country: 'US' } } }],
};

function closings(name: string, count: number): WorkflowDefinition {
  return {
    name,
    module: './timer-actions.mjs',
    actions: [
      {
        name: 'month end',
        type: 'timer',
        expression: '0 0 0 16 -1b',
        zone: 'America/New_York',
        calendar: 'office',
        lateWindow: '+6H',
        count,
      },
      { name: 'close', type: 'call', function: 'close' },
      { name: 'over', type: 'call', function: 'over' },
    ],
    flows: [
      { from: 'month end', to: 'close' },
      { from: 'close', to: 'month end' },
      { from: 'month end', to: 'over', kind: 'expiration' },
    ],
    calendars: [office],
  };
}

/** 16:00 in New York on the last business day of each month of 2031, written out. */
const closing2031 = [
  '2031-01-31T21:00:00.000Z',
  '2031-02-28T21:00:00.000Z',
  '2031-03-31T20:00:00.000Z',
  '2031-04-30T20:00:00.000Z',
  '2031-05-30T20:00:00.000Z',
  '2031-06-30T20:00:00.000Z',
  '2031-07-31T20:00:00.000Z',
  '2031-08-29T20:00:00.000Z',
  '2031-09-30T20:00:00.000Z',
  '2031-10-31T20:00:00.000Z',
  '2031-11-28T21:00:00.000Z',
  '2031-12-31T21:00:00.000Z',
];

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-timers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Time passes in small steps until something is so. */
async function passing(clock: TestClock, isDone: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!(await isDone())) {
    if (performance.now() > endMs) throw new Error(`${isDone.toString()} did not come true`);
    clock.advanceMs(20);
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** How often something is in the audit. */
async function events(engine: Engine, name: string): Promise<number> {
  const [row] = await engine.query('select count(*) from millrace_audit_event where short_name = $1', [name]);
  return Number(row![0]);
}

async function close(engine: Engine, clock: TestClock): Promise<void> {
  let isClosed = false;
  const closed = engine.dispose().then(() => {
    isClosed = true;
  });
  await passing(clock, async () => isClosed);
  await closed;
}

test('a year of month-end closings: each on its last business day, once, restarts and lateness between them', async () => {
  const clock = new TestClock(Date.UTC(2031, 0, 1));
  const open = () => createEngine({ name: 'timers', dataFolder: folder, threads: 1, loggers: nullLoggers, clock });
  let engine = await open();
  await engine.start();
  onTestFinished(() => engine.dispose(0));
  const workflow = '/timers/closing';
  await engine.deploy(closings(workflow, 12), here);
  // Stored, and never submitted.
  await engine.deploy(closings('/stored/closing', 12), here);
  const id = await engine.submit({ workflow, input: {} });
  await passing(clock, async () => (await events(engine, 'DeferringExecutionFlow')) === 1);
  const begunMs = performance.now();
  for (const [month, scheduled] of closing2031.entries()) {
    if (month === 6) {
      await close(engine, clock);
      engine = await open();
      await engine.start();
    }
    // Within its window in March, hours late in summer.
    clock.setNowMs(Date.parse(scheduled) + (month % 3) * hourMs);
    clock.advanceMs(60_000);
    await passing(clock, async () => (await events(engine, 'ExitingTrigger')) === month + 1);
  }
  await passing(clock, async () => (await engine.show(id)).state === 'finished');
  expect(performance.now() - begunMs, 'milliseconds of a year').toBeLessThan(30_000);
  expect(await engine.count('/stored/')).toEqual([]);
  const { result } = await engine.result(id);
  expect(result).toEqual({ closed: closing2031, over: false });
  await close(engine, clock);
});
