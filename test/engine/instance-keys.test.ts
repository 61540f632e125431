// The key of an instance: as it was submitted, in the store, in the queue and in all that comes of the instance.

import { expect, test } from 'vitest';
import { offerOf } from '../../src/engine/queueing/offers.js';
import { definitionOf, here, noRetry, ownWorld, type Step } from './setup.js';

const keysOf = (workflow: string) =>
  `select key, count(*), count(distinct segment) from millrace_instances where workflow = '${workflow}'
   group by key order by key nulls first`;

test('keys part a batch, stay through breaks, retries and a restart, and are told', async () => {
  const { engine, branch } = await ownWorld('memory');
  const workflow = `${branch}flow`;
  const steps: Step[] = [
    { function: 'echo', break: true },
    { function: 'flaky', retry: noRetry },
  ];
  await engine.deploy(definitionOf(workflow, steps), here);
  const records = ['null', undefined, 'a | ü', 'null', undefined, 'null'].map(key => ({
    workflow,
    input: { fails: 9 },
    ...(key === undefined ? {} : { key }),
  }));
  // Those alike wait together.
  const eligibleAtMs = Date.now() + 3_600_000;
  const waiting = await engine.submit(records.map(record => ({ ...record, eligibleAtMs })));
  const told = async () => (await engine.query(keysOf(workflow))).map(row => row.map(String).join(' '));
  expect(await told()).toEqual(['null 2 1', 'a | ü 1 1', 'null 3 1']);
  for (const id of waiting) await engine.remove(id);
  const ids = await engine.submit(records);
  for (const id of ids) expect((await engine.result(id)).state).toBe('failed');
  expect((await engine.show(ids[2]!)).key).toBe('a | ü');
  expect((await engine.show(ids[1]!)).key).toBeNull();
  expect((await engine.export(ids[0]!)).instance.key).toBe('null');
  const of = ['null 2', 'a | ü 1', 'null 3'];
  await engine.restart(workflow);
  await expect.poll(async () => (await told()).map(each => each.slice(0, -2)), { timeout: 60_000 }).toEqual(of);
  // What an instance begins beside itself is its own work still.
  const begins = { name: 'begins', type: 'workflow', workflow, input: { fails: 9 }, wait: false } as const;
  await engine.deploy({ name: `${branch}begins`, actions: [begins], flows: [] }, here);
  await engine.result(await engine.submit({ workflow: `${branch}begins`, key: 'c' }));
  expect((await told()).map(each => each.slice(0, -2))).toEqual(['null 2', 'a | ü 1', 'c 1', 'null 3']);
});

test('a key that is none is refused, with the record', async () => {
  const { engine, deploy } = await ownWorld('memory');
  const workflow = await deploy(['echo']);
  for (const key of ['', 'a\nb', '\ud800', 'ü'.repeat(65), 7 as unknown as string]) {
    await expect(engine.submit([{ workflow }, { workflow, key }])).rejects.toThrow(/INPUT_INVALID: record 1: key: /);
  }
  expect((await engine.result(await engine.submit({ workflow, key: 'ü'.repeat(64) }))).state).toBe('finished');
});

test('an offer has the key of its segment, and none is said where there is none', () => {
  const segment = { id: 's', name: '/f', priority: null, eligibleAtMs: 1, createdAtMs: 1, waitsFor: null };
  const offered = (key: string | null) => offerOf({ ...segment, key } as Parameters<typeof offerOf>[0], 0, 2);
  expect(offered('x')).toMatchObject({ key: 'x', from: 0, to: 2 });
  expect(offered(null)).not.toHaveProperty('key');
});
