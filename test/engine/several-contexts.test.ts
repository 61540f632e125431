// Instances with several flow contexts, as operators and clients meet them: their segments are put into the store as the
// engine would leave them, while it is stopped.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import type { Segment, Store } from '../../src/store/contract.js';
import { openPostgres } from '../../src/store/postgres/driver.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { auditEvents } from '../../src/workflow/events.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { nothing, rootOf, segmentOf } from '../store/conformance.js';
import { homeOptions, newBranch, temporaryFolder, World } from './setup.js';

const failure = { code: 'Broken', message: 'm', action: 'a2', attempt: 1, stack: '' };
const info = { kind: 'postgresql', location: '', durability: 'none' } as const;
const retention = { historyMs: null, auditMs: null };
/** Nothing begins meanwhile. */
const laterMs = Date.now() + 3_600_000;

type Given = Partial<Segment> & { readonly of?: readonly number[] };

describe.each(['memory', 'disk', 'cluster'] as const)('instances with several contexts, %s', home => {
  let engine: Engine;
  let store: Store;
  let world: World;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const folder = temporaryFolder();
    const options = await homeOptions(home, folder);
    const beside = async (driver: Parameters<typeof SqlStore.open>[0]): Promise<void> => {
      store = await SqlStore.open(driver, info, retention, auditEvents, Date.now());
    };
    const drivers: Parameters<typeof beside>[0][] = [];
    engine = await createEngine(
      { ...options, threads: 1, loggers: nullLoggers },
      { onDriver: made => void drivers.push(made) },
    );
    closing.push(() => engine.dispose(0));
    if (options.postgres) {
      const driver = await openPostgres(options.postgres);
      closing.push(() => driver.close());
      drivers.push(driver);
    }
    await beside(drivers[0]!);
    await engine.start();
    await engine.stop();
    world = new World(engine, home, folder, newBranch());
  }, 60_000);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  }, 60_000);

  /** A workflow of its own, and so many instances of it that stand in these contexts, numbered from 1. */
  async function split(name: string, members: number, contexts: readonly Given[]) {
    const workflow = await world.deploy(['echo', { function: 'echo', break: true }], name);
    const { number } = (await store.workflows()).find(each => each.name === workflow)!;
    const root = rootOf(members);
    const segments = contexts.map(({ of, ...more }, at) =>
      segmentOf(root, of ?? [...root.ordinals], {
        workflow: number,
        name: workflow,
        context: at + 1,
        place: 1,
        eligibleAtMs: laterMs,
        createdAtMs: 1,
        failures: more.state === 'failed' ? { errors: [failure], of: [] } : null,
        ...more,
      }),
    );
    const shared = Array.from(root.ordinals, ordinal => {
      return { root: root.id, ordinal, workflow: number, name: workflow, version: 0, state: '{}' };
    });
    expect(await store.commit({ ...nothing(), roots: [root], segments, shared })).toEqual({ kind: 'committed' });
    return { workflow, root: root.id, ids: Array.from(root.ordinals, ordinal => instanceId(root.id, ordinal)) };
  }

  const statesOf = async (id: string): Promise<Record<number, string>> => {
    const { contexts } = await engine.show(id);
    return Object.fromEntries(contexts!.map(({ context, state }) => [context, state]));
  };

  test.each([
    ['failed', ['ready', 'failed', 'paused']],
    ['ready', ['paused', 'joining', 'ready']],
    ['paused', ['waiting', 'paused', 'joining']],
    ['ready', ['waiting', 'joining']],
  ] as const)('one is %s when its contexts are %j: counted, listed and shown once', async (state, states) => {
    const contexts = states.map(each => ({ state: each }));
    const { workflow, root, ids } = await split(`shown-${states.join('-')}`, 3, contexts);
    expect(await engine.count(workflow)).toEqual([{ workflow, state, instances: 3 }]);
    expect(await engine.count(world.branch)).toContainEqual({ workflow, state, instances: 3 });
    for (const asked of ['ready', 'paused', 'failed', null] as const) {
      const { instances } = await engine.reads.instancePage(workflow, asked, null, 100);
      const expected = asked === null || asked === state ? ids : [];
      expect(instances).toEqual(expected.map(instance => ({ instance, workflow, workflowVersion: 1, state })));
    }
    const shown = await engine.show(ids[1]!);
    expect(shown).toMatchObject({ state, workflow, workflowVersion: 1, action: 'a2', attempt: 1 });
    expect(shown.contexts).toMatchObject(
      states.map((each, at) => ({ context: at + 1, state: each, action: 'a2', attempt: 1 })),
    );
    expect(shown.error).toEqual(state === 'failed' ? failure : null);
    expect(
      await engine.query(
        `select ordinal, workflow, state, error->>'code' from millrace_instances where root = $1::uuid order by ordinal`,
        [root],
      ),
    ).toEqual(['0', '1', '2'].map(ordinal => [ordinal, workflow, state, state === 'failed' ? 'Broken' : null]));
    expect(await engine.query('select count(*) from millrace_contexts where root = $1::uuid', [root])).toEqual([
      [String(3 * states.length)],
    ]);
  });

  test('instances of one root are told apart, and from one that has not split', async () => {
    const { workflow, root, ids } = await split('mixed', 4, [
      { of: [0, 1, 3], state: 'joining' },
      { of: [1], state: 'failed' },
      { of: [0, 3], state: 'paused' },
      { of: [2], context: 0, state: 'ready' },
      { of: [3], state: 'ready' },
    ]);
    const expected = ['paused', 'failed', 'ready', 'ready'];
    const { instances } = await engine.reads.instancePage(workflow, null, null, 100);
    expect(instances.map(({ instance, state }) => [instance, state])).toEqual(ids.map((id, at) => [id, expected[at]!]));
    // What its instances share is stored for all of this root; the one that has not split is counted by its segment.
    const counts = new Map((await engine.count(workflow)).map(({ state, instances }) => [state, instances]));
    expect(counts).toEqual(new Map([['failed', 1], ['paused', 1], ['ready', 2]])); // biome-ignore format: a table
    expect((await engine.show(ids[2]!)).contexts).toBeNull();
    expect(await statesOf(ids[3]!)).toEqual({ 1: 'joining', 3: 'paused', 5: 'ready' });
    expect(
      await engine.query('select state from millrace_instances where root = $1::uuid order by ordinal', [root]),
    ).toEqual(expected.map(state => [state]));
  });

  test('one that calls another workflow is an instance of its own workflow', async () => {
    const called = await world.deploy([{ function: 'echo', name: 'inner' }], 'called');
    const { number } = (await store.workflows()).find(each => each.name === called)!;
    const { workflow, ids } = await split('calling', 1, [{ workflow: number, place: 0 }, { state: 'waiting' }]);
    expect(await engine.show(ids[0]!)).toMatchObject({ workflow, action: 'inner', state: 'ready' });
    expect((await engine.show(ids[0]!)).contexts).toMatchObject([{ action: 'inner' }, { action: 'a2' }]);
    const { instances } = await engine.reads.instancePage(workflow, null, null, 100);
    expect(instances).toEqual([{ instance: ids[0], workflow, workflowVersion: 1, state: 'ready' }]);
    expect(await engine.count(called)).toEqual([]);
  });

  test('the result is FAILED when one context stands FAILED', async () => {
    const { ids } = await split('failing', 2, [{ state: 'joining' }, { of: [1], state: 'failed' }, { of: [0] }]);
    expect(await engine.result(ids[1]!)).toEqual({ instance: ids[1], state: 'failed', result: null, error: failure });
    const gaveUp = new Error('not yet');
    await expect(engine.result(ids[0]!, AbortSignal.timeout(200)).catch(() => Promise.reject(gaveUp))).rejects.toBe(
      gaveUp,
    );
  });

  test('pause and resume mean every context; those that wait for others stay where they are', async () => {
    const { workflow, ids, root } = await split('operated', 2, [
      {},
      { state: 'joining' },
      { of: [0], state: 'waiting' },
      { state: 'paused' },
      { state: 'failed' },
    ]);
    const [id, other] = ids as [string, string];
    const untouched = { 1: 'ready', 2: 'joining', 4: 'paused', 5: 'failed' };
    expect(await engine.pause(id)).toEqual({ contexts: 3, segments: 3 });
    expect(await statesOf(id)).toEqual({ 1: 'paused', 2: 'paused', 3: 'paused', 4: 'paused', 5: 'failed' });
    expect(await statesOf(other)).toEqual(untouched);
    expect(await engine.pause(id)).toEqual({ contexts: 0, segments: 0 });
    const waiting = async (): Promise<string[][]> =>
      (await store.contextsOf([{ root, ordinal: 0, contexts: [2, 3] }])).map(({ state, requests, memberRequests }) => [
        state,
        `${requests} ${memberRequests?.[0] ?? 0}`,
      ]);
    expect(await waiting()).toEqual([
      ['joining', '0 1'],
      ['waiting', '0 1'],
    ]);
    expect(await engine.resume(id)).toMatchObject({ contexts: 4 });
    expect(await statesOf(id)).toEqual({ 1: 'ready', 2: 'joining', 3: 'waiting', 4: 'ready', 5: 'failed' });
    expect(await statesOf(other)).toEqual(untouched);

    expect(await engine.recover(id)).toEqual({ contexts: 1, segments: 1 });
    expect(await statesOf(id)).toEqual({ 1: 'ready', 2: 'joining', 3: 'waiting', 4: 'ready', 5: 'ready' });

    expect(await engine.pause(workflow)).toMatchObject({ contexts: 7 });
    expect(await waiting()).toEqual([
      ['joining', '1 0'],
      ['waiting', '1 0'],
    ]);
    expect(await statesOf(other)).toEqual({ 1: 'paused', 2: 'paused', 4: 'paused', 5: 'failed' });
    // One alone out of a segment that is paused as a whole.
    expect(await engine.resume(other)).toMatchObject({ contexts: 3 });
    expect(await statesOf(other)).toEqual(untouchedResumed);
    expect(await statesOf(id)).toEqual({ 1: 'paused', 2: 'paused', 3: 'paused', 4: 'paused', 5: 'paused' });
    const { ready, delayed } = await engine.status();
    expect(await engine.resume(workflow)).toMatchObject({ contexts: 5 });
    expect(await statesOf(id)).toEqual({ 1: 'ready', 2: 'joining', 3: 'waiting', 4: 'ready', 5: 'ready' });
    // What joins and waits is in no queue.
    const after = await engine.status();
    expect(after.ready + after.delayed - ready - delayed).toBe(3);
  });
});

const untouchedResumed = { 1: 'ready', 2: 'joining', 4: 'ready', 5: 'failed' };
