// Reschedule: what waits at timers and delays fires at another time, or timers by another schedule.

import { expect, test } from 'vitest';
import { newTimesOf, scheduleFault } from '../../src/engine/operations/new-times.js';
import { type TimerKept, type TimerTerms, timerTurn } from '../../src/triggers/timer-turn.js';
import type { Action, Flow, Json, TimerTrigger } from '../../src/workflow/model.js';
import { here, onEveryHome, ownWorld } from './setup.js';

const chain = (...names: string[]): Flow[] => names.slice(1).map((to, at) => ({ from: names[at]!, to }));
const tell: Action = { name: 'tell', type: 'call', function: 'echo' };
const far = Date.parse('2999-01-01T00:00:00Z');

onEveryHome('reschedule', world => {
  test('what waits fires when it is told to, and its schedule goes on as if it had fired when it was due', async () => {
    const { engine, branch, until } = world();
    const workflow = `${branch}timer`;
    const timer: Action = { name: 'timer', type: 'timer', cron: '0 0 1 1 *', zone: 'UTC' };
    const flows = chain('timer', 'tell', 'timer');
    await engine.deploy({ name: workflow, module: './actions.mjs', actions: [timer, tell], flows }, here);
    const delayed = `${branch}delay`;
    const delay: Action = { name: 'wait', type: 'delay', delay: '+1y' };
    await engine.deploy(
      { name: delayed, module: './actions.mjs', actions: [delay, tell], flows: chain('wait', 'tell') },
      here,
    );
    const [moved, other] = await engine.submit([0, 1].map(n => ({ workflow, input: { n } })));
    const late = await engine.submit({ workflow: delayed, input: {} });
    const dueMs = Date.UTC(new Date().getUTCFullYear() + 1, 0, 1);
    const isDue = (id: string, atMs: number) => until(async () => (await engine.show(id)).eligibleAtMs === atMs);
    for (const id of [moved!, other!]) await isDue(id, dueMs);
    await until(async () => (await engine.reschedule(branch, { at: '+1H', dryRun: true })).contexts === 3);
    const at = '2999-01-01T00:00:00Z';
    expect(await engine.reschedule(moved!, { at })).toMatchObject({ contexts: 1 });
    await isDue(moved!, far);
    expect(await engine.reschedule(delayed, { at })).toMatchObject({ contexts: 1 });
    await isDue(late, far);
    // Both fire within the second, and the timer waits for the next time of its own schedule behind the one it was due at.
    expect(await engine.reschedule(branch, { at: '-1H' })).toMatchObject({ contexts: 3 });
    expect(await engine.result(late)).toMatchObject({ state: 'finished' });
    await isDue(other!, Date.UTC(new Date().getUTCFullYear() + 2, 0, 1));
    await engine.remove(branch);
  });
});

test("by another schedule, paused or one of several contexts; count and calendar stay the timer's", async () => {
  const { engine, branch, until } = await ownWorld('memory');
  const workflow = `${branch}several`;
  const timer = { type: 'timer', at: '2999-01-01T00:00:00Z', count: 1 } as const;
  const actions: Action[] = [
    { name: 'head', type: 'null' },
    { name: 'one', ...timer },
    { name: 'two', ...timer },
    { name: 'ask', type: 'manual' },
  ];
  const flows = ['one', 'two', 'ask'].map(to => ({ from: 'head', to }));
  await engine.deploy({ name: workflow, actions, flows }, here);
  const ids = await engine.submit([0, 1].map(n => ({ workflow, input: { n } })));
  const count = async () => (await engine.reschedule(branch, { cron: '0 0 * * *', dryRun: true })).contexts;
  await until(async () => (await count()) === 4);
  await engine.pause(ids[0]!);
  await expect(engine.reschedule(branch, { expression: '0 0 0 16 -1b' })).rejects.toThrow(
    /OPTION_INVALID: timer "(one|two)" cannot have that schedule: .*business interval/,
  );
  expect(await engine.reschedule(branch, { cron: '0 0 29 2 *', zone: 'UTC' })).toMatchObject({ contexts: 4 });
  const leapMs = (await engine.reads.forecast({ fromMs: Date.now(), toMs: far })).firings.map(({ atMs }) => atMs);
  expect(new Set(leapMs).size).toBe(1);
  expect(new Date(leapMs[0]!).toISOString()).toMatch(/-02-29T00:00:00/);
  expect(leapMs).toHaveLength(4);
  await until(
    async () => (await engine.show(ids[0]!)).contexts?.filter(({ state }) => state === 'paused').length === 3,
  );
  // Each fires once, and has expired then: a new schedule is no new count.
  expect(await engine.reschedule(branch, { expression: '+1s' })).toMatchObject({ contexts: 4 });
  await engine.resume(branch);
  const left = async () => (await engine.pause(branch, { dryRun: true })).contexts;
  await until(async () => (await left()) === 2);
  await engine.remove(branch);
}, 60_000);

test('a firing that was moved stands for the one that was due; a late window and making up count for it too', () => {
  // Due at every full hundred.
  const terms = (more: Partial<TimerTerms> = {}): TimerTerms => ({
    times: () => ({
      startMs: 0,
      next: afterMs => ({ kind: 'fires', atMs: (Math.floor(afterMs / 100) + 1) * 100 }),
      lastBefore: (_, beforeMs) => ({ atMs: Math.floor((beforeMs - 1) / 100) * 100, isLast: true }),
    }),
    endMs: () => 1_000,
    count: 5,
    windowMs: Number.POSITIVE_INFINITY,
    makeUp: 'none',
    makeUpMax: 1,
    ...more,
  });
  const kept: TimerKept = { firstMs: 0, lastMs: 100, fired: 1, madeUp: 0 };
  const asked = (nextMs: number, nowMs: number, more?: Partial<TimerTerms>, isExpedited = false) => {
    const turn = { nowMs, arrivedAtMs: 0, isExpedited, kept: { ...kept, nextMs } as unknown as Json };
    const { kind, keeps } = timerTurn(terms(more), turn) as unknown as { kind: string; keeps: TimerKept };
    return { kind, ...keeps };
  };
  expect(asked(150, 120)).toEqual({ kind: 'waits', ...kept, nextMs: 150 });
  // Moved ahead of 200, which does not fire any more; put off, to where others lie between; put off behind its end.
  expect(asked(150, 150)).toEqual({ kind: 'fired', ...kept, lastMs: 200, fired: 2 });
  expect(asked(450, 460)).toEqual({ kind: 'fired', ...kept, lastMs: 450, fired: 2 });
  expect(asked(1_500, 1_500)).toEqual({ kind: 'fired', ...kept, lastMs: 1_500, fired: 2 });
  expect(asked(150, 120, {}, true)).toEqual({ kind: 'fired', ...kept, nextMs: 150 });
  expect(asked(150, 180, { windowMs: 10 })).toEqual({ kind: 'waits', ...kept, lastMs: 200 });
  expect(asked(150, 180, { windowMs: 10, makeUp: 'once' })).toEqual({ kind: 'fired', ...kept, lastMs: 200, fired: 2 });
  expect(asked(150, 150, { count: 1 })).toMatchObject({ kind: 'expired' });
});

test('what is asked is one thing, and has to make sense', () => {
  const nowMs = Date.parse('2030-06-01T12:00:00Z');
  const refused = [
    [{}, /takes one of at, expression and cron, found none/],
    [{ at: '+1H', cron: '* * * * *' }, /found at and cron/],
    [{ at: 'soon' }, /at: neither an instant .* nor a relative time expression/],
    [{ at: '+1H', zone: 'UTC' }, /zone: is for expression and cron/],
    [{ cron: '61 * * * *' }, /OPTION_INVALID/],
    [{ expression: '+1H', zone: 'Nowhere/City' }, /OPTION_INVALID/],
  ] as const;
  for (const [options, message] of refused) expect(() => newTimesOf(options, nowMs)).toThrow(message);
  expect(newTimesOf({ at: '+2H' }, nowMs)).toEqual({ kind: 'next', atMs: nowMs + 7_200_000 });
  const schedule = { expression: '0 0 0 16 -1b' };
  expect(newTimesOf(schedule, nowMs)).toEqual({ kind: 'schedule', schedule });
  const timer: TimerTrigger = { name: 'timer', type: 'timer', rrule: 'FREQ=DAILY', calendar: 'office' };
  expect(scheduleFault(timer, [{ name: 'office', rules: [{ include: { days: ['mon-fri'] } }] }], schedule)).toBe(null);
});
