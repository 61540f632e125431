// The logs themselves: what the fixture actions write from several threads and killed writers comes back as written.

import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { definitions } from '../fixtures/ledger/workflows.mjs';
import { check } from './checker.js';
import { auditOf, historyOf } from './export.js';
import { beginExecution, readLedger } from './ledger.js';
import { shapeOf } from './shape.js';
import { readSubmitLog, recordAcked, recordSent, submittedOf } from './submit-log.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const context = { instance: 'i', workflow: '/w', action: 'a', attempt: 1, idempotencyKey: 'i:0' };

test('an execution is a begin and an end, and a torn line between them spoils neither', () => {
  const file = join(folder, 'ledger.jsonl');
  const end = beginExecution(file, context);
  appendFileSync(file, '\n{"kind":"begin","execu'); // a writer killed in the middle of its write
  end(true);
  const { effects, torn } = readLedger(file);
  expect(torn).toBe(1);
  expect(effects).toMatchObject([
    { kind: 'begin', ...context, pid: process.pid },
    { kind: 'end', execution: effects[0]!.execution, instance: 'i', ok: true },
  ]);
});

test('actions in four threads share a ledger, and the checker accepts what they did', async () => {
  const ledger = join(folder, 'ledger.jsonl');
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(async actions => {
      for (let i = 0; i < 200; i += 1) {
        let variables = { ledger: workerData.ledger, sleepMs: 0 };
        const instance = workerData.thread + '-' + i;
        const context = { instance, workflow: '/w', set: (name, value) => { variables = { ...variables, [name]: value }; } };
        await actions.step(variables, { ...context, action: 'one', attempt: 1, idempotencyKey: instance + ':0' });
        for (const attempt of [1, 2, 3]) {
          const second = { ...context, action: 'two', attempt, idempotencyKey: instance + ':1' };
          try { await actions.failsTwice(variables, second); } catch {}
        }
        parentPort.postMessage({ instance, trail: variables.trail });
      }
    });`;
  const module = new URL('../fixtures/ledger/actions.mjs', import.meta.url).href;
  const rows: { instance: string; trail: string[] }[] = [];
  await Promise.all(
    [0, 1, 2, 3].map(thread => {
      const worker = new Worker(code, { eval: true, workerData: { module, ledger, thread } });
      worker.on('message', row => rows.push(row));
      return new Promise<void>((resolve, reject) => worker.once('exit', () => resolve()).once('error', reject));
    }),
  );
  const retry = { retries: 2 };
  const shape = shapeOf({
    name: '/w',
    actions: [
      { name: 'one', type: 'call' },
      { name: 'two', type: 'call', transactionBreak: true, retry },
    ],
    flows: [{ from: 'one', to: 'two' }],
  });
  const visit = (action: string, attempt: number, exit: string) =>
    ['EnteringAction', 'ExecutingAction', exit].map(event => ({ event, action, attempt }));
  const told = [
    { event: 'StartingExecutionFlow', action: null, attempt: null },
    ...visit('one', 1, 'ExitingAction'),
    ...visit('two', 1, 'ExitingActionOnError'),
    ...visit('two', 2, 'ExitingActionOnError'),
    ...visit('two', 3, 'ExitingAction'),
    ...['FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved'].map(event => ({
      event,
      action: null,
      attempt: null,
    })),
  ];
  const audit = auditOf(
    rows.flatMap(({ instance }) => told.map((event, seq) => ({ ...event, instance, seq, atMs: seq })).reverse()),
  );
  const history = historyOf(rows.map(row => ({ ...row, workflow: '/w', state: 'finished' as const })));
  const submitted = submittedOf([
    { kind: 'sent', batch: 'b', workflows: rows.map(() => '/w'), atMs: 0 },
    { kind: 'acked', batch: 'b', ids: rows.map(row => row.instance), atMs: 0 },
  ]);
  const { effects } = readLedger(ledger);
  const workflows = new Map([['/w', shape]]);
  const verdict = check({ submitted, effects, history, audit, workflows, kills: 0, everythingEnded: true });
  expect(verdict.violations).toEqual([]);
  expect(verdict).toMatchObject({ instances: 800, executions: 3_200, duplicates: 0 });
});

test('the submit log keeps apart what was acknowledged and what was only sent', () => {
  const file = join(folder, 'submits.jsonl');
  recordSent(file, { batch: 'b1', workflows: ['/v', '/w'] });
  recordAcked(file, { batch: 'b1', ids: ['1', '2'] });
  recordSent(file, { batch: 'b2', workflows: ['/w', '/w'] });
  const { submitted, torn } = readSubmitLog(file);
  expect(torn).toBe(0);
  expect(submitted.acked).toEqual([
    { instance: '1', workflow: '/v' },
    { instance: '2', workflow: '/w' },
  ]);
  expect([...submitted.unanswered]).toEqual([['/w', 2]]);
  expect(() => submittedOf([{ kind: 'acked', batch: 'x', ids: ['1'], atMs: 0 }])).toThrow('not sent');
});

test('an instance that is open and finished at once appears twice', () => {
  const row = { instance: 'i', workflow: '/w' };
  const history = historyOf([
    { ...row, state: 'open' },
    { ...row, state: 'finished' },
  ]);
  expect([...history.values()]).toEqual([{ workflow: '/w', state: 'finished', times: 2 }]);
});

test('shapes tell breaks, effects and attempts of the kill test’s workflows', () => {
  const [line, flaky, doomed] = definitions.map(definition => shapeOf(definition));
  expect(line!.actions.get('three')).toEqual({ next: ['four'], isBreak: true, hasEffect: true, attemptMax: 6 });
  expect([...flaky!.actions.values()].map(action => action.attemptMax)).toEqual([6, 5, 6]);
  expect(doomed).toMatchObject({ name: '/ledger/doomed', start: 'hopeless' });
});
