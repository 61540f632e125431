// The routes of stored workflows, and the export of an instance.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { definitionOf, here } from '../engine/setup.js';
import { ServiceWorld } from './setup.js';

let world: ServiceWorld;
beforeAll(async () => {
  world = await ServiceWorld.open();
  await world.engine.start();
}, 60_000);
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
}, 60_000);

const pathOf = (name: string): string => `/v1/workflows/${encodeURIComponent(name)}`;

test('GET /v1/workflows/:name: the newest version, or the one asked for, as it can be stored again', async () => {
  const name = await world.deploy(['echo']);
  await world.deploy(['nothing'], name);
  const { status, body } = await world.get(pathOf(name));
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      name,
      version: 2,
      createdAtMs: expect.any(Number),
      definition: definitionOf(name, ['nothing']),
      baseFolder: here.slice(0, -1),
    },
  });
  const first = await world.get(`${pathOf(name)}?version=1`);
  expect(first.body).toMatchObject({ version: 1, definition: definitionOf(name, ['echo']) });
  const { definition, baseFolder } = body;
  expect((await world.ask('PUT', '/v1/workflows', { definition, baseFolder })).body).toEqual({ name, version: 2 });
});

test('GET /v1/workflows/:name refuses what is not there, and what is no version', async () => {
  const name = await world.deploy(['echo']);
  for (const [path, status, code] of [
    [pathOf(`${name}x`), 404, 'WORKFLOW_UNKNOWN'],
    [`${pathOf(name)}?version=2`, 404, 'WORKFLOW_UNKNOWN'],
    [`${pathOf(name)}?version=0`, 400, 'REQUEST_INVALID'],
    [`${pathOf(name)}?version=one`, 400, 'REQUEST_INVALID'],
    [`${pathOf(name)}?at=1`, 400, 'REQUEST_INVALID'],
    ['/v1/workflows/copy', 405, 'METHOD_NOT_ALLOWED'],
    ['/v1/workflows/..%2F..%2Fetc', 404, 'WORKFLOW_UNKNOWN'],
    [pathOf('/a/constructor'), 404, 'WORKFLOW_UNKNOWN'],
    [pathOf('/__proto__'), 404, 'WORKFLOW_UNKNOWN'],
  ] as const) {
    expect(await world.get(path), path).toMatchObject({ status, body: { code } });
  }
});

test('POST /v1/workflows/copy: a workflow of its own under another name', async () => {
  const from = await world.deploy(['echo']);
  await world.deploy(['nothing'], from);
  const to = `${world.branch()}made`;
  const copied = await world.post('/v1/workflows/copy', { from, version: 1, to }, { 'millrace-user': 'ann' });
  expect(copied).toMatchObject({ status: 200, body: { name: to, version: 1 } });
  expect((await world.get(pathOf(to))).body.definition).toEqual(definitionOf(to, ['echo']));
  expect((await world.post('/v1/workflows/copy', { from, to })).body).toEqual({ name: to, version: 2 });
  const submitted = await world.post('/v1/instances', { workflow: to, workflowVersion: 1, input: { n: 5 } });
  expect((await world.engine.result(submitted.body.instance)).result).toEqual({ n: 5 });
  for (const [body, status, code] of [
    [{ from, to: 'made' }, 400, 'NAMESPACE_INVALID'],
    [{ from, to: `${to}/../x` }, 400, 'NAMESPACE_INVALID'],
    [{ from, version: 9, to }, 404, 'WORKFLOW_UNKNOWN'],
    [{ from: '/no/such', to }, 404, 'WORKFLOW_UNKNOWN'],
    [{ from }, 400, 'REQUEST_INVALID'],
    [{ from, to, overwrite: true }, 400, 'REQUEST_INVALID'],
  ] as const) {
    expect(await world.post('/v1/workflows/copy', body), JSON.stringify(body)).toMatchObject({
      status,
      body: { code },
    });
  }
});

test('POST /v1/instances: a version of the workflow, in a stream too', async () => {
  const workflow = await world.deploy(['echo']);
  await world.deploy(['nothing'], workflow);
  const { body } = await world.stream([
    { workflow, input: { n: 1 } },
    { workflow, workflowVersion: 1, input: { n: 2 } },
    { workflow, workflowVersion: 2, input: { n: 3 } },
  ]);
  expect(body.at(-1)).toEqual({ done: 3 });
  const { instances } = (await world.get(`/v1/instances?scope=${encodeURIComponent(workflow)}`)).body;
  expect(instances.map(({ workflowVersion }: { workflowVersion: number }) => workflowVersion)).toEqual([2, 1, 2]);
  for (const [workflowVersion, status, code] of [
    [3, 404, 'WORKFLOW_UNKNOWN'],
    [0, 400, 'REQUEST_INVALID'],
    ['1', 400, 'REQUEST_INVALID'],
  ] as const) {
    expect(await world.post('/v1/instances', { workflow, workflowVersion })).toMatchObject({ status, body: { code } });
  }
});

test('GET /v1/instances/:name/export: what the engine exports', async () => {
  const workflow = await world.deploy(['echo', { function: 'echo', break: true }]);
  const name = `Auftrag/ü ${workflow}17`;
  const id = await world.engine.submit({ workflow, name, input: { n: 1 }, eligibleAtMs: 32_000_000_000_000 });
  for (const by of [id, name, `${workflow}/${id}`]) {
    const { status, body } = await world.get(`/v1/instances/${encodeURIComponent(by)}/export`);
    expect(status).toBe(200);
    expect(body).toEqual({ ...(await world.engine.export(id)), exportedAtMs: body.exportedAtMs });
  }
  await world.engine.remove(id);
  const { body } = await world.get(`/v1/instances/${id}/export`);
  expect(body).toEqual({ ...(await world.engine.export(id)), exportedAtMs: body.exportedAtMs });
  expect(body).toMatchObject({ instance: { state: 'removed', name }, contexts: [] });
  expect(await world.get('/v1/instances/nobody/export')).toMatchObject({
    status: 404,
    body: { code: 'INSTANCE_UNKNOWN' },
  });
});

test('GET /v1/forecast: what a stored timer would fire; a client asks the same', async () => {
  const name = `${world.branch()}timed`;
  const actions = [{ name: 'timer', type: 'timer', cron: '0 12 * * *', zone: 'UTC', count: 2 }];
  await world.ask('PUT', '/v1/workflows', { definition: { name, actions, flows: [] }, baseFolder: here });
  const [fromMs, toMs] = [Date.UTC(2035, 0, 1), Date.UTC(2035, 0, 5)];
  const { status, body } = await world.get(
    `/v1/forecast?scope=${encodeURIComponent(name)}&fromMs=${fromMs}&toMs=${toMs}`,
  );
  const firings = [1, 2].map(day => ({
    atMs: Date.UTC(2035, 0, day, 12),
    workflow: name,
    instance: null,
    action: 'timer',
  }));
  expect({ status, body }).toEqual({ status: 200, body: { firings, isCut: false } });
  const client = createClient({ urls: [world.url] });
  expect(await client.forecast({ scope: name, fromMs, toMs, limit: 1 })).toEqual({
    firings: [firings[0]],
    isCut: true,
  });
  for (const [query, code] of [
    ['', 'REQUEST_INVALID'],
    [`?fromMs=${fromMs}&toMs=${toMs}&limit=10001`, 'REQUEST_INVALID'],
    [`?fromMs=${toMs}&toMs=${fromMs}`, 'OPTION_INVALID'],
  ]) {
    expect(await world.get(`/v1/forecast${query}`), query).toMatchObject({ status: 400, body: { code } });
  }
});

test('GET /v1/runs: runs, what actions took and averages, in pages; cleared by whom; a client asks the same', async () => {
  const name = `${world.branch()}runs`;
  const actions = [{ name: 'only', type: 'null' }];
  await world.ask('PUT', '/v1/workflows', { definition: { name, actions, flows: [] }, baseFolder: here });
  const client = createClient({ urls: [world.url], user: 'dora' });
  const ids = await client.submit([1, 2, 3].map(n => ({ workflow: name, input: { n } })));
  for (const id of ids) await client.result(id);
  const scope = encodeURIComponent(name);
  const first = await world.get(`/v1/runs?scope=${scope}&limit=2&state=ended`);
  expect(first.body.runs.map(({ instance }: { instance: string }) => instance)).toEqual(ids.slice(0, 2));
  const rest = await world.get(`/v1/runs?scope=${scope}&limit=2&after=${first.body.next}`);
  expect(rest).toMatchObject({ status: 200, body: { runs: [{ instance: ids[2], state: 'ended', deadline: null }] } });
  const pages = async <Page>(generator: AsyncGenerator<Page>): Promise<Page[]> => {
    const found: Page[] = [];
    for await (const page of generator) found.push(page);
    return found;
  };
  const told = (await pages(client.runs({ scope: name, limit: 2 }))).flatMap(({ runs }) => runs);
  expect(told).toEqual([...first.body.runs, ...rest.body.runs]);
  const averages = (await pages(client.runAverages({ scope: name, limit: 1 }))).flatMap(page => page.averages);
  expect(averages.map(({ action, count }) => [action, count])).toEqual([
    [null, 3],
    ['only', 3],
  ]);
  expect(averages[0]!.averageMs).toBe(told[0]!.averageMs);
  expect((await world.get(`/v1/runs/averages?scope=${scope}`)).body).toEqual({ averages, next: null });
  const executions = (await pages(client.executions({ instance: ids[0]! }))).flatMap(page => page.executions);
  expect(executions).toMatchObject([{ workflow: name, action: 'only', attempt: 1, exit: 'normal' }]);
  expect((await world.get(`/v1/runs/executions?instance=${ids[0]}`)).body.executions).toEqual(executions);
  expect(await client.clearRunHistory(name)).toEqual({ runs: 3 });
  expect((await world.ask('POST', '/v1/runs/clear', { scope: name })).body).toEqual({ runs: 0 });
  expect((await pages(client.runAverages({ scope: name })))[0]!.averages).toMatchObject([{ count: 0, averageMs: -1 }]);
  for (const [path, code] of [
    ['/v1/runs?state=late', 'REQUEST_INVALID'],
    ['/v1/runs?limit=1001', 'REQUEST_INVALID'],
    ['/v1/runs?after=1.2', 'CURSOR_INVALID'],
    ['/v1/runs?scope=here', 'NAMESPACE_INVALID'],
    ['/v1/runs/executions', 'REQUEST_INVALID'],
    [`/v1/runs/executions?instance=${ids[0]}&after=x`, 'CURSOR_INVALID'],
    ['/v1/runs/averages?scope=here', 'NAMESPACE_INVALID'],
  ]) {
    expect(await world.get(path!), path).toMatchObject({ status: 400, body: { code } });
  }
});
