// The client against the real service over a real engine.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from '../../src/api/service.js';
import { type AuditEvent, type Client, createClient, newBatchKey, type SubmitRecord } from '../../src/client/index.js';
import { ServiceWorld } from '../api/setup.js';
import { definitionOf, here, noRetry } from '../engine/setup.js';

let world: ServiceWorld;
let client: Client;
beforeAll(async () => {
  world = await ServiceWorld.open();
  await world.engine.start();
  client = createClient({ urls: [world.url], user: 'bob' });
});
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
});

/** A name nobody has, `<branch>flow`. */
const flowOf = (steps: Parameters<ServiceWorld['deploy']>[0]): Promise<string> => world.deploy(steps);
const branchOf = (workflow: string): string => workflow.slice(0, -'flow'.length);

test('deploy, submit, wait, show', async () => {
  const name = `${world.branch()}flow`;
  const definition = definitionOf(name, ['echo']);
  expect(await client.deploy(definition, { baseFolder: here })).toEqual({ name, version: 1 });
  expect(await client.deploy(definition, { baseFolder: here })).toEqual({ name, version: 1 });
  const ids = await Promise.all(
    Array.from({ length: 100 }, (_, n) => client.submit({ workflow: name, input: { n }, priority: 1 + (n % 3) })),
  );
  const results = await Promise.all(ids.map(id => client.result(id)));
  expect(results.map(({ state, result }) => [state, result])).toEqual(ids.map((_, n) => ['finished', { n }]));
  expect(await client.show(`${name}/${ids[7]}`)).toMatchObject({
    instance: ids[7],
    state: 'finished',
    input: { n: 7 },
    submitter: 'bob',
  });
  const faulty = { ...definition, actions: [{ name: 'a', type: 'nonsense' }] } as unknown as typeof definition;
  const refused = client.deploy(faulty);
  await expect(refused).rejects.toMatchObject({ code: 'WORKFLOW_INVALID', status: 400, url: world.url });
  await expect(refused).rejects.toHaveProperty('faults.0.path', 'actions[0].type');
});

test('a message is published to who waits for it; what is refused says why', async () => {
  const branch = world.branch();
  const publisher = `${branch}orders`;
  const workflow = `${branch}takes`;
  await client.deploy({
    name: workflow,
    actions: [{ name: 'wait', type: 'message', publisher, selector: 'n > 1' }],
    flows: [],
  });
  const id = await client.submit({ workflow });
  for (const n of [1, 2]) expect(await client.publish({ publisher, data: { n }, priority: 3 })).toEqual({ publisher });
  expect((await client.result(id)).result).toMatchObject({ data: { n: 2 }, priority: 3, publisher });
  const refused = (message: object) => client.publish({ publisher, data: 1, ...message });
  await expect(refused({ style: 'topic' })).rejects.toMatchObject({ code: 'PUBLISHER_STYLE', status: 409 });
  await expect(refused({ publisher: 'orders' })).rejects.toMatchObject({ code: 'NAMESPACE_INVALID', status: 400 });
  await expect(refused({ expires: 'soon' })).rejects.toMatchObject({ code: 'INPUT_INVALID', status: 400 });
});

test('names and keys: a repeat answers the same; another batch under the key is refused', async () => {
  const workflow = await flowOf(['echo']);
  const name = `mine of ${workflow}`;
  const [a, b] = await Promise.all([client.submit({ workflow, name }), client.submit({ workflow, name })]);
  expect(a).toBe(b);
  await expect(client.submit({ workflow, name, onConflict: 'reject' })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  const key = newBatchKey();
  const some: SubmitRecord[] = [{ workflow, input: { n: 1 } }, { workflow }];
  const ids = await client.submit(some, { key });
  expect(await client.submit(some, { key })).toEqual(ids);
  await expect(client.submit([{ workflow }], { key })).rejects.toMatchObject({ code: 'KEY_REUSED', status: 409 });
  expect((await client.result(name)).instance).toBe(a);
});

test('one bad record among those of others in the same turn', async () => {
  const workflow = await flowOf(['echo']);
  const settled = await Promise.allSettled([
    client.submit({ workflow }),
    client.submit({ workflow: '/no/such' }),
    client.submit([{ workflow }, { workflow, priority: 0 }]),
    client.submit({ workflow, input: { text: 'a\0b' } }),
    client.submit([{ workflow }, { workflow }]),
  ]);
  const codes = settled.map(each => (each.status === 'rejected' ? [each.reason.code, each.reason.index] : null));
  expect(codes).toEqual([null, ['WORKFLOW_UNKNOWN', 0], ['INPUT_INVALID', 1], ['INPUT_INVALID', 0], null]);
  const [counts] = (await client.list({ scope: workflow }).next()).value!.counts!;
  expect(counts!.instances).toBe(3);
});

test('12,000 by submitMany; again under the key; a refused record; pages; what is deployed', async () => {
  const workflow = await flowOf(['echo']);
  let read = 0;
  function* records(count: number): Generator<SubmitRecord> {
    for (read = 0; read < count; read++) {
      yield read === 12_345 ? { workflow: '/no/such' } : { workflow, input: { n: read } };
    }
  }
  const key = newBatchKey();
  expect(await client.submitMany(records(12_000), { key })).toEqual({ submitted: 12_000 });
  // It ends though there are always more: behind the refusal nothing is read.
  const refused = client.submitMany(records(Number.POSITIVE_INFINITY), { key });
  await expect(refused).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN', index: 12_345, status: 404 });
  const ids: string[] = [];
  let counts: unknown = null;
  for await (const page of client.list({ scope: workflow, limit: 1_000 })) {
    counts ??= page.counts;
    ids.push(...page.instances.map(({ instance }) => instance));
  }
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.slice(0, 12_000)).toHaveLength(12_000);
  expect(ids.length % 500).toBe(0);
  expect(ids.length).toBeLessThanOrEqual(read - 499);
  expect(counts).not.toBeNull();
  const names: string[] = [];
  for await (const { workflows } of client.workflows({ limit: 1 })) names.push(...workflows.map(({ name }) => name));
  expect(names).toContain(workflow);
});

test('operations, and a result that failed', async () => {
  const workflow = await flowOf([{ function: 'broken', retry: noRetry }]);
  const id = await client.submit({ workflow });
  expect(await client.result(id)).toMatchObject({ state: 'failed', error: { message: 'broken' } });
  const told = { target: workflow, contexts: 1 };
  expect(await client.recover(workflow)).toMatchObject({ operation: 'recover', ...told });
  expect(await client.result(id)).toMatchObject({ state: 'failed' });
  const later = await client.submit({ workflow, eligibleAtMs: Date.now() + 3_600_000 });
  expect(await client.pause(later)).toMatchObject({ operation: 'pause', target: later, contexts: 1 });
  expect(await client.resume(later)).toMatchObject({ contexts: 1 });
  await expect(client.result(later, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_PASSED' });
  expect(await client.interrupt(later, { dryRun: true })).toMatchObject({ contexts: 0, instances: 0 });
  await expect(client.recover(workflow, { onto: 9 })).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN', status: 404 });
  expect(await client.recover(id, { onto: 1, map: { a1: 'a1' } })).toMatchObject({ operation: 'recover', contexts: 1 });
  expect(await client.result(id)).toMatchObject({ state: 'failed' });
  await expect(client.restart(later, { workflowVersion: 9 })).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN' });
  expect(await client.remove(branchOf(workflow))).toMatchObject({ contexts: 2 });
  expect((await client.result(later)).state).toBe('removed');
  await expect(client.pause('nonsense')).rejects.toMatchObject({ code: 'NAMESPACE_INVALID' });
  await expect(client.show('no-such')).rejects.toMatchObject({ code: 'INSTANCE_UNKNOWN', status: 404 });
});

test('signals: raised and cleared, with a dry run', async () => {
  const name = branchOf(await flowOf(['echo'])).concat('waits');
  const wait = { name: 'wait', type: 'manual' as const, monitor: ['stop'] };
  await client.deploy({ name, actions: [wait], flows: [] });
  const id = await client.submit({ workflow: name });
  const told = { target: name, signal: 'stop', contexts: 1, instances: 1 };
  expect(await client.raiseSignal(name, 'stop', { dryRun: true })).toEqual(told);
  expect(await client.clearSignal(name, 'stop')).toEqual({ ...told, contexts: 0, instances: 0 });
  await expect(client.raiseSignal(id, 'halt')).rejects.toMatchObject({ code: 'SIGNAL_UNKNOWN', status: 404 });
  expect(await client.raiseSignal(name, 'stop')).toEqual(told);
  expect((await client.result(id)).state).toBe('finished');
});

test('the audit: pages, and followed from a cursor; a given scope only', async () => {
  const workflow = await flowOf(['echo']);
  const from = (await client.auditPage({ order: 'newest', limit: 1 })).next;
  const id = await client.submit({ workflow });
  await client.result(id);
  const seen: AuditEvent[] = [];
  for await (const { cursor, ...event } of client.follow({ after: from, scope: workflow })) {
    expect(cursor).not.toBe('');
    seen.push(event);
    if (event.shortName === 'FlowChartRemoved') break;
  }
  expect(seen.every(event => event.workflow === workflow)).toBe(true);
  const paged: AuditEvent[] = [];
  for await (const { events } of client.audit({ workflow, limit: 2 })) paged.push(...events);
  expect(seen).toEqual(paged);
});

test('a follower over a restart of the service: each event once', async () => {
  const own = await ServiceWorld.own();
  await own.engine.start();
  const workflow = await own.deploy(['echo']);
  const { port } = new URL(own.url);
  const mine = createClient({ urls: [own.url] });
  const events = mine.follow({ scope: workflow, event: 'FlowChartRemoved', after: (await mine.auditPage()).next });
  const seen: (string | null)[] = [];
  const submitAndSee = async (count: number): Promise<string[]> => {
    const ids = await mine.submit(Array.from({ length: count }, () => ({ workflow })));
    for (let n = 0; n < count; n++) seen.push((await events.next()).value!.instance);
    return ids;
  };
  const first = await submitAndSee(300);
  // What happens while nobody serves is told afterwards.
  await own.service.close(1_000);
  const between = await own.engine.submit(Array.from({ length: 50 }, () => ({ workflow })));
  const again = await serve(own.engine, { port: Number(port) });
  for (let n = 0; n < 50; n++) seen.push((await events.next()).value!.instance);
  const last = await submitAndSee(10);
  await events.return();
  await again.close(1_000);
  expect([...seen].sort()).toEqual([...first, ...between, ...last].sort());
});

test('the runtime configuration: shown, set, taken away, each in who calls its name', async () => {
  const branch = world.branch();
  const name = { branch, property: 'HOST' };
  expect((await client.setProperty({ ...name, value: 'a', dryRun: true })).now).toMatchObject({
    value: 'a',
    by: 'bob',
  });
  expect((await client.configuration({ branch, property: 'host' })).properties).toEqual([]);
  const { version } = await client.setProperty({ ...name, value: { name: 'a' } });
  expect(await client.configuration(name)).toMatchObject({
    version,
    properties: [{ value: { name: 'a' }, by: 'bob' }],
  });
  expect(await client.unsetProperty({ ...name, dryRun: true })).toMatchObject({ version, now: null });
  expect(await client.unsetProperty(name)).toMatchObject({ version: version + 1, before: { by: 'bob' }, now: null });
  await expect(client.setProperty({ branch, property: 'PRIORITY', value: 0 })).rejects.toMatchObject({
    ...{ code: 'SETTING_INVALID', status: 400 },
  });
});
