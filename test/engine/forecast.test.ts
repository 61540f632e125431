// What timers will fire: of stored workflows, and of living instances by what they keep.

import { expect, test } from 'vitest';
import type { Action, WorkflowDefinition } from '../../src/workflow/model.js';
import { here, ownWorld } from './setup.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function timed(name: string, timer: Partial<Extract<Action, { type: 'timer' }>>): WorkflowDefinition {
  return {
    name,
    actions: [{ name: 'timer', type: 'timer', zone: 'UTC', ...timer }],
    flows: [{ from: 'timer', to: 'timer' }],
    calendars: [
      {
        name: 'office',
        zone: 'UTC',
        rules: [{ include: { days: ['mon-fri'] } }, { exclude: { holidays: { country: 'US' } } }],
      },
    ],
  };
}

test('counts, ends and calendars are considered; firings are bounded; live timers go on from what they keep', async () => {
  const { engine, until } = await ownWorld('memory');
  await engine.deploy(timed('/stored/closing', { expression: '0 0 0 16 -1b', calendar: 'office' }), here);
  await engine.deploy(timed('/stored/thrice', { expression: '+1H', count: 3 }), here);
  await engine.deploy(timed('/stored/ending', { cron: '0 12 * * *', end: '2035-01-02T12:00:00Z' }), here);
  await engine.deploy(timed('/stored/standing', { expression: '^d' }), here);
  await engine.deploy({ name: '/stored/other', actions: [{ name: 'a', type: 'null' }], flows: [] }, here);
  const fromMs = Date.UTC(2035, 0, 1);
  const told = async (scope: string, days: number, limit?: number) => {
    const found = await engine.reads.forecast({
      scope,
      fromMs,
      toMs: fromMs + days * dayMs,
      ...(limit === undefined ? {} : { limit }),
    });
    return {
      ...found,
      firings: found.firings.map(({ atMs, workflow }) => `${new Date(atMs).toISOString()} ${workflow}`),
    };
  };
  expect(await told('/stored/', 3)).toEqual({
    firings: [
      '2035-01-01T01:00:00.000Z /stored/thrice',
      '2035-01-01T02:00:00.000Z /stored/thrice',
      '2035-01-01T03:00:00.000Z /stored/thrice',
      '2035-01-01T12:00:00.000Z /stored/ending',
      '2035-01-02T12:00:00.000Z /stored/ending',
    ],
    isCut: false,
  });
  const closings = await told('/stored/closing', 365);
  expect(closings.firings).toHaveLength(12);
  // 30 November 2035 is a Friday; 31 March a Saturday.
  expect(closings.firings).toEqual(
    expect.arrayContaining(['2035-03-30T16:00:00.000Z /stored/closing', '2035-11-30T16:00:00.000Z /stored/closing']),
  );
  expect(await told('/stored/', 3, 2)).toMatchObject({ firings: { length: 2 }, isCut: true });
  await expect(told('/stored/', -1)).rejects.toMatchObject({ code: 'OPTION_INVALID' });

  await engine.deploy(timed('/live/hourly', { expression: '+1H', count: 4 }), here);
  const id = await engine.submit({ workflow: '/live/hourly', input: {} });
  const live = async () => {
    const nowMs = Date.now();
    const { firings } = await engine.reads.forecast({ scope: '/live/', fromMs: nowMs, toMs: nowMs + dayMs });
    return firings.filter(({ instance }) => instance === id);
  };
  // Until it stands at its timer.
  await until(async () => (await live()).length > 0);
  const before = await live();
  expect(before.map(({ atMs }) => atMs - before[0]!.atMs)).toEqual([0, hourMs, 2 * hourMs, 3 * hourMs]);
  // Beside the schedule: it stays what it was.
  await engine.expedite(id);
  const fired = `select 1 from millrace_audit_event where short_name = 'ExitingTrigger'`;
  await until(async () => (await engine.query(fired)).length > 0);
  expect(await live()).toEqual(before);
});
