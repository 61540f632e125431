// Deadlines of instances and of their runs, in a time that the test hands in.

import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import type { Action, Flow, WorkflowDefinition } from '../../src/workflow/model.js';
import { auditRows, type Home, here, homes, openEngine, temporaryFolder, World } from './setup.js';

const hourMs = 3_600_000;

class Timed {
  readonly clock = new TestClock();
  readonly folder = temporaryFolder();
  engine!: Engine;

  constructor(readonly home: Home) {}

  async open(): Promise<Engine> {
    this.engine = await openEngine(this.home, this.folder, { clock: this.clock });
    const opened = this.engine;
    onTestFinished(() => opened.dispose(0));
    await opened.start();
    return opened;
  }

  async deploy(deadline: WorkflowDefinition['deadline'], actions: Action[], flows: Flow[] = []): Promise<string> {
    const name = '/deadlines/flow';
    await this.engine.deploy({ name, deadline: deadline!, actions, flows }, here);
    return name;
  }

  /** Timers fire while it is not so yet: rounds of the engine that answer nothing early. */
  async until(isDone: () => Promise<boolean>): Promise<void> {
    await new World(this.engine, this.home, this.folder, '/deadlines/').until(async () => {
      this.clock.advanceMs(1);
      return isDone();
    });
  }

  /** Past a moment, and until the engine has looked at what came by then. */
  async pass(ms: number): Promise<void> {
    this.clock.advanceMs(ms);
    await this.until(async () => {
      const [row] = await this.engine.query('select count(*) from millrace_deadline where moment <= $1::bigint', [
        String(this.clock.nowMs()),
      ]);
      return row![0] === '0';
    });
  }

  async events(names = ['DeadlineApproaching', 'DeadlineExceeded']): Promise<string[]> {
    const rows = await auditRows(this.engine, 'short_name = any(string_to_array($1::text, $2::text))', [
      names.join(' '),
      ' ',
    ]);
    return rows.map(({ event }) => event);
  }

  async waiting(count: number): Promise<void> {
    await this.until(async () => {
      const [row] = await this.engine.query(
        'select coalesce(sum(open), 0) from millrace_segment where waits_for is not null',
        [],
      );
      return Number(row![0]) === count;
    });
  }
}

const waiting: Action[] = [{ name: 'wait', type: 'manual' }];

async function opened(home: Home = 'memory'): Promise<Timed> {
  const timed = new Timed(home);
  await timed.open();
  return timed;
}

test('a deadline approaches an hour before it, is exceeded once, and only by what still lives then', async () => {
  const timed = await opened();
  const workflow = await timed.deploy({ after: '+3H' }, waiting);
  const ids: string[] = [];
  await timed.engine.submitMany(
    [1, 2, 3, 4].map(n => ({ workflow, input: { n } })),
    { onAccepted: some => ids.push(...some) },
  );
  const dueAtMs = timed.clock.nowMs() + 3 * hourMs;
  await timed.waiting(4);
  await timed.engine.remove(ids[0]!);
  await timed.pass(1.9 * hourMs);
  expect(await timed.events()).toEqual([]);
  await timed.pass(0.1 * hourMs);
  expect(await timed.events()).toEqual(Array(3).fill('DeadlineApproaching'));
  await timed.engine.expedite(ids[1]!);
  await timed.engine.result(ids[1]!);
  expect((await timed.engine.show(ids[2]!)).deadline).toEqual({ dueAtMs, isExceeded: false });
  await timed.pass(hourMs);
  expect(await timed.events()).toEqual([...Array(3).fill('DeadlineApproaching'), ...Array(2).fill('DeadlineExceeded')]);
  expect((await timed.engine.show(ids[2]!)).deadline).toEqual({ dueAtMs, isExceeded: true });
  expect((await timed.engine.show(ids[1]!)).deadline).toEqual({ dueAtMs, isExceeded: false });
  await timed.pass(48 * hourMs);
  expect(await timed.events()).toHaveLength(5);
  expect(await timed.engine.query('select 1 from millrace_deadline', [])).toEqual([]);
});

test('a deadline may be a date, with a window of its own; clocks that are set back make nothing early', async () => {
  const timed = await opened();
  const dueAtMs = timed.clock.nowMs() + 2 * hourMs;
  const workflow = await timed.deploy({ at: new Date(dueAtMs).toISOString(), window: '-10m' }, waiting);
  const id = await timed.engine.submit({ workflow, input: {} });
  await timed.waiting(1);
  await timed.pass(1.8 * hourMs);
  timed.clock.setNowMs(timed.clock.nowMs() - hourMs);
  await timed.pass(0.5 * hourMs);
  expect(await timed.events()).toEqual([]);
  await timed.pass(0.6 * hourMs);
  expect(await timed.events()).toEqual(['DeadlineApproaching']);
  await timed.pass(0.2 * hourMs);
  expect(await timed.events()).toEqual(['DeadlineApproaching', 'DeadlineExceeded']);
  expect((await timed.engine.show(id)).deadline).toEqual({ dueAtMs, isExceeded: true });
});

test('what passed while no engine ran is told at the next start', async () => {
  const timed = await opened('disk');
  const workflow = await timed.deploy({ after: '+2H' }, waiting);
  await timed.engine.submit({ workflow, input: {} });
  await timed.waiting(1);
  await timed.engine.dispose(0);
  timed.clock.advanceMs(5 * hourMs);
  await timed.open();
  await timed.pass(0);
  expect(await timed.events()).toEqual(['DeadlineApproaching', 'DeadlineExceeded']);
});

test('a deadline of runs counts from the start of each, and ends with it', async () => {
  const timed = await opened();
  const actions: Action[] = [
    { name: 'before', type: 'manual' },
    { name: 'first', type: 'null', startOfRun: true },
    { name: 'work', type: 'manual' },
    { name: 'last', type: 'null', endOfRun: true },
  ];
  const names = actions.map(({ name }) => name);
  const flows = names.map((from, at) => ({ from, to: names[(at + 1) % names.length]! }));
  const workflow = await timed.deploy({ after: '+2H' }, [{ ...actions[0]!, start: true }, ...actions.slice(1)], flows);
  const id = await timed.engine.submit({ workflow, input: {} });
  const at = (name: string): Promise<void> =>
    timed.until(async () => {
      const { action, eligibleAtMs } = await timed.engine.show(id);
      return action === name && eligibleAtMs! > timed.clock.nowMs();
    });
  const goOn = async (to: string): Promise<void> => {
    await timed.engine.expedite(id);
    await at(to);
  };
  await at('before');
  await timed.pass(9 * hourMs);
  expect((await timed.engine.show(id)).deadline).toBeNull();
  await goOn('work');
  expect((await timed.engine.show(id)).deadline!.isExceeded).toBe(false);
  await timed.pass(1.5 * hourMs);
  await goOn('before');
  await timed.pass(9 * hourMs);
  expect(await timed.events()).toEqual(['DeadlineApproaching']);
  await goOn('work');
  await timed.pass(2.5 * hourMs);
  expect((await timed.engine.show(id)).deadline!.isExceeded).toBe(true);
  await goOn('before');
  expect((await timed.engine.show(id)).deadline).toBeNull();
  expect(await timed.events(['StartingRun', 'EndingRun', 'DeadlineExceeded', 'EnteringTrigger'])).toEqual([
    'EnteringTrigger',
    'StartingRun',
    'EnteringTrigger',
    'EndingRun',
    'EnteringTrigger',
    'StartingRun',
    'EnteringTrigger',
    'DeadlineExceeded',
    'EndingRun',
    'EnteringTrigger',
  ]);
  await timed.engine.remove(id);
  await timed.pass(48 * hourMs);
  expect(await timed.engine.query('select 1 from millrace_deadline', [])).toEqual([]);
});

test('where runs are marked, a deadline may still be of the whole life', async () => {
  const timed = await opened();
  const actions: Action[] = [
    { name: 'first', type: 'null', startOfRun: true },
    { name: 'last', type: 'null', endOfRun: true },
    { name: 'wait', type: 'manual' },
  ];
  const flows = [
    { from: 'first', to: 'last' },
    { from: 'last', to: 'wait' },
  ];
  const workflow = await timed.deploy({ after: '+2H', from: 'submission' }, actions, flows);
  await timed.engine.submit({ workflow, input: {} });
  await timed.waiting(1);
  await timed.pass(3 * hourMs);
  expect(await timed.events()).toEqual(['DeadlineApproaching', 'DeadlineExceeded']);
});

test('a workflow without a deadline has no row for one', async () => {
  const timed = await opened(homes[1]);
  await timed.engine.deploy({ name: '/plain', actions: waiting, flows: [] }, here);
  const id = await timed.engine.submit({ workflow: '/plain', input: {} });
  expect((await timed.engine.show(id)).deadline).toBeNull();
  expect(await timed.engine.query('select 1 from millrace_deadline', [])).toEqual([]);
});

test('of two engines one tells of what both were given, and when it has gone the other does', async () => {
  const folder = temporaryFolder();
  const [one, other] = await Promise.all(['one', 'other'].map(name => openEngine('cluster', folder, { name })));
  onTestFinished(() => Promise.all([one!.dispose(0), other!.dispose(0)]).then(() => undefined));
  await one!.start();
  await other!.start();
  const submit = async (engine: Engine): Promise<void> => {
    const definition = {
      name: '/both/flow',
      actions: waiting,
      flows: [],
      deadline: { after: '+1s', window: '-500ms' },
    };
    await engine.deploy(definition, here);
    await engine.submit({ workflow: '/both/flow', input: {} });
  };
  const told = async (count: number): Promise<void> => {
    const rows = () => auditRows(other!, `short_name like 'Deadline%'`, []);
    await new World(other!, 'cluster', folder, '/both/').until(async () => (await rows()).length >= count);
    expect((await rows()).map(({ event }) => event).sort()).toEqual([
      ...Array(count / 2).fill('DeadlineApproaching'),
      ...Array(count / 2).fill('DeadlineExceeded'),
    ]);
    expect(await other!.query('select 1 from millrace_deadline', [])).toEqual([]);
  };
  await submit(one!);
  await submit(other!);
  await told(4);
  await one!.dispose(0);
  await submit(other!);
  await told(6);
}, 180_000);
