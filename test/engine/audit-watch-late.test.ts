// Triggers that wait for what the audit says, on a server where commits land in another order than they began: none is passed,
// none comes twice, and an engine that starts anew goes on where the last one was.

import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditRow } from '../../src/audit/trace.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { TestPostgres } from '../store/postgres-server.js';
import { here, temporaryFolder } from './setup.js';

let server: TestPostgres;
beforeAll(async () => {
  server = await TestPostgres.start();
}, 60_000);
afterAll(() => server?.remove());

const module = '../fixtures/engine/message-actions.mjs';

/** A milestone in a transaction of its own; what is returned commits it. */
async function begun(database: string, message: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query('begin');
  const bare = { workflow: null, ordinals: null, path: [], times: [], timesPerMember: 0, attempt: 0, events: [] };
  const bodies = { bodyBefore: null, bodyAfter: null };
  const single = [[0, 0, -1, 0, 1, 'Told', message, null] as const];
  const row = auditRow(null, Date.now(), [{ ...bare, ...bodies, baseMs: Date.now(), engine: 'another', single }]);
  await client.query('insert into millrace_audit (generation, root, at, trace) values (0, null, $1, $2)', [
    row.atMs,
    row.trace,
  ]);
  return async () => {
    await client.query('commit');
    await client.end();
  };
}

test('a milestone that lands late comes before what began after it, also when the engine has been started anew between', {
  timeout: 120_000,
}, async () => {
  const postgres = await server.newDatabase();
  const folder = temporaryFolder();
  const open = async (): Promise<Engine> => {
    const engine = await createEngine({ name: 'late', dataFolder: folder, postgres, threads: 1, loggers: nullLoggers });
    await engine.start();
    return engine;
  };
  let engine = await open();
  try {
    const wait: Action = { name: 'wait', type: 'auditTrail', event: 'Told', message: 'step *' };
    const actions: Action[] = [wait, { name: 'hear', type: 'call', function: 'hear' }, { name: 'end', type: 'null' }];
    const flows: Flow[] = [
      { from: 'wait', to: 'hear' },
      { from: 'hear', to: 'wait', condition: 'count < 4' },
      { from: 'hear', to: 'end', kind: 'else' },
    ];
    await engine.deploy({ name: '/late/hears', module, actions, flows }, here);
    const tell: Action = { name: 'tell', type: 'call', function: 'tell' };
    const pause: Action = { name: 'pause', type: 'delay', delay: '+700ms' };
    await engine.deploy(
      { name: '/late/tells', module, actions: [tell, pause], flows: [{ from: 'tell', to: 'pause' }] },
      here,
    );
    const id = await engine.submit({ workflow: '/late/hears', input: {} });
    const events = async (name: string): Promise<number> => {
      const rows = await engine.query(
        `select count(*) from millrace_audit_event where workflow = '/late/hears' and short_name = $1`,
        [name],
      );
      return Number(rows[0]![0]);
    };
    await expect.poll(() => events('DeferringExecutionFlow'), { timeout: 30_000 }).toBe(1);
    // Told, and then some looks of the engine: time enough to be wrong.
    const told = async (n: number): Promise<void> => {
      await engine.result(await engine.submit({ workflow: '/late/tells', input: { n } }));
    };
    await told(1);
    await expect.poll(() => events('ExitingTrigger'), { timeout: 30_000 }).toBe(1);
    const land = await begun(postgres, 'step late');
    await told(2);
    expect(await events('ExitingTrigger')).toBe(1);
    await engine.dispose();
    engine = await open();
    await told(3);
    expect(await events('ExitingTrigger')).toBe(1);
    await land();
    expect((await engine.result(id)).result).toEqual({ seen: ['step 1', 'step late', 'step 2', 'step 3'] });
  } finally {
    await engine.dispose(0);
  }
});
