// What the engine says of its contents from time to time, and what it counts.

import { expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';
import { auditRows, newBranch, noRetry, ownWorld, signals, World } from './setup.js';

test('the summary counts who lives, and does not look at what has ended', async () => {
  let driver: ThreadedDriver | null = null;
  const engine = await createEngine(
    { dataFolder: 'memory', threads: 1, loggers: nullLoggers, contentsSummaryMs: 100 },
    {
      onDriver: made => {
        driver = made;
      },
    },
  );
  onTestFinished(() => engine.dispose(0));
  const world = new World(engine, 'memory', '', newBranch());
  const workflow = await world.deploy([{ function: 'flaky', retry: noRetry }]);
  const [ended, failed, paused] = await engine.submit(
    [0, 1, 2, 3].map(n => ({
      workflow,
      input: { n, fails: n % 2 },
      ...(n > 1 ? { eligibleAtMs: Date.now() + 3_600_000 } : {}),
    })),
  );
  await engine.pause(paused!);
  await engine.start();
  await Promise.all([engine.result(ended!), engine.result(failed!)]);
  // Nothing can be read of what has ended from here on.
  await driver!.script('alter table millrace_outcome rename to outcome_out_of_sight');
  const before = Date.now();
  const said = (): Promise<{ message: string | null; atMs: number }[]> =>
    auditRows(engine, `short_name = $1`, ['EngineContentsSummary']);
  await world.until(async () => (await said()).some(({ atMs }) => atMs > before));
  expect((await said()).at(-1)!.message).toBe(`${workflow} failed 1; ${workflow} paused 1; ${workflow} ready 1`);
});

test('the status counts every event in the audit, whoever wrote it', async () => {
  const world = await ownWorld('memory', { contentsSummaryMs: 100 });
  const { engine } = world;
  const workflow = await world.deploy([{ function: 'gated' }, { function: 'told', break: true }]);
  const gate = `${workflow} counted`;
  const input = { gate, events: ['one', 'two'] };
  const id = await engine.submit({ workflow, input });
  const later = await engine.submit({ workflow, input, eligibleAtMs: Date.now() + 3_600_000 });
  await signals.atGate(gate);
  await engine.pause(later);
  await expect(engine.submit({ workflow: '/nobody/knows' })).rejects.toThrow('WORKFLOW_UNKNOWN');
  // It has reported itself, and the contents have been told.
  const names = async (): Promise<string[]> => (await auditRows(engine, 'true', [])).map(({ event }) => event);
  await world.until(async () => {
    const found = await names();
    return found.includes('ExecutingAction') && found.includes('FlowContextDetails');
  });
  signals.open(gate);
  await engine.result(id);
  await engine.stop();
  const found = await names();
  expect(found).toEqual(expect.arrayContaining(['DeferringExecutionFlow', 'ExitingCallWithError', 'one']));
  // The watchdog's own are written by its thread.
  expect((await engine.status()).auditEvents).toBe(found.filter(event => event !== 'Ok').length);
});
