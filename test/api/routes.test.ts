// Every route: what it answers, and what it refuses.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { IdSource } from '../../src/engine/ids.js';
import { systemClock } from '../../src/observe/clock.js';
import { noRetry } from '../engine/setup.js';
import { ServiceWorld } from './setup.js';

let world: ServiceWorld;
beforeAll(async () => {
  world = await ServiceWorld.open();
  await world.engine.start();
});
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
});

const refused = (status: number, code: string, detail: RegExp = /./) => ({
  status,
  type: 'application/problem+json',
  body: expect.objectContaining({
    type: `urn:millrace:problem:${code}`,
    status,
    code,
    title: expect.any(String),
    detail: expect.stringMatching(detail),
  }),
});

test('POST /v1/instances: one instance is durable, its place is told, its submitter is kept', async () => {
  const workflow = await world.deploy(['echo']);
  const { status, body, headers } = await world.post(
    '/v1/instances',
    { workflow, input: { n: 7 }, priority: 3, key: 'acme' },
    { 'millrace-user': 'alice@example' },
  );
  expect(status).toBe(201);
  expect(headers.get('location')).toBe(`/v1/instances/${body.instance}`);
  expect((await world.engine.result(body.instance)).result).toEqual({ n: 7 });
  expect((await world.engine.show(body.instance)).submitter).toBe('alice@example');
});

test('POST /v1/instances: a key or a name makes a repeat answer the same', async () => {
  const workflow = await world.deploy(['echo']);
  const key = new IdSource(systemClock).nextRoot();
  const send = () => world.post('/v1/instances', { workflow }, { 'idempotency-key': key });
  expect([(await send()).body, (await send()).body]).toEqual([{ instance: key }, { instance: key }]);
  expect(await world.post('/v1/instances', { workflow, input: { n: 1 } }, { 'idempotency-key': key })).toMatchObject(
    refused(409, 'KEY_REUSED'),
  );
  const named = { workflow, name: `order of ${workflow}` };
  const [first, second] = [await world.post('/v1/instances', named), await world.post('/v1/instances', named)];
  expect(second.body).toEqual(first.body);
  expect(await world.post('/v1/instances', { ...named, onConflict: 'reject' })).toMatchObject(
    refused(409, 'NAME_TAKEN'),
  );
});

test.each<[string, unknown, Record<string, string>, number, string, RegExp]>([
  ['no JSON', '{"workflow":', {}, 400, 'REQUEST_INVALID', /body: is not JSON/],
  ['nothing', '', {}, 400, 'REQUEST_INVALID', /body/],
  ['a list', [], {}, 400, 'REQUEST_INVALID', /body: found a list/],
  ['no workflow', {}, {}, 400, 'REQUEST_INVALID', /body: workflow: is missing/],
  ['an unknown key', { workflow: '/a/b', prio: 1 }, {}, 400, 'REQUEST_INVALID', /did you mean|unknown key "prio"/],
  ['a number as text', { workflow: '/a/b', priority: '1' }, {}, 400, 'REQUEST_INVALID', /priority: found "1"/],
  ['a key that is none', { workflow: '/a/b', key: '' }, {}, 400, 'REQUEST_INVALID', /key: found ""/],
  ['an odd choice', { workflow: '/a/b', onConflict: 'x' }, {}, 400, 'REQUEST_INVALID', /"return" or "replace"/],
  ['an unknown workflow', { workflow: '/no/such' }, {}, 404, 'WORKFLOW_UNKNOWN', /\/no\/such/],
  ['no key', { workflow: '/a/b' }, { 'idempotency-key': 'x' }, 404, 'WORKFLOW_UNKNOWN', /./],
  ['a bad user', { workflow: '/a/b' }, { 'millrace-user': 'a b' }, 400, 'REQUEST_INVALID', /millrace-user/],
  ['a large body', { workflow: '/a/b', input: { x: 'x'.repeat(1_100_000) } }, {}, 413, 'BODY_TOO_LARGE', /large/],
  ['plain text', 'x', { 'content-type': 'text/plain' }, 415, 'MEDIA_TYPE_UNSUPPORTED', /./],
])('POST /v1/instances refuses %s', async (_, body, headers, status, code, detail) => {
  expect(await world.post('/v1/instances', body, headers)).toMatchObject(refused(status, code, detail));
});

test('POST /v1/instances refuses what no instance can hold, with the field', async () => {
  const workflow = await world.deploy(['echo']);
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  for (const [input, field] of [
    [`{"a": ${deep}}`, /nested at most 100/],
    ['{"a": "\\u0000"}', /input\.a: holds a NUL/],
    ['{"a": {"__proto__": 1}}', /reserved/],
    [`{"a": "${'x'.repeat(300_000)}"}`, /at most 262144 bytes/],
  ] as const) {
    const answer = await world.post('/v1/instances', `{"workflow": "${workflow}", "input": ${input}}`);
    expect(answer).toMatchObject(refused(400, 'INPUT_INVALID', field));
  }
});

test('GET /v1/instances: counts and pages, by scope and state', async () => {
  const name = `${world.branch()}flow`;
  const workflow = await world.deploy(['echo'], name);
  const other = await world.deploy([{ function: 'alwaysFails', retry: noRetry }], `${name}2`);
  const ids = await world.engine.submit([
    ...Array.from({ length: 30 }, (_, n) => ({ workflow: n % 3 === 0 ? other : workflow, priority: 1 + (n % 2) })),
    { workflow, eligibleAtMs: 32_000_000_000_000 },
  ]);
  await Promise.all(ids.slice(0, 30).map(id => world.engine.result(id)));
  const branch = encodeURIComponent(name.slice(0, name.lastIndexOf('/') + 1));
  const first = await world.get(`/v1/instances?scope=${branch}&limit=20`);
  expect(first.body.counts).toEqual([
    { workflow, state: 'finished', instances: 20 },
    { workflow, state: 'ready', instances: 1 },
    { workflow: other, state: 'failed', instances: 10 },
  ]);
  const second = await world.get(`/v1/instances?scope=${branch}&limit=20&after=${first.body.next}`);
  expect(second.body).toMatchObject({ counts: null, next: null });
  const found = [...first.body.instances, ...second.body.instances];
  expect(found.map(({ instance }) => instance)).toEqual(ids);
  expect(found[0]).toEqual({ instance: ids[0], workflow: other, workflowVersion: 1, state: 'failed' });
  expect(found[30]).toMatchObject({ state: 'ready' });
  const failed = await world.get(`/v1/instances?scope=${encodeURIComponent(name)}2&state=failed`);
  expect(failed.body.instances.map(({ instance }: { instance: string }) => instance)).toEqual(
    ids.filter((_, n) => n < 30 && n % 3 === 0),
  );
  await world.engine.pause(ids[30]!);
  expect((await world.get(`/v1/instances?scope=${branch}&state=paused`)).body.instances).toHaveLength(1);
  expect((await world.get(`/v1/instances?scope=${branch}&state=removed`)).body).toEqual({
    counts: [],
    instances: [],
    next: null,
  });
  for (const [query, code, detail] of [
    ['scope=x', 'NAMESPACE_INVALID', /./],
    [`scope=${ids[0]}`, 'NAMESPACE_INVALID', /names an instance/],
    ['state=x', 'REQUEST_INVALID', /query: state: found "x"/],
    ['limit=0', 'REQUEST_INVALID', /from 1 to 1,000/],
    ['limit=ten', 'REQUEST_INVALID', /limit: found "ten"/],
    ['after=x', 'CURSOR_INVALID', /./],
    ['page=2', 'REQUEST_INVALID', /unknown key "page"/],
  ] as const) {
    expect(await world.get(`/v1/instances?${query}`), query).toMatchObject(refused(400, code, detail));
  }
});

test('GET /v1/instances/:name, by id, full name and given name, with odd characters', async () => {
  const workflow = await world.deploy(['echo']);
  const name = 'Bestellung/ü 17%';
  const id = await world.engine.submit({ workflow, name, input: { n: 1 } });
  await world.engine.result(id);
  for (const each of [id, `${workflow}/${id}`, name]) {
    const { status, body } = await world.get(`/v1/instances/${encodeURIComponent(each)}`);
    expect(status).toBe(200);
    expect(body).toEqual(await world.engine.show(id));
  }
  expect(await world.get('/v1/instances/nobody')).toMatchObject(refused(404, 'INSTANCE_UNKNOWN', /nobody/));
  expect(await world.get('/v1/instances/%00')).toMatchObject(refused(400, 'REQUEST_INVALID'));
  expect(await world.get('/v1/instances/%ff')).toMatchObject(refused(400, 'REQUEST_INVALID'));
  expect(await world.get(`/v1/instances/${'x'.repeat(1_100)}`)).toMatchObject(refused(400, 'REQUEST_INVALID'));
});

test('GET .../result: at once, or when it has ended; 202 while it goes on', async () => {
  const workflow = await world.deploy(['echo']);
  const eligibleAtMs = Date.now() + 86_400_000;
  const id = await world.engine.submit({ workflow, eligibleAtMs });
  const pending = { status: 202, body: { instance: id, state: 'pending' } };
  expect(await world.get(`/v1/instances/${id}/result`)).toMatchObject(pending);
  expect(await world.get(`/v1/instances/${id}/result?waitMs=30`)).toMatchObject(pending);
  const waiting = world.get(`/v1/instances/${id}/result?waitMs=30000`);
  await world.engine.remove(id);
  expect(await waiting).toMatchObject({ status: 200, body: { instance: id, state: 'removed', error: null } });
  expect(await world.get(`/v1/instances/${id}/result`)).toMatchObject({ status: 200, body: { state: 'removed' } });
  const failing = await world.deploy([{ function: 'alwaysFails', retry: noRetry }]);
  const failed = await world.engine.submit({ workflow: failing });
  expect(await world.get(`/v1/instances/${failed}/result?waitMs=30000`)).toMatchObject({
    status: 200,
    body: { state: 'failed', result: null, error: { action: 'a1', code: expect.any(String) } },
  });
  expect(await world.get('/v1/instances/nobody/result?waitMs=30000')).toMatchObject(refused(404, 'INSTANCE_UNKNOWN'));
  const none = '01a1ff5f-3d3d-7000-9259-b21893d90000';
  expect(await world.get(`/v1/instances/${none}/result?waitMs=30000`)).toMatchObject(refused(404, 'INSTANCE_UNKNOWN'));
  expect(await world.get(`/v1/instances/${none}/result`)).toMatchObject(refused(404, 'INSTANCE_UNKNOWN'));
  expect(await world.get(`/v1/instances/${id}/result?waitMs=60001`)).toMatchObject(refused(400, 'REQUEST_INVALID'));
});

test('POST /v1/operations: pause, resume, recover, remove, with who asked for it', async () => {
  const workflow = await world.deploy([{ function: 'alwaysFails', retry: noRetry }]);
  const eligibleAtMs = Date.now() + 86_400_000;
  const ids = await world.engine.submit([{ workflow, eligibleAtMs }, { workflow, eligibleAtMs }, { workflow }]);
  await world.engine.result(ids[2]!);
  const ask = (operation: string, target: string) =>
    world.post(`/v1/operations/${operation}`, { target }, { 'millrace-user': 'oscar' });
  expect((await ask('pause', workflow)).body).toMatchObject({ operation: 'pause', target: workflow, contexts: 2 });
  expect((await ask('resume', `${workflow}/${ids[0]}`)).body).toMatchObject({ contexts: 1 });
  expect((await ask('resume', workflow.slice(0, -4))).body).toMatchObject({ contexts: 1 });
  expect((await ask('recover', ids[2]!)).body).toMatchObject({ contexts: 1, segments: 1 });
  await world.engine.result(ids[2]!);
  const onto = { target: ids[2]!, onto: 1, map: { a1: 'a1' } };
  expect((await world.post('/v1/operations/recover', onto)).body).toMatchObject({ contexts: 1, segments: 1 });
  await world.engine.result(ids[2]!);
  expect((await ask('remove', workflow)).body).toMatchObject({ contexts: 3 });
  const { body } = await world.get(`/v1/audit?instance=${ids[0]}&order=newest&limit=50`);
  expect(body.events.map(({ user }: { user: string }) => user)).toContain('oscar');
  expect(await ask('pause', 'x')).toMatchObject(refused(400, 'NAMESPACE_INVALID'));
  expect(await ask('pause', `/no/such/${ids[0]}`)).toMatchObject(refused(404, 'INSTANCE_UNKNOWN'));
  expect(await world.post('/v1/operations/pause', {})).toMatchObject(
    refused(400, 'REQUEST_INVALID', /target: is missing/),
  );
  expect((await ask('interrupt', workflow)).body).toMatchObject({ operation: 'interrupt', contexts: 0 });
  expect(await ask('interrogate', workflow)).toMatchObject(refused(404, 'ROUTE_UNKNOWN'));
  expect(await world.post('/v1/operations/pause', { target: workflow, from: 'a1' })).toMatchObject(
    refused(400, 'REQUEST_INVALID', /from: is not known|from/),
  );
  expect(await world.post('/v1/operations/restart', { target: workflow, from: 'nowhere' })).toMatchObject({
    body: { contexts: 0, instances: 0 },
  });
  const dry = await world.post('/v1/operations/pause', { target: workflow, dryRun: true });
  expect(dry.body).toEqual({ operation: 'pause', target: workflow, contexts: 0, instances: 0, segments: 0 });
});

test('POST /v1/operations/signal: raised, cleared, counted, and audited with who asked', async () => {
  const name = `${world.branch()}flow`;
  const actions = [{ name: 'wait', type: 'manual', monitor: ['stop'] }];
  await world.ask('PUT', '/v1/workflows', { definition: { name, actions, flows: [] } });
  const id = await world.engine.submit({ workflow: name, input: {} });
  const ask = (asked: object) => world.post('/v1/operations/signal', asked, { 'millrace-user': 'oscar' });
  const told = { target: id, signal: 'stop', contexts: 1, instances: 1 };
  expect((await ask({ target: id, signal: 'stop', dryRun: true })).body).toEqual(told);
  expect((await ask({ target: id, signal: 'stop', clear: true })).body).toEqual({ ...told, contexts: 0, instances: 0 });
  expect(await ask({ target: name, signal: 'halt' })).toMatchObject(
    refused(404, 'SIGNAL_UNKNOWN', /monitors a signal "halt"/),
  );
  expect(await ask({ target: id, signal: "it's" })).toMatchObject(
    refused(400, 'INPUT_INVALID', /not a name for a signal/),
  );
  expect(await ask({ target: 'x', signal: 'stop' })).toMatchObject(refused(400, 'NAMESPACE_INVALID'));
  expect(await ask({ target: id })).toMatchObject(refused(400, 'REQUEST_INVALID', /signal: is missing/));
  expect(await ask({ target: id, signal: 'stop', raise: 1 })).toMatchObject(refused(400, 'REQUEST_INVALID', /raise/));
  expect((await ask({ target: id, signal: 'stop' })).body).toEqual(told);
  expect((await world.engine.result(id)).state).toBe('finished');
  const { body } = await world.get('/v1/audit?order=newest&limit=20');
  const calls = body.events.filter(({ shortName }: { shortName: string }) => shortName === 'ExitingCall');
  expect(calls[0]).toMatchObject({ user: 'oscar', message: `raiseSignal: stop, ${id}, 1 instances` });
});

test('PUT and GET /v1/workflows', async () => {
  const name = `${world.branch()}flow`;
  const definition = { name, actions: [{ name: 'a', type: 'null' }], flows: [] };
  const put = (more: object) =>
    world.ask('PUT', '/v1/workflows', { definition: { ...definition, ...more } }, { 'millrace-user': 'dora' });
  expect(await put({})).toMatchObject({ status: 200, body: { name, version: 1 } });
  expect((await put({})).body.version).toBe(1);
  expect((await put({ priority: 5 })).body.version).toBe(2);
  const { body: audit } = await world.get('/v1/audit?order=newest&limit=1');
  expect(audit.events[0]).toMatchObject({ user: 'dora', message: `deploy: ${name}, version 2` });
  const versions = await world.get(`/v1/workflows?name=${encodeURIComponent(name)}`);
  expect(versions.body.workflows.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
  expect(versions.body.workflows[0].definition).toEqual({ ...definition, priority: 5 });
  const names: string[] = [];
  for (let after = ''; ; ) {
    const { body } = await world.get(`/v1/workflows?limit=2${after}`);
    names.push(...body.workflows.map((each: { name: string }) => each.name));
    expect(body.workflows[0].definition).toBeUndefined();
    if (body.next === null) break;
    after = `&after=${body.next}`;
  }
  expect(names.filter(each => each === name)).toHaveLength(1);
  expect(new Set(names).size).toBe(names.length);
  const faulty = await put({ prio: 1, actions: [{ name: 'a', type: 'nul' }] });
  expect(faulty).toMatchObject(refused(400, 'WORKFLOW_INVALID'));
  expect(faulty.body.faults.map(({ path }: { path: string }) => path)).toEqual(
    expect.arrayContaining(['prio', 'actions[0].type']),
  );
  expect(await world.get('/v1/workflows?name=%2Fno%2Fsuch')).toMatchObject(refused(404, 'WORKFLOW_UNKNOWN'));
  expect(await world.get('/v1/workflows?after=x')).toMatchObject(refused(400, 'CURSOR_INVALID'));
  const relative = { definition, baseFolder: './here' };
  expect(await world.ask('PUT', '/v1/workflows', relative)).toMatchObject(refused(400, 'REQUEST_INVALID', /absolute/));
});

test('GET /v1/audit: pages in one order, forwards and backwards, each event once', async () => {
  const workflow = await world.deploy(['echo', { function: 'echo', break: true }]);
  const ids = await world.engine.submit(Array.from({ length: 20 }, (_, n) => ({ workflow, input: { n } })));
  await Promise.all(ids.map(id => world.engine.result(id)));
  const walk = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await world.get(`/v1/audit?workflow=${encodeURIComponent(workflow)}&${query}${after}`);
      found.push(...body.events.map((event: object) => JSON.stringify(event)));
      if (body.isEnd) return found;
      after = `&after=${body.next}`;
    }
  };
  const all = await walk('limit=5000');
  expect(all.length).toBeGreaterThan(20 * 6);
  expect(await walk('limit=7')).toEqual(all);
  expect((await walk('limit=7&order=newest')).reverse()).toEqual(all);
  expect(new Set(all).size).toBe(all.length);
  const one = await world.get(`/v1/audit?instance=${ids[3]}&event=EnteringAction`);
  expect(one.body.events.map(({ action, instance }: Record<string, string>) => [action, instance])).toEqual([
    ['a1', ids[3]],
    ['a2', ids[3]],
  ]);
  expect(one.body.events[0].data).toEqual({ n: 3 });
  expect((await world.get(`/v1/audit?sinceMs=${Date.now() + 3_600_000}`)).body).toMatchObject({
    events: [],
    isEnd: true,
  });
  expect(await world.get('/v1/audit?after=1.2.3')).toMatchObject(refused(400, 'CURSOR_INVALID'));
  expect(await world.get('/v1/audit?limit=5001')).toMatchObject(refused(400, 'REQUEST_INVALID'));
  expect(await world.get('/v1/audit?instance=nobody')).toMatchObject(refused(404, 'INSTANCE_UNKNOWN'));
});

test('POST /v1/messages: a message is durable, or refused', async () => {
  const publisher = '/messages/orders';
  expect(await world.post('/v1/messages', { publisher, data: { n: 1 }, style: 'queue', priority: 2 })).toMatchObject({
    status: 201,
    body: { publisher },
  });
  const [stored] = await world.engine.query('select data, priority from millrace_message where publisher = $1', [
    publisher,
  ]);
  expect(stored).toEqual(['{"n":1}', '2']);
  const again = await world.post('/v1/messages', { publisher, data: 1, style: 'topic' });
  expect(again).toMatchObject(refused(409, 'PUBLISHER_STYLE', /other style|another style/));
  expect(await world.post('/v1/messages', { publisher: 'x', data: 1 })).toMatchObject(
    refused(400, 'NAMESPACE_INVALID'),
  );
  const soon = { publisher, data: 1, expires: 'soon' };
  expect(await world.post('/v1/messages', soon)).toMatchObject(refused(400, 'INPUT_INVALID', /expires/));
  expect(await world.post('/v1/messages', { publisher })).toMatchObject(refused(400, 'REQUEST_INVALID'));
});

test('GET /metrics is Prometheus text; other routes and methods are refused', async () => {
  const { status, type, text } = await world.get('/metrics');
  expect({ status, type }).toEqual({ status: 200, type: 'text/plain' });
  expect(text).toMatch(/^# HELP /);
  expect(text).toMatch(/\nmillrace_submitted_total \d+\n/);
  expect(text).toMatch(/\nmillrace_ready \d+\n/);
  expect(await world.get('/health')).toMatchObject(refused(404, 'ROUTE_UNKNOWN'));
  const wrong = await world.ask('DELETE', '/v1/instances');
  expect(wrong).toMatchObject(refused(405, 'METHOD_NOT_ALLOWED'));
  expect(wrong.headers.get('allow')).toBe('POST, GET');
});

test('PUT, GET and DELETE /v1/configuration: what is set holds, with who set it, until it is taken away', async () => {
  const branch = world.branch();
  const set = (body: object) => world.ask('PUT', '/v1/configuration', { branch, ...body }, { 'millrace-user': 'ann' });
  const get = async (query: string) => (await world.get(`/v1/configuration?${query}`)).body;
  expect(await set({ property: 'priority', value: 5, dryRun: true })).toMatchObject({
    status: 200,
    body: { branch, property: 'PRIORITY', before: { value: 10, source: 'default' }, now: { value: 5 } },
  });
  const { version } = await get('');
  const now = {
    ...{ property: 'PRIORITY', value: 5, source: 'operation', branch, by: 'ann', atMs: expect.any(Number) },
    ...{ version: version + 1, file: null, line: null, covered: null },
  };
  expect((await set({ property: 'priority', value: 5 })).body).toMatchObject({ version: version + 1, now });
  await set({ property: 'X', value: { a: [null] } });
  expect((await get('')).properties).toMatchObject([now, { property: 'X', value: { a: [null] } }]);
  expect(await get(`branch=${branch}deep&property=priority`)).toEqual({
    version: version + 2,
    properties: [now],
    throttles: [],
  });
  expect((await get('branch=/')).properties).toMatchObject([{ property: 'PRIORITY', source: 'default', branch: null }]);
  const unset = (query: string) => world.ask('DELETE', `/v1/configuration?branch=${branch}&property=PRIORITY${query}`);
  expect((await unset('&dryRun=true')).body).toMatchObject({ before: now, now: { source: 'default' } });
  expect((await unset('')).body).toMatchObject({ version: version + 3, before: now, now: { value: 10 } });
  await world.ask('DELETE', `/v1/configuration?branch=${branch}&property=x`);
  expect((await get('')).properties).toEqual([]);
});

test.each<[string, object, string, RegExp]>([
  ['a priority that is none', { branch: '/a', property: 'PRIORITY', value: 'x' }, 'SETTING_INVALID', /VALUE_INVALID/],
  ['what would have no effect', { branch: '/a', property: 'A B', value: 1 }, 'SETTING_INVALID', /PROPERTY_INVALID/],
  ['no branch', { branch: 'a', property: 'X', value: 1 }, 'SETTING_INVALID', /NAMESPACE_INVALID/],
  ['null', { branch: '/a', property: 'X', value: null }, 'SETTING_INVALID', /found null/],
  ['no value', { branch: '/a', property: 'X' }, 'REQUEST_INVALID', /value: is missing/],
])('PUT /v1/configuration refuses %s', async (_, body, code, detail) => {
  expect(await world.ask('PUT', '/v1/configuration', body)).toMatchObject(refused(400, code, detail));
});
