// One engine on PostgreSQL without a Redis: killed, asleep for longer than its lease, or beside one that may be dead.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, EngineOptions } from '../../src/engine/index.js';
import { loggersTo, nullLoggers } from '../../src/observe/loggers.js';
import { SqlMembers } from '../../src/store/members.js';
import { openPostgres } from '../../src/store/postgres/driver.js';
import { standStill } from '../servers/standstill.js';
import { TestPostgres } from '../store/postgres-server.js';
import { Child } from './child-process.js';
import { freshFolder, module } from './setup.js';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

let server: TestPostgres;
beforeAll(async () => {
  server = await TestPostgres.start();
});
afterAll(() => server.remove(), 60_000);

async function openOn(postgres: string, options: EngineOptions = {}): Promise<Engine> {
  const engine = await createEngine({
    dataFolder: freshFolder(),
    postgres,
    threads: 1,
    actionGraceMs: 200,
    loggers: nullLoggers,
    ...options,
  });
  onTestFinished(() => engine.dispose(0));
  return engine;
}

/** An engine in a process of its own, and where it serves. */
async function begun(postgres: string, ...more: string[]): Promise<{ child: Child; url: string }> {
  const args = ['start', '--port', '0', '--health-port', '0', '--threads', '1', '--json', '--data', freshFolder()];
  const child = new Child(main, [...args, ...more], { MILLRACE_POSTGRES: postgres });
  onTestFinished(() => child.kill());
  return { child, url: (JSON.parse(await child.line(/"url"/)) as { url: string }).url };
}

async function membersOf(postgres: string): Promise<SqlMembers> {
  const driver = await openPostgres(postgres);
  onTestFinished(() => driver.close());
  return new SqlMembers(driver);
}

test('killed, it is followed on the same machine at once, whatever its lease; its work goes on', async () => {
  const postgres = await server.newDatabase();
  const { child } = await begun(postgres, '--failover-window', '600');
  const other = await openOn(postgres);
  await expect(other.start()).rejects.toThrow(/^STORE_LOCKED: engine/);
  await other.deploy({
    name: '/sole/flow',
    module,
    actions: [{ name: 'act', type: 'call', function: 'double' }],
    flows: [],
  });
  await child.kill();
  const id = await other.submit({ workflow: '/sole/flow', input: { n: 1 } });
  const startedMs = performance.now();
  await other.start();
  expect(performance.now() - startedMs).toBeLessThan(45_000);
  expect((await other.result(id)).state).toBe('finished');
});

test('one that may be dead is waited for until its lease ends, and a line says so; one that lives is not', async () => {
  const postgres = await server.newDatabase();
  const said: string[] = [];
  const engine = await openOn(postgres, { loggers: loggersTo(({ message }) => said.push(message)) });
  const members = await membersOf(postgres);
  const elsewhere = { name: 'elsewhere', host: 'another', pid: 1, url: null, process: null };
  await members.join(elsewhere, 5_000);
  const startedMs = performance.now();
  await engine.start();
  expect(performance.now() - startedMs).toBeGreaterThan(2_000);
  expect(said).toContain('another engine has had this store and may be dead: waiting until its lease ends');
  await engine.stop();
  const sequence = await members.join(elsewhere, 60_000);
  const beats = setInterval(() => void members.beat(sequence, 60_000), 400);
  onTestFinished(() => clearInterval(beats));
  await expect(engine.start()).rejects.toThrow(
    /^STORE_LOCKED: engine "elsewhere" \(pid 1 on "another"\) has this store/,
  );
});

test('a stop does not wait for the end of another lease', async () => {
  const postgres = await server.newDatabase();
  const engine = await openOn(postgres);
  await (await membersOf(postgres)).join({ name: 'elsewhere', host: 'h', pid: 1, url: null, process: null }, 600_000);
  const starting = engine.start().catch((error: unknown) => error);
  await expect.poll(() => engine.state).toBe('starting');
  await engine.stop();
  expect(await starting).toMatchObject({ code: 'ENGINE_STOPPED' });
});

test('asleep for longer than its lease it finds a successor, and ends', async () => {
  const postgres = await server.newDatabase();
  const { child, url } = await begun(postgres, '--failover-window', '1');
  const definition = {
    name: '/asleep/flow',
    module,
    actions: [{ name: 'act', type: 'call' as const, function: 'double' }],
    flows: [],
  };
  await standStill(child.process);
  const successor = await openOn(postgres, { name: 'successor' });
  const tryStart = (): Promise<boolean> =>
    successor.start().then(
      () => true,
      () => false,
    );
  await expect.poll(tryStart).toBe(true);
  await successor.deploy(definition);
  child.process.kill('SIGCONT');
  // Nothing of the old one is stored any more.
  const answer = await fetch(`${url}/v1/instances`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ workflow: definition.name, input: {} }),
  }).catch(() => null);
  expect(answer?.status ?? 503).toBe(503);
  expect(await child.exited).toBe(1);
  expect(child.errorLines.join('\n')).toMatch(/STORE_FAILED: this engine was silent for longer than its lease/);
  const id = await successor.submit({ workflow: definition.name, input: { n: 1 } });
  expect((await successor.result(id)).state).toBe('finished');
  expect(await successor.query('select count(*) from millrace_history')).toEqual([['1']]);
});
