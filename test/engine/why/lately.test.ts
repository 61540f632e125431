// What the audit says of an instance last, as it is read for who asks why it does not run.

import { expect, test } from 'vitest';
import { emptyCommit } from '../../../src/store/empty-commit.js';
import '../../store/postgres-module.js';
import { auditRow, dataKind, type TraceGroup, traceText } from '../../../src/audit/trace.js';
import { unfoldMember } from '../../../src/audit/unfold.js';
import { Lately, lastError, lastExecuting, lastPauser, readLastError } from '../../../src/engine/why/lately.js';
import { LogEvents } from '../../../src/observe/log-events.js';
import { loggersTo } from '../../../src/observe/loggers.js';
import { openPgliteMemory } from '../../../src/store/pglite/in-memory.js';
import { SqlStore } from '../../../src/store/sql-store.js';
import { auditEvents, eventCode } from '../../../src/workflow/events.js';

const root = '01a1ff5f-3d3d-7000-9259-b21893d90000';
const idOf = (commit: number): string => `01a1ff5f-3d3d-7000-9259-${String(commit).padStart(12, '0')}`;

const groupOf = (more: Partial<TraceGroup>): TraceGroup => ({
  workflow: 7,
  ordinals: Uint16Array.of(3, 5),
  path: ['act'],
  baseMs: 1_000,
  times: [0, 10, 20, 30],
  timesPerMember: 2,
  engine: 'one',
  attempt: 0,
  bodyBefore: null,
  bodyAfter: null,
  events: [],
  ...more,
});
const began = [[eventCode('ExecutingAction'), 0, 0, 0]] as const;
const failing = (code: string): TraceGroup =>
  groupOf({
    events: [[eventCode('ExitingActionOnError'), 0, 1, dataKind.error]],
    errors: [
      { code: 'Other', message: '' },
      { code, message: 'no route' },
    ],
    errorOf: [0, 1],
  });

test('one read of the newest rows, however often it is asked; what cannot be read is none, and logged', async () => {
  const driver = await openPgliteMemory();
  const store = await SqlStore.open(driver, driver.info, { historyMs: 60_000, auditMs: 60_000 }, auditEvents, 1);
  for (let commit = 0; commit < 34; commit++) {
    // Of another member, but for the first two.
    const group = commit < 2 ? failing(`Flaky${commit}`) : { ...failing('Late'), ordinals: Uint16Array.of(3, 6) };
    await store.commit({ ...emptyCommit(idOf(commit), commit), audit: [auditRow(root, commit, [group])] });
  }
  const asked: (readonly unknown[])[] = [];
  const query: typeof store.query = (...call) => {
    asked.push(call);
    return store.query(...call);
  };
  const logged: string[] = [];
  const log = new LogEvents(loggersTo(({ message }) => logged.push(message)));
  const lately = new Lately(root, 6, { store: { query }, log });
  expect(await lately.events()).toHaveLength(32);
  expect(lastError(await lately.events())).toMatchObject({ code: 'Late', message: 'no route' });
  expect(asked).toHaveLength(1);
  // Further back than is read.
  expect(await new Lately(root, 5, { store, log }).events()).toEqual([]);
  // An error is looked for in one read more, and no further than there are rows.
  asked.length = 0;
  expect(await readLastError({ query }, root, 5)).toMatchObject({ code: 'Flaky1' });
  expect(await readLastError({ query }, root, 9)).toBe(null);
  expect(asked).toHaveLength(4);
  expect(logged).toEqual([]);
  await driver.close();
  expect(await new Lately(root, 5, { store, log }).events()).toEqual([]);
  expect(logged).toEqual(['the audit cannot be read']);
});

/** Newest first, of commits in their order. */
const newest = (...commits: readonly TraceGroup[]) =>
  [...commits].reverse().flatMap(group => unfoldMember(traceText([group]), 5).reverse());

const unrun = { path: [], times: [], timesPerMember: 0 } as const;
const deferral = { events: [[eventCode('DeferringExecutionFlow'), -1, -1, 0]], message: 'paused' } as const;
const byOperator = (user: string, baseMs: number): TraceGroup => groupOf({ ...unrun, ...deferral, user, baseMs });

test('who paused it is whoever did so while it waited, unless it has gone on since', () => {
  expect(lastPauser(newest(byOperator('alice', 5)), null)).toEqual({ user: 'alice', atMs: 5 });
  expect(lastPauser(newest(byOperator('alice', 5), byOperator('bob', 6)), 'svc')).toEqual({ user: 'bob', atMs: 6 });
  expect(lastPauser([], null)).toBe(null);
  // Resumed, it has executed, and was paused meanwhile: told at its break, as of whom it runs as, or of nobody.
  const atBreak = groupOf({ ...deferral, events: [...began, ...deferral.events] });
  expect(lastPauser(newest(byOperator('alice', 5), atBreak), null)).toBe(null);
  expect(lastPauser(newest({ ...atBreak, user: 'svc' }), 'svc')).toBe(null);
  expect(lastPauser(newest({ ...atBreak, user: 'svc' }), 'another')).toBe(null);
  expect(lastPauser(newest(byOperator('svc', 5)), 'svc')).toBe(null);
  // Resumed, and it executes or did.
  expect(lastPauser(newest(byOperator('alice', 5), groupOf({ events: began })), null)).toBe(null);
  expect(lastPauser(newest(byOperator('alice', 5), failing('Flaky')), null)).toBe(null);
});

test('what executes is what the engine that has it began, with nothing told since', () => {
  const since = (eligibleAtMs: number, context = 0) => ({ eligibleAtMs, context });
  const executing = (engine: string, baseMs: number): TraceGroup => groupOf({ engine, baseMs, events: began });
  expect(lastExecuting(newest(executing('one', 1_000)), 'one', since(1_020))).toEqual({
    action: 'act',
    sinceMs: 1_020,
  });
  expect(lastExecuting(newest(executing('one', 1_000)), 'one', since(1_021))).toBe(null);
  expect(lastExecuting([], 'one', since(0))).toBe(null);
  // Of another context, for all that is known.
  expect(lastExecuting(newest(executing('one', 1_000)), 'one', since(0, 2))).toBe(null);
  // Taken over, and not begun there.
  expect(lastExecuting(newest(executing('one', 1_000)), 'two', since(0))).toBe(null);
  const failover = groupOf({ ...unrun, engine: 'two', events: [[eventCode('FlowChartFailover'), -1, -1, 0]] });
  expect(lastExecuting(newest(executing('one', 1_000), failover), 'one', since(0))).toBe(null);
  expect(lastExecuting(newest(executing('one', 1), failover, executing('two', 9)), 'two', since(0))).toMatchObject({
    sinceMs: 29,
  });
});
