// The history of runs and their averages, in a time that the test hands in.

import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/options.js';
import { TestClock } from '../../src/observe/clock.js';
import type { Action, Flow, WorkflowDefinition } from '../../src/workflow/model.js';
import { averagesOf, expectExact, historyOf } from './run-history.js';
import { auditRows, type Home, here, openEngine, temporaryFolder, until } from './setup.js';

const hourMs = 3_600_000;

/** Threads tell the time with a clock of their own, which may be a millisecond off. */
function rounded(ms: number | null): number | null {
  return ms === null || ms < 0 ? ms : Math.round(ms / 1_000) * 1_000;
}

/** With all times rounded. */
function inSeconds<T>(told: T): T {
  return JSON.parse(JSON.stringify(told), (key, value) => (key.endsWith('Ms') ? rounded(value as number) : value)) as T;
}

class Timed {
  readonly clock = new TestClock();
  readonly folder = temporaryFolder();
  engine!: Engine;

  constructor(
    readonly home: Home,
    readonly options: Partial<EngineOptions>,
  ) {}

  async open(): Promise<Engine> {
    this.engine = await openEngine(this.home, this.folder, { clock: this.clock, ...this.options });
    const opened = this.engine;
    onTestFinished(() => opened.dispose(0));
    await opened.start();
    return opened;
  }

  async deploy(name: string, actions: Action[], more: Partial<WorkflowDefinition> = {}): Promise<string> {
    const flows: Flow[] = actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
    await this.engine.deploy({ name, actions, flows, ...more }, here);
    return name;
  }

  /** Until so many wait at triggers. */
  waiting(count: number): Promise<void> {
    return until(async () => {
      const [row] = await this.engine.query(
        'select coalesce(sum(open), 0) from millrace_segment where waits_for is not null',
        [],
      );
      return Number(row![0]) === count;
    });
  }

  /** It goes on from the trigger where it waits to that one, or to its end. */
  async goOn(instance: string, to: string | null): Promise<void> {
    await this.engine.expedite(instance);
    if (to === null) await this.engine.result(instance);
    else {
      await until(async () => {
        const [row] = await this.engine.query(
          'select place from millrace_segment where root = $1::uuid and waits_for is not null',
          [`${instance.slice(0, 32)}0000`],
        );
        const { action } = await this.engine.show(instance);
        return row !== undefined && action === to;
      });
    }
  }
}

async function opened(home: Home = 'memory', options: Partial<EngineOptions> = {}): Promise<Timed> {
  const timed = new Timed(home, options);
  await timed.open();
  return timed;
}

const waiting: Action[] = [
  { name: 'first', type: 'null' },
  { name: 'wait', type: 'manual' },
  { name: 'last', type: 'null' },
];

const marked: Action[] = [
  { name: 'before', type: 'manual', start: true },
  { name: 'begin', type: 'null', startOfRun: true },
  { name: 'work', type: 'manual' },
  { name: 'end', type: 'null', endOfRun: true },
];

test('a run without marks is the life of its instance, with an average of its workflow, -1 of none', async () => {
  const timed = await opened();
  const { engine, clock } = timed;
  const workflow = await timed.deploy('/lives/flow', waiting);
  expect(await averagesOf(engine, workflow)).toEqual([
    { workflow, action: null, count: 0, averageMs: -1, averageWaitMs: -1, premature: 0 },
  ]);
  const ids = await engine.submit([1, 2, 3, 4].map(n => ({ workflow, input: { n } })));
  const startedAtMs = clock.nowMs();
  await timed.waiting(4);
  expect(
    (await historyOf(engine, workflow)).map(({ state, averageMs, endedAtMs }) => [state, averageMs, endedAtMs]),
  ).toEqual(Array(4).fill(['open', -1, null]));
  clock.advanceMs(hourMs);
  await timed.goOn(ids[0]!, null);
  clock.advanceMs(hourMs);
  await timed.goOn(ids[1]!, null);
  await engine.remove(ids[2]!);
  const common = { workflow, workflowVersion: 1, startedAtMs, averageMs: 1.5 * hourMs, deadline: null };
  const ended = { ...common, state: 'ended' };
  expect(await expectExact(engine, workflow)).toEqual([
    { ...ended, instance: ids[0], endedAtMs: startedAtMs + hourMs, runMs: hourMs },
    { ...ended, instance: ids[1], endedAtMs: startedAtMs + 2 * hourMs, runMs: 2 * hourMs },
    { ...common, state: 'premature', instance: ids[2], endedAtMs: startedAtMs + 2 * hourMs, runMs: 2 * hourMs },
    { ...common, state: 'open', instance: ids[3], endedAtMs: null, runMs: null },
  ]);
  expect((await historyOf(engine, '/lives/', 'premature')).map(({ instance }) => instance)).toEqual([ids[2]]);
  expect((await historyOf(engine, ids[1]!)).map(({ state }) => state)).toEqual(['ended']);
});

test('actions: when each was entered, started and ended, and what they took on average; a trigger has waited', async () => {
  const timed = await opened();
  const { engine, clock } = timed;
  const workflow = await timed.deploy('/actions/flow', waiting);
  const startedAtMs = clock.nowMs();
  const ids = await engine.submit([1, 2].map(n => ({ workflow, input: { n } })));
  await timed.waiting(2);
  clock.advanceMs(hourMs);
  await timed.goOn(ids[0]!, null);
  clock.advanceMs(2 * hourMs);
  await timed.goOn(ids[1]!, null);
  const { executions, next } = await engine.reads.executionPage(ids[1]!, null, 2);
  const rest = await engine.reads.executionPage(ids[1]!, next, 10);
  expect(rest.next).toBeNull();
  const at = (fromMs: number, toMs: number) => ({
    ...{ enteredAtMs: startedAtMs + fromMs, startedAtMs: startedAtMs + toMs, endedAtMs: startedAtMs + toMs },
    ...{ waitMs: toMs - fromMs, runMs: 0, averageMs: 0 },
  });
  const common = { workflow, attempt: 1, exit: 'normal' };
  expect(inSeconds([...executions, ...rest.executions])).toEqual([
    { ...common, action: 'first', ...at(0, 0), averageWaitMs: 0 },
    { ...common, action: 'wait', ...at(0, 3 * hourMs), averageWaitMs: 2 * hourMs },
    { ...common, action: 'last', ...at(3 * hourMs, 3 * hourMs), averageWaitMs: 0 },
  ]);
  expect(
    (await averagesOf(engine, '/actions/')).map(({ action, count, averageWaitMs }) => [
      action,
      count,
      rounded(averageWaitMs),
    ]),
  ).toEqual([
    [null, 2, -1],
    ['first', 2, 0],
    ['last', 2, 0],
    ['wait', 2, 2 * hourMs],
  ]);
});

test('each marked run is told of: ended, under way, past its deadline, broken off with its instance', async () => {
  const timed = await opened();
  const { engine, clock } = timed;
  const loop = { from: 'end', to: 'before' };
  const flows = [...marked.slice(1).map(({ name: to }, at) => ({ from: marked[at]!.name, to })), loop];
  const workflow = await timed.deploy('/marked/flow', marked, { flows, deadline: { after: '+2H' } });
  const id = await engine.submit({ workflow, input: {} });
  await timed.waiting(1);
  expect(await historyOf(engine, workflow)).toEqual([]);
  for (const hours of [1, 3]) {
    clock.advanceMs(hourMs);
    await timed.goOn(id, 'work');
    clock.advanceMs(hours * hourMs);
    await timed.goOn(id, 'before');
  }
  await timed.goOn(id, 'work');
  const told = (await expectExact(engine, workflow)).map(({ state, runMs, averageMs, deadline }) => {
    return [state, rounded(runMs), rounded(averageMs), deadline!.isExceeded];
  });
  expect(told).toEqual([
    ['open', null, 2 * hourMs, false],
    ['ended', 3 * hourMs, 2 * hourMs, true],
    ['ended', hourMs, 2 * hourMs, false],
  ]);
  clock.advanceMs(hourMs);
  await engine.remove(id);
  expect((await expectExact(engine, workflow)).map(({ state }) => state)).toEqual(['premature', 'ended', 'ended']);
  expect(await engine.query('select 1 from millrace_open_run', [])).toEqual([]);
});

test('an instance that ends without the end of its run breaks it off; runs within one transaction are each told of', async () => {
  const timed = await opened();
  const { engine } = timed;
  const actions: Action[] = [
    { name: 'begin', type: 'null', startOfRun: true },
    { name: 'end', type: 'null', endOfRun: true },
    { name: 'again', type: 'null', startOfRun: true },
    { name: 'enough', type: 'null', endOfRun: true },
    { name: 'more', type: 'null', startOfRun: true },
  ];
  const workflow = await timed.deploy('/within/flow', actions);
  for (const id of await engine.submit([1, 2].map(n => ({ workflow, input: { n } })))) await engine.result(id);
  const states = (await expectExact(engine, workflow)).map(({ state }) => state);
  expect(states.sort()).toEqual([...Array(4).fill('ended'), ...Array(2).fill('premature')]);
});

test('where the audit tells nothing, runs and their averages are there, and actions are not', async () => {
  const timed = await opened('memory', { auditFilter: [] });
  const { engine } = timed;
  const workflow = await timed.deploy('/silent/flow', [{ name: 'only', type: 'null' }]);
  const id = await engine.submit({ workflow, input: {} });
  await engine.result(id);
  expect((await expectExact(engine, workflow)).map(({ state }) => state)).toEqual(['ended']);
  expect((await averagesOf(engine, workflow)).map(({ action }) => action)).toEqual([null]);
  expect((await engine.reads.executionPage(id, null, 10)).executions).toEqual([]);
});

test('what is cleared is told no more, of whom it says; what is under way stays, and the audit tells who cleared', async () => {
  const timed = await opened();
  const { engine, clock } = timed;
  const [one, other, apart] = [
    await timed.deploy('/cleared/one', waiting),
    await timed.deploy('/cleared/other', marked),
    await timed.deploy('/apart/flow', [{ name: 'only', type: 'null' }]),
  ];
  const [first, second] = await engine.submit([one, one].map(workflow => ({ workflow, input: {} })));
  const third = await engine.submit({ workflow: other, input: {} });
  await engine.result(await engine.submit({ workflow: apart, input: {} }));
  await timed.waiting(3);
  await timed.goOn(third, 'work');
  await timed.goOn(third, null);
  await timed.goOn(first!, null);
  const states = async (scope: string) => (await expectExact(engine, scope)).map(({ state }) => state).sort();
  expect(await states('/cleared/')).toEqual(['ended', 'ended', 'open']);
  clock.advanceMs(hourMs);
  expect(await engine.clearRunHistory(one, 'carol')).toEqual({ runs: 1 });
  expect(await states(one)).toEqual(['open']);
  expect((await engine.reads.executionPage(first!, null, 10)).executions).toEqual([]);
  expect(await states(other)).toEqual(['ended']);
  expect(await engine.clearRunHistory('/cleared/', 'carol')).toEqual({ runs: 1 });
  expect(await states('/')).toEqual(['ended', 'open']);
  clock.advanceMs(hourMs);
  await timed.goOn(second!, null);
  expect(await states('/cleared/')).toEqual(['ended']);
  const calls = await auditRows(engine, `message like 'clearRunHistory%' and short_name = 'EnteringCall'`, []);
  expect(calls.map(({ user, message }) => [user, message])).toEqual([
    ['carol', `clearRunHistory: ${one}, 1 runs`],
    ['carol', 'clearRunHistory: /cleared/, 1 runs'],
  ]);
});

test('the history and its averages go with the audit, a generation at a time, and what is under way stays', async () => {
  const retentionMs = 6 * hourMs;
  const timed = await opened('disk', { auditExpirationMs: retentionMs, historyExpirationMs: 10 * retentionMs });
  const { engine, clock } = timed;
  const ended = await timed.deploy('/old/ended', [{ name: 'only', type: 'null' }]);
  const runs = await timed.deploy('/old/runs', marked);
  const goOn = async (): Promise<string> => {
    await engine.result(await engine.submit({ workflow: ended, input: {} }));
    const id = await engine.submit({ workflow: runs, input: {} });
    await timed.waiting(1);
    await timed.goOn(id, 'work');
    return id;
  };
  /** A generation later: the house looks each second. */
  const pass = async (): Promise<void> => {
    const slotOf = async () =>
      (await engine.query(`select slot from millrace_generation where ring = 'audit' and is_current`))[0]![0];
    const before = await slotOf();
    clock.advanceMs(hourMs);
    await until(async () => {
      clock.advanceMs(1_000);
      return (await slotOf()) !== before;
    });
  };
  const first = await goOn();
  await timed.goOn(first, null);
  await pass();
  const second = await goOn();
  expect((await expectExact(engine, '/old/')).map(({ state }) => state)).toEqual(['open', 'ended', 'ended', 'ended']);
  for (let generation = 2; generation <= 8; generation++) await pass();
  expect((await expectExact(engine, '/old/')).map(({ state, workflow }) => [state, workflow])).toEqual([
    ['open', runs],
    ['ended', ended],
  ]);
  await pass();
  expect((await expectExact(engine, '/old/')).map(({ state }) => state)).toEqual(['open']);
  await timed.goOn(second, null);
  expect((await expectExact(engine, '/old/')).map(({ state }) => state)).toEqual(['ended']);
});

test('two engines on one store and a restart: averages are exactly those of the history', async () => {
  const folder = temporaryFolder();
  const [one, other] = await Promise.all(
    ['one', 'other'].map(name => openEngine('cluster', folder, { name, threads: 1 })),
  );
  onTestFinished(() => Promise.all([one!.dispose(0), other!.dispose(0)]).then(() => undefined));
  const actions: Action[] = [
    { name: 'begin', type: 'null', startOfRun: true },
    { name: 'middle', type: 'null', transactionBreak: true },
    { name: 'end', type: 'null', endOfRun: true },
    { name: 'after', type: 'null', transactionBreak: true },
  ];
  const flows = actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
  await one!.deploy({ name: '/both/marked', actions, flows }, here);
  await one!.deploy(
    {
      name: '/both/life',
      actions: [actions[1]!, actions[3]!],
      flows: [flows[2]!].map(() => ({ from: 'middle', to: 'after' })),
    },
    here,
  );
  await Promise.all([one!.start(), other!.start()]);
  const submit = (engine: Engine) =>
    engine.submit(
      Array.from({ length: 300 }, (_, n) => ({ workflow: n % 2 === 0 ? '/both/marked' : '/both/life', input: { n } })),
    );
  const ids = (await Promise.all([submit(one!), submit(other!)])).flat();
  for (const id of ids.slice(0, 20)) await one!.remove(id);
  await one!.dispose();
  for (const id of ids) await other!.result(id);
  const runs = await expectExact(other!, '/both/');
  expect(runs.filter(({ workflow }) => workflow === '/both/life')).toHaveLength(300);
  expect(runs.filter(({ state }) => state === 'open')).toEqual([]);
  expect(await other!.query('select 1 from millrace_open_run', [])).toEqual([]);
}, 180_000);
