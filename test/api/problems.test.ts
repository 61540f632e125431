// Every code a problem can have is reached over HTTP, or it is said why it cannot be.

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { Gate, openMax } from '../../src/api/gate.js';
import { isLoopback, isOwnHost } from '../../src/api/loopback.js';
import { type ProblemCode, problemCodes } from '../../src/api/schema/problem.js';
import { serve } from '../../src/api/service.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import { EngineError } from '../../src/observe/errors.js';
import { type LogEntry, loggersTo, nullLoggers } from '../../src/observe/loggers.js';
import { freshFolder, open } from '../faults/setup.js';
import { RedisServer } from '../servers/redis-server.js';
import { TestPostgres } from '../store/postgres-server.js';
import { type Asked, ServiceWorld } from './setup.js';

const reached = new Set<ProblemCode>();

/** Reached by `routes.test.ts` and `stream.test.ts`, which say what comes with them. */
const elsewhere: readonly ProblemCode[] = [
  'INPUT_INVALID',
  'WORKFLOW_INVALID',
  'WORKFLOW_UNKNOWN',
  'INSTANCE_UNKNOWN',
  'NAME_TAKEN',
  'KEY_REUSED',
  'NAMESPACE_INVALID',
  'CURSOR_INVALID',
  'REQUEST_INVALID',
  'ROUTE_UNKNOWN',
  'METHOD_NOT_ALLOWED',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'PUBLISHER_STYLE',
  'SETTING_INVALID',
];
/** A service that runs cannot meet them. */
const never: Partial<Record<ProblemCode, string>> = {
  OPTION_INVALID: 'said when an engine or a service is made',
  STORE_LOCKED: 'said when an engine is made',
  STORE_NOT_DURABLE: 'said when an engine is made',
  STORE_NEWER: 'said when an engine is made',
  QUEUE_UNSUITABLE: 'said when an engine is made',
};

afterAll(() => {
  const accounted = new Set<string>([...reached, ...elsewhere, ...Object.keys(never)]);
  expect(problemCodes.filter(code => !accounted.has(code))).toEqual([]);
});

test('every code is said somewhere', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  // The lists of codes have them as names of fields, without quotes.
  const all = files.map(file => readFileSync(`src/${file}`, 'utf8')).join('');
  expect(problemCodes.filter(code => !all.includes(`'${code}'`))).toEqual([]);
});

function expectProblem(asked: Asked, status: number, code: ProblemCode, detail: RegExp = /./): void {
  expect(asked).toMatchObject({ status, type: 'application/problem+json' });
  expect(asked.body).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
  reached.add(code);
}

/** An engine that can do no more than is given here. */
function standIn(engine: Partial<Record<keyof Engine, unknown>>): Promise<ServiceWorld> {
  return ServiceWorld.own({}, {}, engine as Partial<Engine>);
}

test('RATE_LIMITED says when to come again', async () => {
  const world = await ServiceWorld.own({ requestsPerSecondMax: 3 });
  // Tokens come back while a slow machine asks: never for all of them.
  const answers = await Promise.all(Array.from({ length: 60 }, () => world.get('/openapi.json')));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(3);
  expectProblem(refused[0]!, 429, 'RATE_LIMITED', /3 requests a second/);
  expect(refused[0]!.headers.get('retry-after')).toBe('1');
  expect(refused[0]!.body.retryAfterMs).toBe(1_000);
});

test('the gate: tokens come back with time, what is held open is counted', () => {
  const clock = new TestClock();
  const gate = new Gate(clock, 10);
  for (let n = 0; n < 10; n++) gate.admit();
  expect(() => gate.admit()).toThrow(/10 requests/);
  clock.advanceMs(100);
  gate.admit();
  expect(() => gate.admit()).toThrow(/10 requests/);
  clock.advanceMs(3_600_000);
  for (let n = 0; n < 10; n++) gate.admit();
  expect(() => gate.admit()).toThrow(/10 requests/);
  const leave = Array.from({ length: openMax.streams }, () => gate.enter('streams'));
  expect(() => gate.enter('streams')).toThrow(/64 streams are open/);
  gate.enter('followers');
  leave[0]!();
  leave[0]!();
  gate.enter('streams');
  expect(() => gate.enter('streams')).toThrow(/64 streams are open/);
});

test('OVERLOADED: more waits for the store than is taken; nothing was stored', async () => {
  const world = await standIn({ submitBacklog: 100_001 });
  const asked = await world.post('/v1/instances', { workflow: '/a/b' });
  expectProblem(asked, 503, 'OVERLOADED', /100001 instances wait/);
  expect(asked.headers.get('retry-after')).toBe('1');
});

test('PUBLISHER_FULL: what a publisher holds has to be taken first', async () => {
  const publish = () => Promise.reject(new EngineError('PUBLISHER_FULL', '/orders has 1,000,000 messages'));
  const world = await standIn({ publish });
  expectProblem(await world.post('/v1/messages', { publisher: '/orders', data: 1 }), 429, 'PUBLISHER_FULL', /orders/);
});

test('SIGNAL_UNKNOWN: a name that nothing monitors', async () => {
  const raiseSignal = () => Promise.reject(new EngineError('SIGNAL_UNKNOWN', 'nothing monitors "stpo"'));
  const world = await standIn({ raiseSignal });
  const asked = await world.post('/v1/operations/signal', { target: '/a/b', signal: 'stpo' });
  expectProblem(asked, 404, 'SIGNAL_UNKNOWN', /^nothing monitors "stpo"$/);
});

test.each([
  ['ACTION_UNKNOWN', 404],
  ['ACTION_UNSUITABLE', 409],
  ['INSTANCE_SPLIT', 409],
] as const)('%s: what cannot be recovered onto another version', async (code, status) => {
  const world = await standIn({ recover: () => Promise.reject(new EngineError(code, 'onto: cannot be moved')) });
  const asked = await world.post('/v1/operations/recover', { target: '/a/b', onto: 2 });
  expectProblem(asked, status, code, /^onto: cannot be moved$/);
});

test('SETTINGS_FULL: something has to be taken away first', async () => {
  const set = () => Promise.reject(new EngineError('SETTINGS_FULL', 'no more than 10000 settings'));
  const world = await standIn({ configuration: { set } as unknown as Engine['configuration'] });
  const asked = await world.ask('PUT', '/v1/configuration', { branch: '/a', property: 'X', value: 1 });
  expectProblem(asked, 409, 'SETTINGS_FULL', /^no more than/);
});

test('OPERATION_CONTENDED may be tried again', async () => {
  const contended = () => Promise.reject(new EngineError('OPERATION_CONTENDED', 'it kept changing'));
  const world = await standIn({ pause: contended });
  const asked = await world.post('/v1/operations/pause', { target: '/a/' });
  expectProblem(asked, 503, 'OPERATION_CONTENDED', /^it kept changing$/);
  expect(asked.headers.get('retry-after')).toBe('1');
});

test('INTERNAL tells nothing of what went wrong; whoever runs the service is told', async () => {
  const error = new Error('a secret');
  const world = await standIn({ show: () => Promise.reject(error) });
  const asked = await world.get('/v1/instances/x');
  expectProblem(asked, 500, 'INTERNAL');
  expect(asked.text).not.toContain('secret');
  expect(world.faults).toEqual([error]);
});

test('INTERNAL names an id, under which the log of the engine tells more', async () => {
  const logged: LogEntry[] = [];
  const loggers = loggersTo(entry => logged.push(entry));
  const engine = await createEngine({ dataFolder: 'memory', threads: 1, loggers });
  const { url, close } = await serve(engine, { port: 0 });
  onTestFinished(() => close(0).then(() => engine.dispose(0)));
  const error = new Error('a secret');
  vi.spyOn(engine, 'show').mockRejectedValue(error);
  vi.spyOn(engine, 'checkAnew').mockRejectedValue(error);
  const stream = { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: '{"workflow":"/a/b"}' };
  for (const response of [await fetch(`${url}/v1/instances/x`), await fetch(`${url}/v1/instances`, stream)]) {
    const problem = (await response.json()) as { code: string; detail: string; instance: string };
    expect([response.status, problem.code]).toEqual([500, 'INTERNAL']);
    const id = problem.detail.slice(-36);
    expect(problem.instance).toBe(`urn:uuid:${id}`);
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'internal error of the service', fields: { id, error } }),
    );
  }
});

test('ENGINE_STOPPED to who waits, ENGINE_DISPOSED to who comes later', async () => {
  const world = await ServiceWorld.own();
  const workflow = await world.deploy(['echo']);
  const id = await world.engine.submit({ workflow });
  const waiting = world.get(`/v1/instances/${id}/result?waitMs=30000`);
  // It waits when it has been let in and has looked.
  await world.get(`/v1/instances/${id}/result?waitMs=20`);
  await world.engine.dispose();
  expectProblem(await waiting, 503, 'ENGINE_STOPPED');
  const late = await world.post('/v1/instances', { workflow });
  expectProblem(late, 503, 'ENGINE_DISPOSED');
  expect(late.headers.get('retry-after')).toBeNull();
});

test('STORE_FAILED: a store that has died takes nothing more, and says so', async () => {
  const failFsync = new Int32Array(new SharedArrayBuffer(4));
  const { engine } = await open(freshFolder(), {}, { storeFaults: { failFsync } });
  const world = await ServiceWorld.own({}, {}, engine);
  const workflow = await world.deploy(['echo']);
  expect((await world.post('/v1/instances', { workflow })).status).toBe(201);
  Atomics.store(failFsync, 0, 1);
  const asked = await world.post('/v1/instances', { workflow });
  expectProblem(asked, 503, 'STORE_FAILED');
  expect(asked.headers.get('retry-after')).toBeNull();
  expect((await world.stream([{ workflow }])).body).toMatchObject({ code: 'STORE_FAILED' });
});

test('servers that are out of reach, or have forgotten: to be tried again', async () => {
  const redis = await RedisServer.start();
  const postgres = await TestPostgres.start();
  const engine = await createEngine({
    dataFolder: freshFolder(),
    postgres: await postgres.newDatabase(),
    redis: redis.socket,
    loggers: nullLoggers,
  });
  const world = await ServiceWorld.own({}, {}, engine);
  const workflow = await world.deploy(['echo']);
  expect((await world.post('/v1/instances', { workflow, eligibleAtMs: Date.now() + 3_600_000 })).status).toBe(201);
  const pause = () => world.post('/v1/operations/pause', { target: workflow });
  await redis.client.flushall();
  expectProblem(await pause(), 503, 'QUEUE_LOST');
  await redis.kill();
  const asked = await pause();
  expectProblem(asked, 503, 'QUEUE_UNAVAILABLE');
  expect(asked.headers.get('retry-after')).toBe('1');
  await postgres.remove();
  expectProblem(await world.get('/v1/instances'), 503, 'STORE_UNAVAILABLE');
  await engine.dispose(0);
  await redis.stop();
});

test('HOST_REFUSED: a page of a foreign site that resolves to this machine is not answered', async () => {
  const world = await ServiceWorld.own();
  const asked = await new Promise<Asked>((resolve, reject) => {
    const request = httpRequest(`${world.url}/openapi.json`, { headers: { host: 'evil.example:7433' } }, response => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          type: response.headers['content-type']!.split(';')[0]!,
          headers: new Headers(),
          text,
          body: JSON.parse(text),
        }),
      );
    });
    request.on('error', reject).end();
  });
  expectProblem(asked, 421, 'HOST_REFUSED', /evil\.example/);
  for (const host of ['localhost', 'LOCALHOST:7433', '127.0.0.1:1', '[::1]:7433', '127.8.8.8'])
    expect(isOwnHost(host), host).toBe(true);
  for (const host of [undefined, '', 'localhost.evil.example', '10.0.0.1', '[::2]', '127.0.0.1.evil.example'])
    expect(isOwnHost(host), host).toBe(false);
});

test('REQUEST_TIMEOUT and what is no request at all', async () => {
  const world = await ServiceWorld.own({ headersMs: 200 });
  const say = async (text: string): Promise<string> => {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(text);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  };
  const late = await say('GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n');
  expect(late).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  expect(JSON.parse(late.slice(late.indexOf('\r\n\r\n')))).toMatchObject({ code: 'REQUEST_TIMEOUT', status: 408 });
  reached.add('REQUEST_TIMEOUT');
  expect(await say('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"REQUEST_INVALID"/);
});

test('SERVICE_STOPPING: streams stop behind what is stored, waits and followers end, nobody new is let in', async () => {
  const world = await ServiceWorld.open();
  const workflow = await world.deploy(['echo']);
  const id = await world.engine.submit({ workflow });
  const stream = world.openStream();
  stream.write(`${JSON.stringify({ workflow })}\n`);
  expect(await stream.answer()).toMatchObject({ index: 0, count: 1 });
  const waiting = world.get(`/v1/instances/${id}/result?waitMs=30000`);
  const following = world.get('/v1/audit', { accept: 'text/event-stream' });
  await world.get(`/v1/instances/${id}/result?waitMs=50`);
  const closed = world.service.close(10_000);
  expect(await stream.answer()).toMatchObject({ problem: { code: 'SERVICE_STOPPING', status: 503 } });
  reached.add('SERVICE_STOPPING');
  expect(await stream.answer()).toBeNull();
  expect(await waiting).toMatchObject({ status: 202, body: { state: 'pending' } });
  expect((await following).text).toMatch(/event: position/);
  await closed;
  await expect(world.get('/metrics')).rejects.toThrow(/fetch failed/);
  expect(await world.engine.count(workflow)).toEqual([{ workflow, state: 'ready', instances: 2 }]);
  await world.engine.dispose(0);
});

test('it listens on loopback only, and says when a port is in use', async () => {
  const world = await ServiceWorld.own();
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '']) {
    expect(isLoopback(host), host).toBe(false);
    await expect(serve(world.engine, { host, port: 0 })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(/loopback only/),
    });
  }
  const port = Number(new URL(world.url).port);
  await expect(serve(world.engine, { port })).rejects.toThrow(/OPTION_INVALID: port: \d+ on 127\.0\.0\.1 is in use/);
  const other = await serve(world.engine, { port: 0, host: 'localhost' });
  expect((await fetch(`${other.url}/metrics`)).status).toBe(200);
  await other.close(0);
});
