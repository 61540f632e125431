// What an engine leaves behind is what the next one on the folder begins with.

import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { definitionOf, here, newBranch, noRetry, openEngine, signals, temporaryFolder, World } from './setup.js';

class Lives {
  readonly folder = temporaryFolder();
  readonly branch = newBranch();
  #engine: Engine | null = null;

  /** End the life before, if there is one, and begin another. */
  async next(isStarted: boolean): Promise<World> {
    await this.#engine?.dispose(0);
    this.#engine = await openEngine('disk', this.folder);
    if (isStarted) await this.#engine.start();
    return new World(this.#engine, 'disk', this.folder, this.branch);
  }

  async end(): Promise<void> {
    await this.#engine?.dispose(0);
  }
}

function lives(): Lives {
  const all = new Lives();
  onTestFinished(() => all.end());
  return all;
}

test('instances in every state survive, and go on as if nothing had happened', async () => {
  const all = lives();
  const first = await all.next(true);
  const workflow = await first.deploy([
    'count',
    { function: 'flaky', break: true, retry: noRetry },
    { function: 'echo', break: true },
  ]);
  const failed = await first.engine.submit({ workflow, input: { fails: 1, n: 1 } });
  const finished = await first.engine.submit({ workflow, input: { n: 2 } });
  expect((await first.engine.result(failed)).state).toBe('failed');
  const ended = await first.engine.result(finished);
  const eligibleAtMs = Date.now() + 3_000;
  const delayed = await first.engine.submit({ workflow, input: { n: 3 }, eligibleAtMs });
  await first.engine.stop();
  const [ready, paused] = await first.engine.submit([4, 5].map(n => ({ workflow, input: { n }, name: `n${n}` })));
  await first.engine.pause(paused!);
  const removed = await first.engine.submit({ workflow });
  await first.engine.remove(removed);

  const second = await all.next(false);
  expect(await second.counts()).toEqual({ failed: 1, finished: 1, ready: 2, paused: 1, removed: 1 });
  expect(await second.engine.result(finished)).toEqual(ended);
  expect((await second.engine.result(removed)).state).toBe('removed');
  expect((await second.engine.result(failed)).state).toBe('failed');
  expect((await second.engine.show(failed)).error).toMatchObject({ code: 'Flaky' });
  await second.engine.start();
  expect((await second.engine.result(ready!)).result).toMatchObject({ n: 4, seen: ['a1'] });
  expect((await second.engine.show('n5')).state).toBe('paused');
  expect(await second.engine.resume('n5')).toMatchObject({ contexts: 1 });
  expect((await second.engine.result('n5')).result).toMatchObject({ n: 5 });
  expect(await second.engine.recover(failed)).toMatchObject({ contexts: 1 });
  await signals.until(() => signals.ranBy(failed).length === 2);
  expect((await second.engine.result(delayed)).state).toBe('finished');
  expect((await second.audit(delayed))[0]!.atMs).toBeGreaterThanOrEqual(eligibleAtMs - 1);
  expect(await second.engine.submit({ workflow, name: 'n5' })).toBe(paused);
});

test('an operation on what was executing holds although the execution was lost', async () => {
  const all = lives();
  const first = await all.next(true);
  const workflow = await first.deploy(['deaf', { function: 'echo', break: true }]);
  const gate = `${all.branch} deaf`;
  const ids = await first.engine.submit([0, 1, 2, 3].map(n => ({ workflow, input: { n, gate, deaf: true } })));
  await signals.atGate(gate, 4);
  const [alone, removed, paused] = ids;
  expect(await first.engine.remove(removed!)).toMatchObject({ contexts: 1 });
  expect(await first.engine.pause(paused!)).toMatchObject({ contexts: 1 });
  const whole = await first.deploy(['deaf', { function: 'echo', break: true }], 'whole');
  const others = await first.engine.submit([4, 5].map(n => ({ workflow: whole, input: { n, gate, deaf: true } })));
  await signals.atGate(gate, 6);
  expect(await first.engine.remove(whole)).toMatchObject({ contexts: 2 });

  const second = await all.next(true);
  for (const id of [removed, ...others]) expect((await second.engine.result(id!)).state).toBe('removed');
  // Those that run again tell so; the removed and the paused ones do not.
  await signals.until(() => signals.ranBy(alone!).length === 2 && signals.ranBy(ids[3]!).length === 2);
  expect((await second.engine.show(paused!)).state).toBe('paused');
  for (const id of [removed, paused, ...others]) expect(signals.ranBy(id!).length).toBe(1);
  expect(signals.ranBy(alone!).map(({ attempt, idempotencyKey }) => [attempt, idempotencyKey])).toEqual([
    [1, `${alone}:0`],
    [1, `${alone}:0`],
  ]);
  expect(await second.engine.resume(all.branch)).toMatchObject({ contexts: 1 });
  await signals.until(() => signals.ranBy(paused!).length === 2);
});

test('a definition is found again by its version; deploying the same one makes no new version', async () => {
  const all = lives();
  const first = await all.next(false);
  const workflow = await first.deploy(['echo']);
  const old = await first.engine.submit({ workflow, input: { n: 1 } });
  await first.deploy([{ name: 'other', function: 'count' }]);
  const second = await all.next(true);
  expect((await second.engine.result(old)).result).toEqual({ n: 1 });
  expect(await second.engine.deploy(definitionOf(workflow, [{ name: 'other', function: 'count' }]), here)).toEqual({
    name: workflow,
    version: 2,
  });
  expect((await second.engine.show(await second.engine.submit({ workflow }))).workflowVersion).toBe(2);
});

test('100,000 ready instances are claimed again at once', async () => {
  const all = lives();
  const first = await all.next(false);
  const workflow = await first.deploy(['nothing']);
  const total = 100_000;
  await first.engine.submitMany(Array.from({ length: total }, (_, n) => ({ workflow, input: { n } })));
  const second = await all.next(false);
  const startedMs = performance.now();
  await second.engine.start();
  expect(await second.engine.status()).toMatchObject({ state: 'started' });
  await second.until(async () => (await second.engine.status()).finished > 0);
  console.log(`start with ${total} ready, to the first finished: ${(performance.now() - startedMs).toFixed(0)} ms`);
  const { ready, claimed, finished } = await second.engine.status();
  expect(ready + claimed + finished).toBeGreaterThan(0);
});
