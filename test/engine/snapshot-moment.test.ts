// A snapshot is of one moment, whatever moves while it is read; and finds a given name among many.

import { expect, test } from 'vitest';
import type { Definitions } from '../../src/engine/definitions/definitions.js';
import type { Instances } from '../../src/engine/reads/instances.js';
import { Snapshots } from '../../src/engine/reads/snapshot.js';
import { systemClock } from '../../src/observe/clock.js';
import type { Segment, Shared, Store } from '../../src/store/contract.js';
import type { Json } from '../../src/workflow/model.js';
import { ownWorld } from './setup.js';

const id = '01a1ff5f-3d3d-7000-9259-b21893d90000';

/** An instance whose attempt depends on how often it has been looked at; its error and its body name the attempt. */
function moving(
  attemptOf: (look: number) => number,
  bodies: (body: string) => string | null = () => '{}',
  sharedOf: ((looks: number) => Shared[]) | null = null,
) {
  let looks = 0;
  const segment = (): Segment =>
    ({
      // Each time it moves it is another segment.
      id: `s${attemptOf(looks)}`,
      context: sharedOf === null ? 0 : 2,
      ordinals: Uint16Array.of(0),
      body: `body ${attemptOf(looks)}`,
      workflow: 1,
      place: 0,
      transaction: 0,
      attempt: attemptOf(looks),
      state: 'ready',
      requests: 0,
      memberRequests: null,
      failures: null,
      revision: 0,
      priority: null,
      eligibleAtMs: 0,
    }) as unknown as Segment;
  const store = {
    locate: async () => {
      looks += 1;
      return { kind: 'open', instance: id, contexts: [{ segment: segment(), position: 0 }] };
    },
    shared: async () => sharedOf?.(looks) ?? [],
    origin: async () => null,
    query: async (_: string, [body]: readonly string[]) => [[bodies(body!)]],
  } as unknown as Store;
  const definitions = {
    ensure: async () => undefined,
    byNumber: () => ({
      version: { name: '/a', version: 1, definition: '{}', baseFolder: '/' },
      plan: { actions: [{ name: 'a1' }] },
    }),
  } as unknown as Definitions;
  const instances = {
    idOf: async () => id,
    errorOf: async (): Promise<Json> => ({ attempt: attemptOf(looks) }),
  } as unknown as Instances;
  return new Snapshots(store, definitions, instances, systemClock);
}

test('an error out of the audit is believed only if the instance has not moved meanwhile', async () => {
  // It moves between the first two looks, and stands from then on.
  const snapshot = await moving(look => (look < 2 ? 1 : 2)).of('given');
  expect(snapshot.contexts).toMatchObject([{ attempt: 3 }]);
  expect(snapshot.error).toEqual({ attempt: 2 });
  expect(snapshot.instance.name).toBe('given');
});

test('one whose body has gone is looked for where it is now', async () => {
  const snapshot = await moving(
    look => Math.min(look, 3),
    body => (body === 'body 3' ? '{"x":1}' : null),
  ).of('given');
  expect(snapshot.contexts).toMatchObject([{ attempt: 4, variables: { x: 1 } }]);
});

test('one that moves whenever it is looked at is given up', async () => {
  await expect(moving(look => look).of('given')).rejects.toThrow(/OPERATION_CONTENDED/);
});

test('what a context shares is of its moment, too: of one that splits between the two reads both are read again', async () => {
  const kept = '{"machine":{},"variables":{"0":{"n":7}}}';
  const row = { workflow: 1, version: 3, state: kept } as unknown as Shared;
  // Its shared row is asked for before it has split, and it is looked for when it has.
  const snapshot = await moving(
    () => 1,
    () => '{}',
    looks => (looks === 0 ? [] : [row]),
  ).of('given');
  expect(snapshot.variables).toEqual({ n: 7 });
});

test('a given name is found among ten thousand others', async () => {
  const { engine, deploy, branch } = await ownWorld('memory');
  const workflow = await deploy(['echo']);
  const eligibleAtMs = 32_000_000_000_000;
  const records = Array.from({ length: 10_500 }, (_, n) => ({
    workflow,
    name: `${String(n).padStart(5, '0')} of ${branch}flow`,
    eligibleAtMs,
  }));
  const ids = await engine.submit(records);
  for (const n of [0, 9_999, 10_000, 10_499]) {
    expect((await engine.export(ids[n]!)).instance.name).toBe(records[n]!.name);
  }
  const nameless = await engine.submit({ workflow, eligibleAtMs });
  expect((await engine.export(nameless)).instance.name).toBe(null);
}, 120_000);
