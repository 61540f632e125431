// How instances run: from their submit to their end.

import { describe, expect, test } from 'vitest';
import { onEveryHome, signals } from './setup.js';

onEveryHome('running', world => {
  test('one action gets the input and leaves its result', async () => {
    const { engine, deploy, branch } = world();
    const workflow = await deploy(['echo']);
    const id = await engine.submit({ workflow, input: { x: 1, list: ['ü', null] } }, 'alice');
    expect(await engine.result(id)).toEqual({
      instance: id,
      state: 'finished',
      result: { x: 1, list: ['ü', null] },
      error: null,
    });
    expect(await engine.show(id)).toEqual({
      instance: id,
      workflow: `${branch}flow`,
      workflowVersion: 1,
      state: 'finished',
      superState: 'NORMAL',
      subState: 'FINISHED',
      submitter: 'alice',
      createdAtMs: expect.any(Number),
      action: null,
      attempt: null,
      priority: null,
      key: null,
      eligibleAtMs: null,
      deadline: null,
      finishedAtMs: expect.any(Number),
      result: { x: 1, list: ['ü', null] },
      input: { x: 1, list: ['ü', null] },
      error: null,
      contexts: null,
    });
  });

  test('across two breaks RESULT is passed along and variables are kept, laid over the input', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([
      'count',
      { function: 'count', break: true },
      { function: 'count', break: true },
      { function: 'echo', break: true },
    ]);
    const id = await engine.submit({ workflow, input: { seen: ['input'], kept: true } });
    expect((await engine.result(id)).result).toEqual({
      seen: ['input', 'a1', 'a2', 'a3'],
      kept: true,
      RESULT: { count: 3 },
    });
  });

  test('a break changes nothing that an action sees', async () => {
    const { engine, deploy } = world();
    const results = [];
    for (const isBreak of [false, true]) {
      const workflow = await deploy(
        ['count', 'count', 'echo'].map(name => ({ function: name, break: isBreak })),
        `flow-${isBreak}`,
      );
      results.push((await engine.result(await engine.submit({ workflow, input: { n: 1 } }))).result);
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0]).toEqual({ n: 1, seen: ['a1', 'a2'], RESULT: { count: 2 } });
  });

  test('null and console keep RESULT; an instance without a result ends with null', async () => {
    const { engine, deploy } = world();
    const kept = await deploy([
      'count',
      { type: 'null' },
      { type: 'console', message: 'said by a test', stream: 'stderr' },
    ]);
    expect((await engine.result(await engine.submit({ workflow: kept }))).result).toEqual({ count: 1 });
    const empty = await deploy([{ type: 'null' }], 'empty');
    expect((await engine.result(await engine.submit({ workflow: empty, input: { x: 1 } }))).result).toBeNull();
    const undefinedResult = await deploy(['nothing'], 'undefined');
    expect((await engine.result(await engine.submit({ workflow: undefinedResult }))).result).toBeNull();
  });

  test('instances of one batch that part at a break keep their own values', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([
      { function: 'flaky', retry: { retries: 1, delayMs: 5 } },
      { function: 'echo', break: true },
    ]);
    const inputs = Array.from({ length: 300 }, (_, n) => ({ n, fails: n % 3 === 0 ? 1 : 0 }));
    const ids = await engine.submit(inputs.map(input => ({ workflow, input })));
    const results = await Promise.all(ids.map(id => engine.result(id)));
    expect(results.map(({ result }) => result)).toEqual(
      inputs.map(input => ({ ...input, RESULT: { attempt: input.fails + 1 } })),
    );
  });

  test('the newest version runs what is submitted; what was submitted before keeps its own', async () => {
    const { engine, deploy } = world();
    const gate = 'version';
    const workflow = await deploy(['gated', { name: 'old', function: 'gated', break: true }]);
    const before = await engine.submit({ workflow, input: { gate, holdIn: 'a1' } });
    await signals.atGate(gate);
    await deploy([{ name: 'new', function: 'gated' }]);
    const after = await engine.submit({ workflow, input: { gate, holdIn: 'a1' } });
    expect((await engine.result(after)).result).toMatchObject({ action: 'new' });
    signals.open(gate);
    expect((await engine.result(before)).result).toMatchObject({ action: 'old' });
    expect((await engine.show(before)).workflowVersion).toBe(1);
    expect((await engine.show(after)).workflowVersion).toBe(2);
  });

  describe('submit', () => {
    test('one answers with an id, many with as many, none with none', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(['echo']);
      const ids = await engine.submit(Array.from({ length: 1_234 }, (_, n) => ({ workflow, input: { n } })));
      expect(new Set(ids).size).toBe(1_234);
      expect((await engine.result(ids[1_233]!)).result).toEqual({ n: 1_233 });
      expect((await engine.result(ids[499]!)).result).toEqual({ n: 499 });
      expect(await engine.submit([])).toEqual([]);
    });

    test.each(['iterable', 'async iterable'])(
      'an %s is taken in batches, with progress and ids in order',
      async kind => {
        const { engine, deploy } = world();
        const workflow = await deploy(['echo']);
        function* records() {
          for (let n = 0; n < 1_700; n++) yield { workflow, input: { n } };
        }
        async function* slowly() {
          yield* records();
        }
        const progress: number[] = [];
        const ids: string[] = [];
        const submitted = await engine.submitMany(kind === 'iterable' ? records() : slowly(), {
          submitter: 'bob',
          onProgress: ({ submitted: far }) => progress.push(far),
          onAccepted: accepted => ids.push(...accepted),
        });
        expect(submitted).toBe(1_700);
        expect(progress).toEqual([500, 1_000, 1_500, 1_700]);
        const results = await Promise.all([0, 777, 1_699].map(at => engine.result(ids[at]!)));
        expect(results.map(({ result }) => result)).toEqual([{ n: 0 }, { n: 777 }, { n: 1_699 }]);
        expect((await engine.show(ids[0]!)).submitter).toBe('bob');
      },
    );

    test('a fault in one record stores nothing of its call, and names the record and the field', async () => {
      const { engine, deploy, counts } = world();
      const workflow = await deploy(['echo']);
      const good = { workflow };
      await expect(engine.submit([good, { workflow, priority: 0 }])).rejects.toThrow(
        /INPUT_INVALID: record 1: priority: 0/,
      );
      await expect(engine.submit([good, { workflow, input: { a: ['\0'] } }])).rejects.toThrow(
        /INPUT_INVALID: record 1: input.*a/,
      );
      await expect(engine.submit([good, { workflow: '/no/such' }])).rejects.toThrow(/WORKFLOW_UNKNOWN.*\/no\/such/);
      await expect(engine.submit([good, { workflow, eligibleAtMs: -1 }])).rejects.toThrow(/record 1: eligibleAtMs/);
      expect(await counts()).toEqual({});
    });

    test('a call with a fault does not fail its neighbours of the same moment', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(['echo']);
      const [good, bad, other] = await Promise.allSettled([
        engine.submit({ workflow }),
        Promise.resolve().then(() => engine.submit({ workflow, priority: 0.5 })),
        engine.submit({ workflow }),
      ]);
      expect([good.status, bad.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    });

    test('a stream that fails half way says so; what was taken from it runs', async () => {
      const { engine, deploy, untilCounts } = world();
      const workflow = await deploy(['echo']);
      async function* records() {
        for (let n = 0; n < 600; n++) yield { workflow, input: { n } };
        throw new Error('the source broke');
      }
      await expect(engine.submitMany(records())).rejects.toThrow('the source broke');
      await untilCounts({ finished: 600 });
    });

    test('nothing runs before its eligible time, and what is due runs meanwhile', async () => {
      const { engine, deploy, audit } = world();
      const workflow = await deploy(['echo']);
      const eligibleAtMs = Date.now() + 3_000;
      const [late, now] = await engine.submit([{ workflow, eligibleAtMs }, { workflow }]);
      await engine.result(now!);
      expect(Date.now()).toBeLessThan(eligibleAtMs);
      expect((await engine.show(late!)).eligibleAtMs).toBe(eligibleAtMs);
      await engine.result(late!);
      expect(await signals.beganAtMs(late!)).toBeGreaterThanOrEqual(eligibleAtMs);
      // A thread's times are up to a millisecond early in the audit.
      expect((await audit(late!))[0]!.atMs).toBeGreaterThanOrEqual(eligibleAtMs - 1);
    });
  });

  describe('order', () => {
    /** Submit behind a gate that fills the thread, then see in which order tags ran. */
    test('own priorities go first, then inherited ones, then in the order of submit', async () => {
      const { engine, deploy } = world();
      const plain = await deploy(['echo'], 'plain');
      const urgent = await deploy(['echo'], 'urgent', { priority: 3 });
      await engine.stop();
      const records = [
        { workflow: plain, input: { tag: 'inherited-1' } },
        { workflow: plain, priority: 11, input: { tag: 'own-11' } },
        { workflow: plain, priority: 10, input: { tag: 'own-10' } },
        { workflow: urgent, input: { tag: 'workflow-3' } },
        { workflow: urgent, priority: 500, input: { tag: 'own-500' } },
        { workflow: plain, priority: 1, input: { tag: 'own-1' } },
      ];
      const ids: string[] = [];
      for (const record of records) ids.push(await engine.submit(record));
      ids.push(await engine.submit({ workflow: plain, input: { tag: 'inherited-2' } }));
      await engine.start();
      await Promise.all(ids.map(id => engine.result(id)));
      await signals.until(() => ids.every(id => signals.ranBy(id).length === 1));
      const order = signals.ran.filter(({ instance }) => ids.includes(instance)).map(({ tag }) => tag);
      expect(order).toEqual(['own-1', 'workflow-3', 'inherited-1', 'own-10', 'inherited-2', 'own-11', 'own-500']);
    });
  });

  describe('stop and start', () => {
    test('a stopped engine takes submits and operations, and runs them when it is started', async () => {
      const { engine, deploy, branch, counts } = world();
      const workflow = await deploy(['echo']);
      await engine.stop();
      expect(engine.state).toBe('stopped');
      const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n } })));
      expect(await engine.pause(ids[0]!)).toMatchObject({ contexts: 1 });
      expect(await engine.remove(ids[1]!)).toMatchObject({ contexts: 1 });
      expect(await counts()).toEqual({ paused: 1, removed: 1, ready: 1 });
      await engine.start();
      expect((await engine.result(ids[2]!)).result).toEqual({ n: 2 });
      expect((await engine.result(ids[1]!)).state).toBe('removed');
      expect(await engine.resume(branch)).toMatchObject({ contexts: 1 });
      expect((await engine.result(ids[0]!)).result).toEqual({ n: 0 });
    });

    test('stop waits for what is executing; its outcome is committed', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(['gated', { function: 'echo', break: true }]);
      const id = await engine.submit({ workflow, input: { gate: 'stop', holdIn: 'a1' } });
      await signals.atGate('stop');
      const stopped = engine.stop();
      signals.open('stop');
      await stopped;
      expect(await engine.show(id)).toMatchObject({ state: 'ready', action: 'a2', attempt: 1 });
      await engine.start();
      expect((await engine.result(id)).state).toBe('finished');
    });
  });
});
