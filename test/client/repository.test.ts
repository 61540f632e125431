// Stored workflows, snapshots, and why an instance waits, by the client against the real service.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/index.js';
import { ServiceWorld } from '../api/setup.js';
import { definitionOf, here } from '../engine/setup.js';

let world: ServiceWorld;
let client: Client;
beforeAll(async () => {
  world = await ServiceWorld.open();
  await world.engine.start();
  client = createClient({ urls: [world.url], user: 'bob' });
}, 60_000);
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
}, 60_000);

test('store, look, copy, submit a version', async () => {
  const name = `${world.branch()}flow`;
  await client.deploy(definitionOf(name, ['echo']), { baseFolder: here });
  await client.deploy(definitionOf(name, ['nothing']), { baseFolder: here });
  const first = await client.workflow(name, { version: 1 });
  expect(first).toMatchObject({ name, version: 1, definition: definitionOf(name, ['echo']) });
  expect((await client.workflow(name)).version).toBe(2);
  expect(await client.copyWorkflow({ from: name, version: 1, to: `${name}2` })).toEqual({
    name: `${name}2`,
    version: 1,
  });
  const [byCopy, byVersion] = await client.submit([
    { workflow: `${name}2`, input: { n: 1 } },
    { workflow: name, workflowVersion: 1, input: { n: 2 } },
  ]);
  expect([(await client.result(byCopy!)).result, (await client.result(byVersion!)).result]).toEqual([
    { n: 1 },
    { n: 2 },
  ]);
  await expect(client.workflow(name, { version: 3 })).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN', status: 404 });
  await expect(client.copyWorkflow({ from: name, to: 'flow' })).rejects.toMatchObject({ code: 'NAMESPACE_INVALID' });
});

test('export', async () => {
  const workflow = await world.deploy(['echo']);
  const name = `a name of ${workflow}`;
  const id = await client.submit({ workflow, name, input: { n: 1 }, eligibleAtMs: 32_000_000_000_000 });
  const snapshot = await client.export(name);
  expect(snapshot).toEqual({ ...(await world.engine.export(id)), exportedAtMs: snapshot.exportedAtMs });
  expect(snapshot).toMatchObject({ format: 'millrace-snapshot', version: 1, instance: { id, submitter: 'bob' } });
  // What was exported can be stored again, elsewhere or here.
  const { definition, baseFolder } = snapshot.workflow;
  expect(await client.deploy(definition, { baseFolder })).toEqual({ name: workflow, version: 1 });
  await expect(client.export('nobody')).rejects.toMatchObject({ code: 'INSTANCE_UNKNOWN' });
});

test('why', async () => {
  const workflow = await world.deploy(['echo']);
  const id = await client.submit({ workflow, eligibleAtMs: 32_000_000_000_000 });
  const told = await client.why(`${workflow}/${id}`);
  expect(told).toEqual({ ...(await world.engine.why(id)), atMs: told.atMs, reasons: [expect.anything()] });
  expect(told.reasons).toMatchObject([{ code: 'notBefore', data: { untilMs: 32_000_000_000_000 }, command: null }]);
  await expect(client.why('nobody')).rejects.toMatchObject({ code: 'INSTANCE_UNKNOWN', status: 404 });
});
