// Pause, resume, remove, recover: on an instance, a workflow, a branch; waiting and executing; with exact counts.

import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { noRetry, onEveryHome, signals } from './setup.js';

const laterMs = () => Date.now() + 3_600_000;
const twoBreaks = ['gated', { function: 'gated', break: true }, { function: 'gated', break: true }] as const;

onEveryHome('operations', world => {
  describe('on an instance', () => {
    test('one that waits is paused, stays when its time comes, and goes on when it is resumed', async () => {
      const { engine, deploy, counts } = world();
      const workflow = await deploy(['echo']);
      await engine.stop();
      const [id, other] = await engine.submit([0, 1].map(n => ({ workflow, input: { n } })));
      expect(await engine.pause(id!)).toEqual({ contexts: 1, segments: 1 });
      expect(await engine.pause(id!)).toEqual({ contexts: 0, segments: 0 });
      await engine.start();
      await engine.result(other!);
      expect(await counts()).toEqual({ paused: 1, finished: 1 });
      expect((await engine.show(id!)).state).toBe('paused');
      expect(await engine.resume(id!)).toEqual({ contexts: 1, segments: 1 });
      expect(await engine.resume(id!)).toEqual({ contexts: 0, segments: 0 });
      expect((await engine.result(id!)).result).toEqual({ n: 0 });
    });

    test('one that is resumed before its time still waits for it', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(['echo']);
      const eligibleAtMs = Date.now() + 200;
      const id = await engine.submit({ workflow, eligibleAtMs });
      await engine.pause(id);
      await engine.resume(id);
      await engine.result(id);
      expect(await signals.beganAtMs(id)).toBeGreaterThanOrEqual(eligibleAtMs);
    });

    test('one that executes is paused at its break; its neighbour goes on', async () => {
      const { engine, deploy, counts } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${workflow} executing`;
      const [id, other] = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 2);
      expect(await engine.pause(id!)).toEqual({ contexts: 1, segments: 1 });
      expect((await engine.show(id!)).state).toBe('paused');
      signals.open(gate);
      expect((await engine.result(other!)).state).toBe('finished');
      await untilShown(engine, id!, { state: 'paused', action: 'a2' });
      expect(await counts()).toEqual({ paused: 1, finished: 1 });
      expect(await engine.resume(id!)).toEqual({ contexts: 1, segments: 1 });
      expect((await engine.result(id!)).result).toEqual({ action: 'a3', n: 0 });
    });

    test('a pause of one that executes is taken back before its break', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${workflow} taken back`;
      const [id] = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 2);
      await engine.pause(id!);
      expect(await engine.resume(id!)).toEqual({ contexts: 1, segments: 1 });
      signals.open(gate);
      expect((await engine.result(id!)).state).toBe('finished');
    });

    test('one that executes is removed at its break; what follows never runs', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${workflow} removed`;
      const [id, other] = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 2);
      expect(await engine.remove(id!)).toEqual({ contexts: 1, segments: 1 });
      expect(await engine.remove(id!)).toEqual({ contexts: 0, segments: 0 });
      expect((await engine.show(id!)).state).toBe('ready');
      signals.open(gate);
      expect(await engine.result(id!)).toEqual({ instance: id, state: 'removed', result: null, error: null });
      await engine.result(other!);
      expect(signals.ranBy(id!).map(({ action }) => action)).toEqual(['a1']);
    });

    test('one that waits, is paused or has failed is removed at once', async () => {
      const { engine, deploy, counts } = world();
      const workflow = await deploy([{ function: 'flaky', retry: noRetry }]);
      const eligibleAtMs = laterMs();
      const [waiting, paused, failed, stays] = await engine.submit([
        { workflow, eligibleAtMs },
        { workflow, eligibleAtMs },
        { workflow, input: { fails: 9 } },
        { workflow, eligibleAtMs },
      ]);
      await engine.pause(paused!);
      await engine.result(failed!);
      for (const id of [waiting, paused, failed]) {
        expect(await engine.remove(id!)).toEqual({ contexts: 1, segments: 1 });
        expect((await engine.result(id!)).state).toBe('removed');
      }
      expect((await engine.show(stays!)).state).toBe('ready');
      expect(await counts()).toEqual({ removed: 3, ready: 1 });
    });

    test('one that has left, or is not failed, is not changed; an unknown one is refused', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(['echo']);
      const id = await engine.submit({ workflow });
      await engine.result(id);
      for (const operation of ['pause', 'resume', 'remove', 'recover'] as const) {
        expect(await engine[operation](id)).toEqual({ contexts: 0, segments: 0 });
        await expect(engine[operation]('0198c0de-0000-7000-8000-000000000001')).rejects.toThrow(/INSTANCE_UNKNOWN/);
      }
      const waiting = await engine.submit({ workflow, eligibleAtMs: laterMs() });
      expect(await engine.recover(waiting)).toEqual({ contexts: 0, segments: 0 });
      expect(await engine.resume(waiting)).toEqual({ contexts: 0, segments: 0 });
    });

    test('it is named by its name, its id, or its workflow and id', async () => {
      const { engine, deploy } = world();
      const workflow = await deploy(['echo']);
      const id = await engine.submit({ workflow, name: `by name, of ${workflow}`, eligibleAtMs: laterMs() });
      expect(await engine.pause(`by name, of ${workflow}`)).toMatchObject({ contexts: 1 });
      expect(await engine.resume(`${workflow}/${id}`)).toMatchObject({ contexts: 1 });
      expect(await engine.remove(id.toUpperCase())).toMatchObject({ contexts: 1 });
    });
  });

  describe('on a workflow or a branch', () => {
    test('a workflow means its instances, not those of its neighbours; a branch all below it', async () => {
      const { engine, deploy, branch, counts } = world();
      const eligibleAtMs = laterMs();
      const names = ['flow', 'flow-2', 'deep/flow', 'deeper'];
      const workflows = [];
      for (const name of names) workflows.push(await deploy(['echo'], name));
      for (const workflow of workflows)
        await engine.submit(Array.from({ length: 700 }, () => ({ workflow, eligibleAtMs })));
      expect(await engine.pause(workflows[0]!)).toEqual({ contexts: 700, segments: 2 });
      expect(await engine.pause(`${branch}deep/`)).toEqual({ contexts: 700, segments: 2 });
      expect(await counts()).toEqual({ paused: 1_400, ready: 1_400 });
      expect(await engine.pause(branch)).toEqual({ contexts: 1_400, segments: 4 });
      expect(await engine.resume(workflows[1]!)).toEqual({ contexts: 700, segments: 2 });
      expect(await engine.remove(`${branch}deep/`)).toEqual({ contexts: 700, segments: 2 });
      expect(await engine.remove(branch)).toEqual({ contexts: 2_100, segments: 6 });
      expect(await counts()).toEqual({ removed: 2_800 });
      expect(await engine.remove(branch)).toEqual({ contexts: 0, segments: 0 });
    });

    test('later submits run', async () => {
      const { engine, deploy, branch, counts } = world();
      const workflow = await deploy(['echo']);
      const before = await engine.submit({ workflow, eligibleAtMs: laterMs() });
      expect(await engine.pause(branch)).toMatchObject({ contexts: 1 });
      // Creation times are whole milliseconds, and a pause covers its own.
      await new Promise(resolve => setTimeout(resolve, 2));
      const after = await engine.submit({ workflow });
      expect((await engine.result(after)).state).toBe('finished');
      expect(await counts()).toEqual({ paused: 1, finished: 1 });
      await engine.remove(before);
    });

    test('what executes stops at its break, what waits stops where it is; resume lets all go on', async () => {
      const { engine, deploy, branch, untilCounts, segments } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${branch} pause`;
      const executing = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 3);
      await engine.submit(Array.from({ length: 10 }, () => ({ workflow, eligibleAtMs: laterMs() })));
      expect(await engine.pause(workflow)).toEqual({ contexts: 13, segments: 2 });
      signals.open(gate);
      for (const id of executing) await untilShown(engine, id, { state: 'paused', action: 'a2' });
      await untilCounts({ paused: 13 });
      const before = await segments();
      expect(await engine.resume(branch)).toEqual({ contexts: 13, segments: before });
      for (const id of executing) expect((await engine.result(id)).state).toBe('finished');
      await untilCounts({ ready: 10, finished: 3 });
      await engine.remove(branch);
    });

    test('what executes leaves at its break, what waits leaves at once', async () => {
      const { engine, deploy, branch, counts } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${branch} remove`;
      const executing = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 3);
      await engine.submit(Array.from({ length: 10 }, () => ({ workflow, eligibleAtMs: laterMs() })));
      expect(await engine.remove(branch)).toMatchObject({ contexts: 13 });
      expect(await counts()).toEqual({ ready: 3, removed: 10 });
      signals.open(gate);
      for (const id of executing) expect((await engine.result(id)).state).toBe('removed');
      await signals.until(() => executing.every(id => signals.ranBy(id).length === 1));
      expect(await counts()).toEqual({ removed: 13 });
    });

    test('recover takes what has failed, and nothing else', async () => {
      const { engine, deploy, branch, untilCounts } = world();
      const workflow = await deploy([{ function: 'flaky', retry: noRetry }]);
      const ids = await engine.submit(
        Array.from({ length: 120 }, (_, n) => ({ workflow, input: { n, fails: n % 2 } })),
      );
      await engine.submit({ workflow, eligibleAtMs: laterMs() });
      await untilCounts({ finished: 60, failed: 60, ready: 1 });
      expect(await engine.recover(branch)).toMatchObject({ contexts: 60 });
      await untilCounts({ finished: 60, failed: 60, ready: 1 });
      await signals.until(() => ids.every((id, n) => signals.ranBy(id).length === 1 + (n % 2)));
    });

    test('one instance is resumed out of a paused branch, whether it waits or executes', async () => {
      const { engine, deploy, branch, counts } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${branch} out of`;
      const [first, second] = await engine.submit([0, 1].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 2);
      const [third] = await engine.submit(
        [2, 3].map(n => ({ workflow, input: { n, holdIn: 'nowhere' }, eligibleAtMs: Date.now() + 800 })),
      );
      expect(await engine.pause(branch)).toMatchObject({ contexts: 4 });
      expect(await engine.resume(first!)).toMatchObject({ contexts: 1 });
      expect(await engine.resume(third!)).toMatchObject({ contexts: 1 });
      signals.open(gate);
      expect((await engine.result(first!)).state).toBe('finished');
      expect((await engine.result(third!)).state).toBe('finished');
      await untilShown(engine, second!, { state: 'paused', action: 'a2' });
      expect(await counts()).toEqual({ finished: 2, paused: 2 });
      expect(await engine.resume(branch)).toMatchObject({ contexts: 2 });
      await engine.result(second!);
    });

    test('resume of a branch also takes back what was paused one by one while it executed', async () => {
      const { engine, deploy, branch } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${branch} one by one`;
      const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 3);
      await engine.pause(ids[0]!);
      await engine.pause(ids[1]!);
      expect(await engine.resume(branch)).toMatchObject({ contexts: 2 });
      signals.open(gate);
      for (const id of ids) expect((await engine.result(id)).state).toBe('finished');
    });

    test('a pause of a branch counts those not paused before', async () => {
      const { engine, deploy, branch } = world();
      const workflow = await deploy(twoBreaks);
      const gate = `${branch} before`;
      const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, gate, holdIn: 'a1' } })));
      await signals.atGate(gate, 3);
      await engine.pause(ids[0]!);
      expect(await engine.pause(branch)).toMatchObject({ contexts: 2 });
      expect(await engine.resume(branch)).toMatchObject({ contexts: 3 });
      signals.open(gate);
      for (const id of ids) expect((await engine.result(id)).state).toBe('finished');
    });

    test('a failing one that was paused meanwhile stands paused, to be tried again when resumed', async () => {
      const { engine, deploy, branch } = world();
      const workflow = await deploy([{ function: 'broken', retry: { retries: 1, delayMs: 1 } }]);
      const gate = `${branch} fails paused`;
      const id = await engine.submit({ workflow, input: { gate, holds: true } });
      await signals.atGate(gate);
      await engine.pause(branch);
      signals.open(gate);
      await untilShown(engine, id, { state: 'paused', attempt: 2, error: { message: 'broken' } });
      expect(await engine.resume(branch)).toMatchObject({ contexts: 1 });
      expect((await engine.result(id)).state).toBe('failed');
    });

    test('pausing and resuming under load loses nobody and runs no transaction twice', async () => {
      const { engine, deploy, branch, untilCounts } = world();
      const workflow = await deploy([
        'nothing',
        { function: 'nothing', break: true },
        { function: 'nothing', break: true },
      ]);
      const total = 3_000;
      const submitted = engine.submitMany(Array.from({ length: total }, (_, n) => ({ workflow, input: { n } })));
      for (let round = 0; round < 15; round++) {
        await engine.pause(branch);
        await engine.resume(branch);
      }
      await submitted;
      await untilCounts({ finished: total });
      const rows = await engine.query(
        `select short_name, count(*), count(distinct instance) from millrace_audit_event
         where workflow = $1::text and short_name in ('ExitingAction', 'StartingExecutionFlow', 'FinishingFlowChart')
         group by 1 order by 1`,
        [workflow],
      );
      expect(rows).toEqual([
        ['ExitingAction', String(3 * total), String(total)],
        ['FinishingFlowChart', String(total), String(total)],
        ['StartingExecutionFlow', String(total), String(total)],
      ]);
    });

    test('counts are exact under load: what a pause says is what stands paused', async () => {
      const { engine, deploy, branch, until, counts } = world();
      const workflow = await deploy([
        'nothing',
        { function: 'nothing', break: true },
        { function: 'nothing', break: true },
      ]);
      const total = 4_000;
      await engine.submitMany(Array.from({ length: total }, (_, n) => ({ workflow, input: { n } })));
      const { contexts } = await engine.pause(branch);
      // What executes counts as paused from now on, but may be at its last action.
      await until(async () => (await engine.status()).claimed === 0);
      const { paused = 0, finished = 0 } = await counts();
      expect(paused + finished).toBe(total);
      // What executed its last action when the pause came was changed, and then finished all the same.
      expect(contexts).toBeGreaterThanOrEqual(paused);
      expect(contexts).toBeLessThanOrEqual(total);
      expect((await engine.resume(branch)).contexts).toBe(paused);
      await until(async () => ((await counts()).finished ?? 0) === total);
    });

    test('a branch with nothing on it is no error; a name that is none is', async () => {
      const { engine, branch } = world();
      expect(await engine.pause(branch)).toEqual({ contexts: 0, segments: 0 });
      await expect(engine.pause('no slash')).rejects.toThrow(/NAMESPACE_INVALID/);
      await expect(engine.pause('//')).rejects.toThrow(/NAMESPACE_INVALID/);
    });
  });
});

/** Until `show` says so. */
async function untilShown(engine: Engine, id: string, expected: object): Promise<void> {
  await expect.poll(() => engine.show(id), { interval: 5 }).toMatchObject(expected);
}
