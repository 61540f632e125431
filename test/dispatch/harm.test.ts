// Actions that harm their thread: the one that did is answered for it, alone; the others never notice.

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { instanceId } from '../../src/workflow/instance-id.js';
import { ledger, numbers, planOf, root, setup, standStill } from './setup.js';

/** A busy machine leaves a thread that does nothing wrong without a processor for a while, too. */
const blockedMs = 2_000;

/** Members of which one is harmful. */
const oneOf = (count: number, harmful: number, more: object = {}) =>
  numbers(count).map(n => ({ n, harmful: n === harmful, ...more }));

function split<T>(answers: readonly T[], harmful: number): { guilty: T; innocent: T[] } {
  return { guilty: answers[harmful]!, innocent: answers.filter((_, at) => at !== harmful) };
}

const harm = (name: string, timeoutMs?: number) =>
  planOf([timeoutMs === undefined ? { function: name } : { function: name, timeoutMs }], 'harmful.mjs');

describe('a loop for ever', () => {
  it('with a timeout is ended and fails alone', async () => {
    const world = await setup(harm('loop', 1_000));
    const { file, executions } = ledger();
    const { guilty, innocent } = split(await world.answersTo(oneOf(50, 20, { ledger: file })), 20);
    expect(guilty).toMatchObject({
      kind: 'failed',
      killed: true,
      path: [0],
      error: { code: 'ActionTimeout', action: 'step0' },
    });
    expect(guilty.endedMs - guilty.startedMs).toBeGreaterThanOrEqual(1_200);
    expect(innocent.map(answer => answer.value)).toEqual(numbers(50).filter(n => n !== 20));
    expect(world.lost).toMatchObject([{ reason: 'timeout' }]);
    expect(executions().get(20)).toBe(1);
    expect(world.dispatcher.inFlight).toBe(0);
  });

  it('without one is ended when its loop has not turned for blockedMs', async () => {
    const world = await setup(harm('loop'), { blockedMs });
    const { guilty, innocent } = split(await world.answersTo(oneOf(50, 3)), 3);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionBlocked' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.lost).toMatchObject([{ reason: 'blocked' }]);
  });

  it('after an await, where nobody can be told from another, is found by running the suspects alone', async () => {
    const world = await setup(harm('loopLater'), { blockedMs });
    const { guilty, innocent } = split(await world.answersTo(oneOf(6, 2, { restMs: 600 })), 2);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionBlocked' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.lost).toHaveLength(2);
    expect(world.lost[0]!.rerun).toBe(6);
  });

  it('is seen by executing() with its place and time', async () => {
    const world = await setup(harm('loop'), { blockedMs });
    const beforeMs = Date.now();
    const id = world.run(oneOf(1, 0));
    await expect.poll(() => world.dispatcher.executing()).toMatchObject([{ batch: id, slot: 0, place: 0 }]);
    // Both are wall clocks, read at other moments and rounded.
    const { startedAtMs } = world.dispatcher.executing()[0]!;
    expect(startedAtMs).toBeGreaterThanOrEqual(beforeMs - 50);
    expect(startedAtMs).toBeLessThanOrEqual(Date.now() + 50);
    await world.until(() => world.answers.size === 1);
  });

  it('leaves what had been answered before answered', async () => {
    const world = await setup(harm('loop', 1_000), { threads: 1 });
    const { file, executions } = ledger();
    await world.answersTo([{ n: 0 }]);
    const answers = await world.answersTo(oneOf(100, 99, { ledger: file }));
    expect(answers.filter(answer => answer.kind === 'failed')).toHaveLength(1);
    const again = [...executions().values()].filter(count => count > 1).length;
    expect(again).toBe(world.lost[0]!.rerun);
  });
});

describe('a full heap', () => {
  it('is charged to whoever was filling it', async () => {
    const world = await setup(harm('fillHeap'));
    const { guilty, innocent } = split(await world.answersTo(oneOf(50, 7)), 7);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionOutOfMemory' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.lost).toMatchObject([{ reason: 'memory' }]);
  });

  it('that nobody was filling at that moment is found by running the suspects alone', async () => {
    const world = await setup(harm('fillHeapLater'));
    const { guilty, innocent } = split(await world.answersTo(oneOf(8, 5)), 5);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionOutOfMemory' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.lost.every(loss => loss.reason === 'memory')).toBe(true);
  });
});

describe('process.exit', () => {
  it('in a call fails that member; outcomes before it are kept', async () => {
    const world = await setup(harm('exit'));
    const { file, executions } = ledger();
    const { guilty, innocent } = split(await world.answersTo(oneOf(50, 30, { ledger: file })), 30);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionExited' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.lost).toMatchObject([{ reason: 'exit' }]);
    expect([...executions().values()]).toEqual(numbers(50).map(() => 1));
  });

  it('in a continuation is charged to its member', async () => {
    const world = await setup(harm('exitLater'));
    const { guilty, innocent } = split(await world.answersTo(oneOf(10, 4)), 4);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionExited' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.lost).toMatchObject([{ reason: 'exit', rerun: 9 }]);
  });

  it('after the action returned is an event of its own instance, and costs nobody an attempt', async () => {
    const world = await setup(harm('exitAfterReturn'), { threads: 1 });
    const waits = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => waits.mockRestore());
    const answers = await world.answersTo(oneOf(3, 1));
    expect(answers.every(answer => answer.kind === 'completed')).toBe(true);
    await world.until(() => world.lost.length === 1);
    expect(world.late).toMatchObject([
      { root, ordinal: 1, event: { event: { kind: 'late-error', error: { code: 'ActionExited' } } } },
    ]);
    expect((await world.answersTo([{ n: 9 }]))[0]!.value).toBe(9);
    // Nobody was blamed: the next thread was not started at once (`relaunch.ts`).
    expect(waits.mock.calls.map(([, waitMs]) => waitMs)).toContain(100);
  });

  it('and other ways of harming the process fail by themselves', async () => {
    const plan = planOf(
      [{ function: 'killSelf' }, { function: 'abortProcess', break: true }, { function: 'changeFolder', break: true }],
      'harmful.mjs',
    );
    const world = await setup(plan);
    for (const place of [0, 1, 2]) {
      expect((await world.answersTo([{}], { place }))[0]).toMatchObject({ kind: 'failed', killed: false });
    }
    expect(world.lost).toEqual([]);
  });
});

describe('a timeout', () => {
  it('of an action that heeds its signal costs no thread', async () => {
    const world = await setup(harm('heedAbort', 50));
    const answers = await world.answersTo(numbers(5).map(n => ({ n })));
    for (const answer of answers)
      expect(answer).toMatchObject({ kind: 'failed', killed: false, error: { code: 'ActionTimeout' } });
    expect(world.lost).toEqual([]);
  });

  it('counts although the action ended cleanly on its signal', async () => {
    const world = await setup(harm('endOnAbort', 50));
    const [answer] = await world.answersTo([{}]);
    expect(answer).toMatchObject({ kind: 'failed', killed: false, error: { code: 'ActionTimeout' } });
    expect(answer!.endedMs - answer!.startedMs).toBeGreaterThanOrEqual(49);
  });

  it('of a synchronous action that ended late costs no thread', async () => {
    const world = await setup(planOf([{ function: 'busy', timeoutMs: 50 }]), { graceMs: 10_000 });
    const [answer] = await world.answersTo([{ n: 1, ms: 120 }]);
    expect(answer).toMatchObject({ kind: 'failed', killed: false, error: { code: 'ActionTimeout' } });
    expect(world.lost).toEqual([]);
  });

  it('that is ignored ends the thread; its neighbours run again', async () => {
    const world = await setup(harm('ignoreAbort', 1_500), { threads: 1 });
    const { file, executions } = ledger();
    const { guilty, innocent } = split(await world.answersTo(oneOf(20, 11, { ledger: file })), 11);
    expect(guilty).toMatchObject({ kind: 'failed', killed: true, error: { code: 'ActionTimeout' } });
    expect(innocent.map(answer => answer.value)).toEqual(numbers(20).filter(n => n !== 11));
    expect(world.lost).toMatchObject([{ reason: 'timeout' }]);
    expect(executions().get(11)).toBe(1);
  });

  it('that many ignore together ends one thread', async () => {
    const world = await setup(harm('ignoreAbort', 100), { threads: 1 });
    const answering = world.answersTo(numbers(50).map(n => ({ n, harmful: true })));
    // What the thread says is heard when the time of all has run out, not of the first few.
    standStill(1_000);
    const answers = await answering;
    expect(answers.every(answer => answer.error?.code === 'ActionTimeout' && answer.killed)).toBe(true);
    expect(world.lost).toHaveLength(1);
  });
});

describe('what is thrown after an action returned', () => {
  for (const name of ['throwLate', 'rejectLate']) {
    it(`(${name}) is charged to its own instance; the thread lives on`, async () => {
      const world = await setup(harm(name), { threads: 1 });
      const answers = await world.answersTo(oneOf(30, 13));
      expect(answers.every(answer => answer.kind === 'completed')).toBe(true);
      await world.until(() => world.late.length === 1);
      expect(world.late).toMatchObject([
        { root, ordinal: 13, workflow: 1, event: { member: 13, event: { kind: 'late-error' } } },
      ]);
      expect(instanceId(root, world.late[0]!.ordinal)).toBe(instanceId(root, 13));
      expect(world.lost).toEqual([]);
    });
  }

  it('is bounded a second, and how much was dropped is logged', async () => {
    const world = await setup(harm('tellForEver'), { threads: 1 });
    await world.answersTo([{ events: 2_000 }]);
    const dropped = () =>
      world.logged.reduce((sum, { message }) => sum + Number(/^(\d+) events of instances/.exec(message)?.[1] ?? 0), 0);
    await world.until(() => world.late.length + dropped() === 2_000);
    // It sends for less than two seconds on an idle machine: no more than a few windows.
    expect(world.late.length).toBeGreaterThanOrEqual(100);
    expect(world.late.length).toBeLessThan(1_000);
    expect(world.logged.length).toBeLessThan(10);
  });

  it('by a member still executing fails that member', async () => {
    const world = await setup(harm('throwMeanwhile'), { threads: 1 });
    const { guilty, innocent } = split(await world.answersTo(oneOf(10, 6)), 6);
    expect(guilty).toMatchObject({ kind: 'failed', killed: false, error: { message: 'meanwhile 6' } });
    expect(innocent.every(answer => answer.kind === 'completed')).toBe(true);
    expect(world.late).toEqual([]);
  });
});
