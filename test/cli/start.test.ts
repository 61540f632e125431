// millrace start: a process of its own, from its ready line to a stop under load.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { endOf } from '../../src/cli/start-processes.js';
import { IdSource } from '../../src/engine/ids.js';
import { systemClock } from '../../src/observe/clock.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { OpenStream } from '../api/setup.js';
import { RedisServer } from '../servers/redis-server.js';
import { type World, world } from './setup.js';

vi.setConfig({ testTimeout: 120_000 });

interface Ready {
  readonly url: string;
  readonly health: string;
  readonly data: string;
  readonly pid: number;
}

async function started(own: World, ...more: string[]) {
  const run = own.begin('start', '--port', '0', '--health-port', '0', '--threads', '1', '--json', ...more);
  let text = '';
  run.child.stdout!.on('data', chunk => {
    text += String(chunk);
  });
  await run.said('"url"');
  return { ...run, ready: JSON.parse(text) as Ready };
}

const sleeper = `export async function act({ sleepMs = 0, n }) {
  await new Promise(resolve => setTimeout(resolve, sleepMs));
  return n;
}\n`;

async function deploy(own: World, url: string): Promise<string> {
  own.file('actions.mjs', sleeper);
  const definition = {
    name: '/test/sleep',
    module: './actions.mjs',
    actions: [{ name: 'act', type: 'call', function: 'act' }],
    flows: [],
  };
  const response = await fetch(`${url}/v1/workflows`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ definition, baseFolder: own.folder }),
  });
  expect(response.status).toBe(200);
  return definition.name;
}

test.concurrent('it says where it listens; health answers on its own port; a signal ends it with 0', async context => {
  const own = world(context);
  const { child, answer, ready } = await started(own, '--cors', 'http://a:1', '--cors', 'http://localhost:5173');
  expect(ready).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    health: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/health$/),
    data: `${own.folder}/millrace-data`,
    pid: child.pid,
  });
  const read = await fetch(`${ready.url}/openapi.json`, { headers: { origin: 'http://localhost:5173' } });
  expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, 'http://localhost:5173']);
  expect((await fetch(ready.health)).status).toBe(200);
  child.kill('SIGINT');
  const { code, stderr } = await answer;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^stopping: .*\nstopped\n$/) });
});

test.concurrent('without --json a line for people', async context => {
  const own = world(context);
  const run = own.begin('start', '--port', '0', '--health-port', '0', '--data', 'memory', '--threads', '1');
  await run.said('millrace is ready on http://127.0.0.1:');
  run.child.kill('SIGTERM');
  const { code, stdout } = await run.answer;
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^millrace is ready on http:\S+ {2}\(health http:\S+, data memory, 1 threads\)\n$/),
  });
});

test.concurrent('refused: another interface, a port in use, odd options; nothing stays', async context => {
  const own = world(context);
  const taken = createServer();
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const start = (...more: string[]) => own.millrace('start', '--health-port', '0', '--threads', '1', ...more);
  for (const [options, message] of [
    [['--host', '0.0.0.0', '--port', '0'], /^OPTION_INVALID: host: "0\.0\.0\.0" would let others in.*loopback only/],
    [['--port', String(port)], new RegExp(`^OPTION_INVALID: port: ${port} on 127\\.0\\.0\\.1 is in use`)],
    [['--port', '65536'], /^--port 65536: must be at most 65535/],
    [['--rate', '0'], /^--rate 0: must be at least 1/],
    [['--cors', '*', '--port', '0'], /^OPTION_INVALID: cors: "\*" must be an origin/],
  ] as const) {
    const { code, stdout, stderr } = await start(...options);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  }
  taken.close();
  // The folder is free again.
  expect((await own.millrace('list')).code).toBe(0);
});

test.concurrent('SIGTERM under load: exit 0, nothing acknowledged is lost, nothing runs twice', async context => {
  const own = world(context);
  const { child, answer, ready } = await started(own, '--grace', '20');
  const workflow = await deploy(own, ready.url);
  const ids = new IdSource(systemClock);
  const stream = new OpenStream(ready.url);
  const accepted: string[] = [];
  const sent = new Map<string, number>();
  let problem: unknown = null;
  const reading = (async () => {
    for (let line = await stream.answer(); line !== null; line = await stream.answer()) {
      if (line.problem !== undefined) {
        problem = (line.problem as { code: string }).code;
        stream.end();
      } else for (let at = 0; at < (line.count as number); at++) accepted.push(plus(line.first as string, at));
    }
  })();
  let n = 0;
  const send = async (): Promise<void> => {
    const key = ids.nextRoot();
    const lines = [
      { batch: key, count: 100 },
      ...Array.from({ length: 100 }, () => ({ workflow, input: { n: n++, sleepMs: n % 5 } })),
    ];
    sent.set(key, 100);
    if (problem !== null) return;
    if (!stream.write(lines.map(line => `${JSON.stringify(line)}\n`).join(''))) await stream.drained();
  };
  stream.request.on('error', () => undefined);
  for (let batch = 0; batch < 20; batch++) await send();
  // In the middle of it.
  while (accepted.length < 500) await new Promise(resolve => setImmediate(resolve));
  child.kill('SIGTERM');
  while (problem === null && sent.size < 5_000) {
    await Promise.race([send(), reading]);
    await new Promise(resolve => setImmediate(resolve));
  }
  await reading;
  const { code } = await answer;
  expect({ code, problem }).toEqual({ code: 0, problem: 'SERVICE_STOPPING' });

  // The next one goes on; what was sent and not answered is sent again under its keys.
  const next = await started(own);
  const known = new Set(accepted);
  const again = new OpenStream(next.ready.url);
  for (const [key, count] of sent) {
    if (known.has(key)) continue;
    again.write(`${JSON.stringify({ batch: key, count })}\n`);
    const first = [...sent.keys()].indexOf(key) * 100;
    for (let at = 0; at < count; at++)
      again.write(`${JSON.stringify({ workflow, input: { n: first + at, sleepMs: (first + at + 1) % 5 } })}\n`);
  }
  again.end();
  for (let line = await again.answer(); line !== null; line = await again.answer())
    expect(line.problem).toBeUndefined();
  const all = [...sent].flatMap(([key, count]) => Array.from({ length: count }, (_, at) => instanceId(key, at)));
  const counts = async (): Promise<unknown> => {
    const response = await fetch(`${next.ready.url}/v1/instances?limit=1`);
    return ((await response.json()) as { counts: unknown }).counts;
  };
  const expected = JSON.stringify([{ workflow, state: 'finished', instances: all.length }]);
  while (JSON.stringify(await counts()) !== expected) await pause(100);
  for (const id of accepted) expect(all).toContain(id);
  next.child.kill('SIGTERM');
  expect((await next.answer).code).toBe(0);
  // Each transaction was committed once, and its action begun once: a stop lets what executes end.
  const { stdout } = await own.millrace(
    'audit',
    '--json',
    '--sql',
    `select count(*) as begun, count(distinct instance) as instances from millrace_audit_event where short_name = 'EnteringAction'`,
  );
  expect(JSON.parse(stdout)).toEqual({ begun: all.length, instances: all.length });
});

test.concurrent('a second signal ends it at once', async context => {
  const own = world(context);
  const { child, answer, ready } = await started(own, '--grace', '60');
  const workflow = await deploy(own, ready.url);
  const submitted = await fetch(`${ready.url}/v1/instances`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ workflow, input: { sleepMs: 30_000 } }),
  });
  expect(submitted.status).toBe(201);
  const metrics = async (): Promise<string> => (await fetch(`${ready.url}/metrics`)).text();
  while (!(await metrics()).includes('\nmillrace_claimed 1\n')) await pause(20);
  child.kill('SIGTERM');
  while (await isUp(ready.url)) await pause(20);
  child.kill('SIGTERM');
  expect((await answer).code).toBe(143);
});

test.concurrent('several processes: a signal ends them all with 0; a second one at once, and with them those they left', async context => {
  const redis = await RedisServer.start();
  context.onTestFinished(() => redis.stop());
  const begin = async (own: World) => {
    const options = ['--port', '0', '--health-port', '0', '--threads', '1', '--json', '--redis', redis.socket];
    const run = own.begin('start', ...options, '--processes', '2', '--cluster', own.folder.split('-').at(-1)!);
    const ready: Ready[] = [];
    await new Promise<void>((resolve, reject) => {
      let text = '';
      run.child.stdout!.on('data', chunk => {
        text += String(chunk);
        const lines = text.split('\n').slice(0, -1);
        if (lines.length < 2) return;
        ready.push(...lines.map(line => JSON.parse(line) as Ready));
        resolve();
      });
      void run.answer.then(({ stderr }) => reject(new Error(stderr)));
    });
    return { ...run, ready };
  };
  const graceful = await begin(world(context));
  graceful.child.kill('SIGTERM');
  expect((await graceful.answer).code).toBe(0);

  const own = world(context);
  const { child, answer, ready } = await begin(own);
  const workflow = await deploy(own, ready[0]!.url);
  await fetch(`${ready[0]!.url}/v1/instances`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ workflow, input: { sleepMs: 60_000 } }),
  });
  const claimed = async (): Promise<boolean> => {
    const texts = await Promise.all(ready.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    return texts.some(text => text.includes('\nmillrace_claimed 1\n'));
  };
  while (!(await claimed())) await pause(20);
  child.kill('SIGTERM');
  while (await isUp(ready[0]!.url)) await pause(20);
  child.kill('SIGTERM');
  expect((await answer).code).toBe(143);
  for (const { pid } of ready) while (isRunning(pid)) await pause(20);
});

test.concurrent('a process that cannot even begin has ended, and says why', async () => {
  const child = spawn('/no/such/command', { stdio: 'ignore' });
  expect(await endOf(child)).toEqual({ code: null, reason: expect.stringContaining('ENOENT') });
});

function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // it is gone
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

function plus(first: string, at: number): string {
  return instanceId(`${first.slice(0, 32)}0000`, Number.parseInt(first.slice(32), 16) + at);
}
