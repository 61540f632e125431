// Errors: retries with growing delay, FAILED, recover; timeouts.

import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/workflow/model.js';
import { noRetry, onEveryHome, signals } from './setup.js';

onEveryHome('errors', world => {
  test('a failed transaction is tried again after a growing delay, then goes on', async () => {
    const { engine, deploy, audit } = world();
    const workflow = await deploy([
      { function: 'flaky', retry: { retries: 3, delayMs: 40, factor: 3, delayMaxMs: 100 } },
    ]);
    const id = await engine.submit({ workflow, input: { fails: 3 } });
    expect((await engine.result(id)).result).toEqual({ attempt: 4 });
    const events = await audit(id);
    const failedAt = events.filter(({ event }) => event === 'ExitingActionOnError').map(({ atMs }) => atMs);
    const begunAt = events.filter(({ event }) => event === 'EnteringAction').map(({ atMs }) => atMs);
    expect(failedAt.length).toBe(3);
    for (const [at, delayMs] of [40, 100, 100].entries()) {
      // Times in the audit are whole milliseconds, both of them.
      expect(begunAt[at + 1]! - failedAt[at]!).toBeGreaterThanOrEqual(delayMs - 1);
    }
  });

  test('after the last retry it stands FAILED, kept with its error; recover goes on from the transaction that failed', async () => {
    const { engine, deploy, counts } = world();
    const workflow = await deploy([
      'count',
      { function: 'flaky', break: true, retry: { retries: 1, delayMs: 1 } },
      { function: 'echo', break: true },
    ]);
    const id = await engine.submit({ workflow, input: { fails: 2, n: 7 } });
    const stack = expect.stringContaining('Error') as string;
    const error = { code: 'Flaky', message: 'attempt 2 of 7', action: 'a2', attempt: 2, stack };
    expect(await engine.result(id)).toEqual({ instance: id, state: 'failed', result: null, error });
    expect(await engine.show(id)).toMatchObject({
      state: 'failed',
      action: 'a2',
      attempt: 2,
      error,
    });
    expect(await engine.result(id)).toMatchObject({ state: 'failed' });
    expect(await engine.recover(id)).toEqual({ contexts: 1, segments: 1 });
    expect(await engine.result(id)).toMatchObject({ state: 'failed' });
    await deploy(['echo'], 'other');
    expect(await counts()).toEqual({ failed: 1 });
    await signals.until(() => signals.ranBy(id).length === 4);
    expect(signals.ranBy(id).map(({ action, attempt }) => [action, attempt])).toEqual([
      ['a2', 1],
      ['a2', 2],
      ['a2', 1],
      ['a2', 2],
    ]);
  });

  test('what a failed transaction wrote is rolled back, what was written before is kept', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([
      { name: 'before', function: 'count' },
      { name: 'inside', function: 'count', break: true },
      { name: 'failing', function: 'flaky', retry: { retries: 1, delayMs: 1 } },
      { name: 'shows', function: 'echo', break: true },
    ]);
    const id = await engine.submit({ workflow, input: { fails: 1 } });
    expect((await engine.result(id)).result).toMatchObject({ seen: ['before', 'inside'], RESULT: { attempt: 2 } });
  });

  test('all attempts of a transaction carry one idempotency key, other transactions others', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([
      { function: 'flaky', retry: { retries: 2, delayMs: 1 } },
      { function: 'flaky' },
      { function: 'flaky', break: true, retry: { retries: 2, delayMs: 1 } },
    ]);
    const id = await engine.submit({ workflow, input: { fails: 1 } });
    // The second action fails in the first attempt of the first transaction only when it is reached: never.
    await engine.result(id);
    await signals.until(() => signals.ranBy(id).length === 5);
    expect(signals.ranBy(id).map(({ action, attempt, idempotencyKey }) => [action, attempt, idempotencyKey])).toEqual([
      ['a1', 1, `${id}:0`],
      ['a1', 2, `${id}:0`],
      ['a2', 2, `${id}:0`],
      ['a3', 1, `${id}:1`],
      ['a3', 2, `${id}:1`],
    ]);
  });

  test('a recovered transaction keeps its idempotency key', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([{ function: 'flaky', retry: noRetry }]);
    const id = await engine.submit({ workflow, input: { fails: 1 } });
    await engine.result(id);
    await engine.recover(id);
    await engine.result(id);
    await signals.until(() => signals.ranBy(id).length === 2);
    expect(new Set(signals.ranBy(id).map(({ idempotencyKey }) => idempotencyKey))).toEqual(new Set([`${id}:0`]));
  });

  test('an action that passes its timeout ends with ActionTimeout, and is recorded as such', async () => {
    const { engine, deploy, audit } = world();
    const workflow = await deploy([{ function: 'endless', timeoutMs: 60, retry: noRetry }]);
    const id = await engine.submit({ workflow });
    expect((await engine.result(id)).state).toBe('failed');
    expect((await engine.show(id)).error).toMatchObject({ code: 'ActionTimeout', action: 'a1' });
    const events = await audit(id);
    expect(events.map(({ event }) => event)).toEqual([
      'StartingExecutionFlow',
      'EnteringAction',
      'ExecutingAction',
      'ActionTimeout',
      'ExitingActionOnTimeout',
      'DeferringExecutionFlow',
    ]);
    expect(events[4]!.data).toMatchObject({ code: 'ActionTimeout' });
    expect(events[3]!.atMs - events[2]!.atMs).toBeGreaterThanOrEqual(60);
  });

  test('of a batch in which some time out and some fail, each is recorded by what happened to it', async () => {
    const { engine, deploy, audit } = world();
    const workflow = await deploy([{ function: 'slowOrFailing', timeoutMs: 100, retry: noRetry }]);
    const ids = await engine.submit(
      Array.from({ length: 40 }, (_, n) => ({ workflow, input: { n, slow: n % 2 === 0 } })),
    );
    for (const [n, id] of ids.entries()) {
      expect((await engine.result(id)).state).toBe('failed');
      const names = (await audit(id)).map(({ event }) => event);
      expect(names.includes('ExitingActionOnTimeout'), `${n}: ${names.join(' ')}`).toBe(n % 2 === 0);
      expect(names.includes('ExitingActionOnError'), `${n}: ${names.join(' ')}`).toBe(n % 2 === 1);
    }
  });

  test('errors of a batch are told apart: each instance has its own', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([{ function: 'flaky', retry: noRetry }]);
    const inputs: JsonObject[] = Array.from({ length: 60 }, (_, n) => ({ n, fails: n % 4 === 0 ? 0 : 1 }));
    const ids = await engine.submit(inputs.map(input => ({ workflow, input })));
    const results = await Promise.all(ids.map(id => engine.result(id)));
    expect(results.map(({ state }) => state)).toEqual(inputs.map(({ fails }) => (fails === 0 ? 'finished' : 'failed')));
    const errors = await Promise.all([1, 2, 59].map(async at => (await engine.show(ids[at]!)).error));
    expect(errors).toMatchObject([1, 2, 59].map(n => ({ message: `attempt 1 of ${n}` })));
  });

  test('a failed instance of a batch is recovered alone', async () => {
    const { engine, deploy, counts, untilCounts } = world();
    const workflow = await deploy([{ function: 'flaky', retry: { retries: 1, delayMs: 1 } }]);
    const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, fails: 9 } })));
    await Promise.all(ids.map(id => engine.result(id)));
    expect(await engine.recover(ids[1]!)).toMatchObject({ contexts: 1 });
    await untilCounts({ failed: 3 });
    await signals.until(() => signals.ranBy(ids[1]!).length === 4);
    expect([signals.ranBy(ids[0]!).length, signals.ranBy(ids[2]!).length]).toEqual([2, 2]);
    expect(await counts()).toEqual({ failed: 3 });
  });
});

onEveryHome(
  'errors of instances that stand FAILED, nothing audited',
  world => {
    test('each is kept with its instance, stays when another is recovered alone, and goes when its own is', async () => {
      const { engine, deploy, counts, untilCounts } = world();
      const workflow = await deploy([{ function: 'mended', retry: noRetry }]);
      // Once the action is known it runs many at a time, so that members fail together.
      await engine.result(await engine.submit({ workflow, input: { fails: 0 } }));
      // Each home has gates of its own: an open one stays open.
      const round = randomUUID();
      const gate = (n: number) => `${round} recovered ${n}`;
      const submitted = await engine.submit(
        Array.from({ length: 40 }, (_, n) => ({ workflow, input: { n, fails: 1, gate: gate(n) } })),
      );
      const errorOf = (n: number) => ({
        code: 'Broken',
        message: `run 1 of ${n}`,
        action: 'a1',
        attempt: 1,
        stack: /Error: run 1/,
      });
      const like = ({ stack, ...rest }: ReturnType<typeof errorOf>) => ({
        ...rest,
        stack: expect.stringMatching(stack) as string,
      });
      const results = await Promise.all(submitted.map(id => engine.result(id)));
      expect(results.map(({ error }) => error)).toEqual(submitted.map((_, n) => like(errorOf(n))));
      const together = await engine.query(
        `select instance, error->>'message' from millrace_instances where segment =
           (select id from millrace_segment where name = $1::text order by open desc limit 1) order by ordinal`,
        [workflow],
      );
      expect(together.length).toBeGreaterThan(2);
      const numbers = together.map(([id]) => submitted.indexOf(id!));
      expect(together.map(([, message]) => message)).toEqual(numbers.map(n => `run 1 of ${n}`));

      const [stays, alone, staysToo] = numbers as [number, number, number];
      expect(await engine.recover(submitted[alone]!)).toEqual({ contexts: 1, segments: 1 });
      await signals.atGate(gate(alone));
      // Whoever asks of a neighbour that failed is answered; one who waits for this instance goes on waiting.
      const waiting = engine.result(submitted[alone]!);
      for (const n of [stays, staysToo])
        expect(await engine.result(submitted[n]!)).toMatchObject({ state: 'failed', error: like(errorOf(n)) });
      expect(await engine.show(submitted[alone]!)).toMatchObject({ state: 'ready', error: null });
      signals.open(gate(alone));
      expect(await waiting).toEqual({ instance: submitted[alone], state: 'finished', result: 2, error: null });
      expect((await engine.show(submitted[alone]!)).error).toBeNull();

      await engine.remove(submitted[staysToo]!);
      expect((await engine.show(submitted[staysToo]!)).error).toBeNull();
      expect((await engine.show(submitted[stays]!)).error).toEqual(like(errorOf(stays)));
      expect(await engine.recover(workflow)).toMatchObject({ contexts: 38 });
      await signals.atGate(gate(stays));
      expect((await engine.show(submitted[stays]!)).error).toBeNull();
      const kept = 'select count(*) from millrace_segment where name = $1::text and failures is not null';
      expect(await engine.query(kept, [workflow])).toEqual([['0']]);
      for (const n of submitted.keys()) signals.open(gate(n));
      await untilCounts({ finished: 40, removed: 1 });
      expect(await counts()).toEqual({ finished: 40, removed: 1 });
    });
  },
  { auditFilter: [''] },
);
