// The audit of an instance has no gap: each event the seed's tables name for this path, in order, with all its data.

import { describe, expect, test } from 'vitest';
import { recommendedFilter } from '../../src/workflow/filter.js';
import { auditRows, homes, noRetry, onEveryHome, ownWorld, signals, type World } from '../engine/setup.js';

const ends = ['FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved'];
const entered = (action: string): string[] => [`EnteringAction ${action}`, `ExecutingAction ${action}`];
const ran = (action: string): string[] => [...entered(action), `ExitingAction ${action}`];

/** Audit of all instances is ascending in time within each, and no event comes before the submit. */
function expectAscending(events: readonly { atMs: number }[]): void {
  const times = events.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
}

onEveryHome('audit', world => {
  test('one action: from its start to its end, with input, result, user and engine', async () => {
    const { engine, deploy, audit } = world();
    const workflow = await deploy(['echo']);
    const id = await engine.submit({ workflow, input: { x: 'ü' } }, 'alice');
    await engine.result(id);
    const events = await audit(id);
    const common = { attempt: 1, user: 'alice', engine: 'engine-under-test', message: null, atMs: expect.any(Number) };
    const none = { ...common, action: null, data: null };
    expect(events).toEqual([
      { ...none, event: 'StartingExecutionFlow' },
      { ...common, event: 'EnteringAction', action: 'a1', data: { x: 'ü' } },
      { ...common, event: 'ExecutingAction', action: 'a1', data: null },
      { ...common, event: 'ExitingAction', action: 'a1', data: { x: 'ü' } },
      { ...none, event: 'FinishingExecutionFlow' },
      { ...none, event: 'FinishingFlowChart' },
      { ...none, event: 'FlowChartRemoved' },
    ]);
    expectAscending(events);
  });

  test('across breaks: variables as they were, results as they came', async () => {
    const { engine, deploy, audit, eventNames } = world();
    const workflow = await deploy(['count', { function: 'count', break: true }, { type: 'null', name: 'rest' }]);
    const id = await engine.submit({ workflow, input: { n: 5 } });
    await engine.result(id);
    expect(await eventNames(id)).toEqual([
      'StartingExecutionFlow',
      ...ran('a1'),
      ...ran('a2'),
      ...ran('rest'),
      ...ends,
    ]);
    const events = await audit(id);
    const data = (event: string) => events.filter(each => each.event === event).map(each => each.data);
    expect(data('EnteringAction')).toEqual([
      { n: 5 },
      { n: 5, seen: ['a1'], RESULT: { count: 1 } },
      { n: 5, seen: ['a1', 'a2'], RESULT: { count: 2 } },
    ]);
    expect(data('ExitingAction').slice(0, 2)).toEqual([{ count: 1 }, { count: 2 }]);
    expectAscending(events);
  });

  test('several actions in one transaction: the results of the earlier ones are there too', async () => {
    const { engine, deploy, audit, eventNames } = world();
    const workflow = await deploy(['count', 'count', 'echo']);
    const ids = await engine.submit([1, 2, 3].map(n => ({ workflow, input: { n } })));
    for (const [at, id] of ids.entries()) {
      await engine.result(id);
      expect(await eventNames(id)).toEqual([
        'StartingExecutionFlow',
        ...ran('a1'),
        ...ran('a2'),
        ...ran('a3'),
        ...ends,
      ]);
      const exits = (await audit(id)).filter(({ event }) => event === 'ExitingAction');
      expect(exits.map(({ data }) => data)).toEqual([
        { count: 1 },
        { count: 2 },
        { n: at + 1, seen: ['a1', 'a2'], RESULT: { count: 2 } },
      ]);
    }
  });

  test('every attempt, its error, and why it waits', async () => {
    const { engine, deploy, audit } = world();
    const workflow = await deploy([{ function: 'flaky', retry: { retries: 1, delayMs: 1 } }]);
    const id = await engine.submit({ workflow, input: { fails: 2, n: 3 } });
    await engine.result(id);
    await engine.recover(id);
    await engine.result(id);
    const events = await audit(id);
    const attempt = (number: number, message: string) => [
      ['EnteringAction', number, null, { fails: 2, n: 3 }],
      ['ExecutingAction', number, null, null],
      [
        'ExitingActionOnError',
        number,
        null,
        { code: 'Flaky', message: `attempt ${number} of 3`, action: 'a1', attempt: number, stack: expect.any(String) },
      ],
      ['DeferringExecutionFlow', number, message, null],
    ];
    const shown = events.map(({ event, attempt: number, message, data }) => [
      event,
      number,
      event === 'DeferringExecutionFlow' ? message : null,
      data,
    ]);
    const failed = 'failed: waits to be recovered or removed';
    expect(shown).toEqual([
      ['StartingExecutionFlow', 1, null, null],
      ...attempt(1, 'waits to be tried again, attempt 2'),
      ...attempt(2, failed),
      ...attempt(1, 'waits to be tried again, attempt 2'),
      ...attempt(2, failed),
    ]);
    expectAscending(events);
  });

  test('operations are recorded with who asked; one that was paused before it began still begins', async () => {
    const { engine, deploy, branch, audit } = world();
    const workflow = await deploy(['echo']);
    await engine.stop();
    const [paused, removed, other] = await engine.submit(
      [0, 1, 2].map(n => ({ workflow, input: { n } })),
      'alice',
    );
    await engine.pause(paused!, { user: 'bob' });
    await engine.remove(removed!, { user: 'carol' });
    await engine.start();
    await engine.result(other!);
    await engine.resume(branch, { user: 'dave' });
    await engine.result(paused!);
    const named = (await audit(paused!)).map(({ event, user, message }) => [event, user, message]);
    expect(named.slice(0, 4)).toEqual([
      ['DeferringExecutionFlow', 'bob', 'paused'],
      ['StartingExecutionFlow', 'alice', null],
      ['EnteringAction', 'alice', null],
      ['ExecutingAction', 'alice', null],
    ]);
    expect((await audit(removed!)).map(({ event, user }) => [event, user])).toEqual([['FlowChartRemoved', 'carol']]);
    const calls = await auditRows(engine, `short_name = 'ExitingCall' and message like $1::text`, ['%flow contexts']);
    for (const [at, [user, operation, target]] of [
      ['bob', 'pause', paused],
      ['carol', 'remove', removed],
      ['dave', 'resume', branch],
    ].entries()) {
      const { user: who, message } = calls.slice(-3)[at]!;
      expect(who).toBe(user);
      expect(message).toMatch(new RegExp(`^${operation}.*${target}.* 1 flow contexts$`));
    }
  });

  test('moving to a segment of its own is no event, and does not begin again', async () => {
    const { engine, deploy, branch, eventNames } = world();
    const workflow = await deploy(['gated']);
    const gate = `${branch} unbegun`;
    await engine.stop();
    const ids = await engine.submit([0, 1, 2, 3].map(n => ({ workflow, input: { n, gate } })));
    await engine.pause(branch);
    await engine.resume(ids[2]!);
    await engine.pause(ids[2]!);
    await engine.resume(branch);
    await engine.start();
    await signals.atGate(gate, 4);
    signals.open(gate);
    for (const [n, id] of ids.entries()) {
      await engine.result(id);
      const pauses = n === 2 ? 2 : 1;
      expect(await eventNames(id)).toEqual([
        ...Array.from({ length: pauses }, () => 'DeferringExecutionFlow'),
        'StartingExecutionFlow',
        ...ran('a1'),
        ...ends,
      ]);
    }
  });

  test('a submit is recorded as a call of its client', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy(['echo']);
    const id = await engine.submit({ workflow }, 'erin');
    const calls = await auditRows(engine, 'root = $1::uuid and workflow is null', [`${id.slice(0, 32)}0000`]);
    expect(calls.map(({ event, user, message }) => [event, user, message])).toEqual([
      ['EnteringCall', 'erin', 'submit of 1'],
      ['J2seTransactionCommitted', 'erin', 'submit of 1'],
      ['ExitingCall', 'erin', 'submit of 1'],
    ]);
  });

  test('events of user code stand where they were sent, in order; those of a failed attempt are rolled back', async () => {
    const { engine, deploy, eventNames, audit } = world();
    const workflow = await deploy([
      { function: 'told' },
      { name: 'second', function: 'told' },
      { name: 'fails', function: 'flaky', break: true, retry: { retries: 1, delayMs: 1 } },
      { name: 'third', function: 'told', break: true },
    ]);
    const ids = await engine.submit(
      [7, 8].map(n => ({ workflow, input: { n, fails: 1, events: ['one', 'two', 'three'] } })),
    );
    for (const [at, id] of ids.entries()) {
      await engine.result(id);
      const told = (action: string) => [
        ...entered(action),
        `one ${action}`,
        `two ${action}`,
        `three ${action}`,
        `ExitingAction ${action}`,
      ];
      expect(await eventNames(id)).toEqual([
        'StartingExecutionFlow',
        ...told('a1'),
        ...told('second'),
        ...entered('fails'),
        'ExitingActionOnError fails',
        'DeferringExecutionFlow',
        ...ran('fails'),
        ...told('third'),
        ...ends,
      ]);
      expect((await audit(id)).find(({ event }) => event === 'two')).toMatchObject({
        message: `two of ${at + 7}`,
        action: 'a1',
      });
    }
    const failing = await deploy([{ function: 'told' }, { function: 'flaky', retry: noRetry }], 'failing');
    const id = await engine.submit({ workflow: failing, input: { events: ['lost'], fails: 1 } });
    await engine.result(id);
    expect(await eventNames(id)).not.toContain('lost a1');
  });

  test('what is thrown late is charged to its own instance, with nobody else touched', async () => {
    const { engine, deploy, branch, audit, eventNames, until } = world();
    const workflow = await deploy(['throwsLate']);
    const gate = `${branch} late`;
    const ids = await engine.submit([0, 1, 2].map(n => ({ workflow, input: { n, gate: n === 1 ? gate : 'other' } })));
    for (const id of ids) expect((await engine.result(id)).state).toBe('finished');
    for (const [n, id] of ids.entries()) {
      await until(async () => (await eventNames(id)).includes('ExitingActionOnError a1'));
      const late = (await audit(id)).filter(({ event }) => event === 'ExitingActionOnError');
      expect(late.map(({ data, message }) => [data, message])).toEqual([
        [
          { code: 'ActionFailed', message: `late ${n}`, action: 'a1', stack: expect.any(String) },
          'thrown after the action had returned',
        ],
      ]);
    }
  });

  test('what is still executing after a moment is in the audit, exactly once', async () => {
    const { engine, deploy, branch, eventNames, until } = world();
    const workflow = await deploy(['gated', { function: 'gated', break: true }]);
    const gate = `${branch} begun`;
    const ids = await engine.submit(
      [0, 1, 2].map(n => ({ workflow, input: { n, gate, holdIn: n === 1 ? 'a2' : 'a1' } })),
    );
    await signals.atGate(gate, 3);
    await until(async () => (await eventNames(ids[0]!)).length > 0 && (await eventNames(ids[1]!)).length > 4);
    expect(await eventNames(ids[0]!)).toEqual(['StartingExecutionFlow', ...entered('a1')]);
    expect(await eventNames(ids[1]!)).toEqual(['StartingExecutionFlow', ...ran('a1'), ...entered('a2')]);
    signals.open(gate);
    for (const id of ids) {
      await engine.result(id);
      expect(await eventNames(id)).toEqual(['StartingExecutionFlow', ...ran('a1'), ...ran('a2'), ...ends]);
    }
  });

  test('a thousand instances: every one has its own events and data, and only those', async () => {
    const { engine, deploy, untilCounts } = world();
    const workflow = await deploy(['echo', { function: 'flaky', break: true, retry: { retries: 2, delayMs: 5 } }]);
    const total = 1_000;
    await engine.submitMany(Array.from({ length: total }, (_, n) => ({ workflow, input: { n, fails: n % 3 } })));
    await untilCounts({ finished: total });
    const rows = await engine.query(
      `select n, fails, count(*), count(distinct (short_name, action, attempt)), sum((data->>'n' = n)::int)
       from (select e.*, (select d.data->>'n' from millrace_audit_event d where d.root = e.root and d.ordinal = e.ordinal and d.short_name = 'EnteringAction' limit 1) as n,
               (select d.data->>'fails' from millrace_audit_event d where d.root = e.root and d.ordinal = e.ordinal and d.short_name = 'EnteringAction' limit 1)::int as fails
             from millrace_audit_event e where e.workflow = $1::text and e.root in (select distinct root from millrace_outcome where name = $1::text limit 1) and e.ordinal < 12) each
       group by 1, 2 order by n::int`,
      [workflow],
    );
    expect(rows.length).toBe(12);
    for (const [, fails, events, distinct] of rows) {
      // 10 when all goes well; 4 more for each failed attempt.
      expect([fails, events, distinct]).toEqual([
        fails,
        String(10 + 4 * Number(fails)),
        String(10 + 4 * Number(fails)),
      ]);
    }
    const totals = await engine.query(
      `select short_name, count(*) from millrace_audit_event where workflow = $1::text group by 1 order by 1`,
      [workflow],
    );
    const retries = Array.from({ length: total }, (_, n) => n % 3).reduce((sum, fails) => sum + fails, 0);
    expect(Object.fromEntries(totals)).toEqual({
      StartingExecutionFlow: '1000',
      EnteringAction: String(2_000 + retries),
      ExecutingAction: String(2_000 + retries),
      ExitingAction: '2000',
      ExitingActionOnError: String(retries),
      DeferringExecutionFlow: String(retries),
      FinishingExecutionFlow: '1000',
      FinishingFlowChart: '1000',
      FlowChartRemoved: '1000',
    });
  });
});

describe.each(homes)('audit filter, %s', home => {
  const play = async (world: World): Promise<string> => {
    const workflow = await world.deploy(['told', { function: 'flaky', break: true, retry: noRetry }]);
    const id = await world.engine.submit({ workflow, input: { events: ['Mine', 'Yours'] } });
    expect((await world.engine.result(id)).result).toEqual({ attempt: 1 });
    return id;
  };

  test('an empty entry records nothing; state and result are there all the same', async () => {
    const world = await ownWorld(home, { auditFilter: [''] });
    const id = await play(world);
    await world.engine.pause(world.branch);
    expect(await world.engine.query('select count(*) from millrace_audit', [])).toEqual([['0']]);
    expect(await world.engine.show(id)).toMatchObject({ state: 'finished', result: { attempt: 1 } });
  });

  test('names of events and of own events pass, nothing else', async () => {
    const world = await ownWorld(home, {
      auditFilter: ['flux.audittrail.server.ExitingActionEvent', 'Mine', 'Finishing Workflow'],
    });
    const id = await play(world);
    expect(await world.eventNames(id)).toEqual([
      'Mine a1',
      'ExitingAction a1',
      'ExitingAction a2',
      'FinishingFlowChart',
    ]);
    const rows = await world.engine.query('select distinct short_name from millrace_audit_event order by 1', []);
    expect(rows.flat()).toEqual(['ExitingAction', 'FinishingFlowChart', 'Mine']);
  });

  test('the recommended filter records what runs and not who called', async () => {
    const world = await ownWorld(home, { auditFilter: 'recommended' });
    const id = await play(world);
    expect(await world.eventNames(id)).toEqual(['StartingExecutionFlow', ...ran('a1'), ...ran('a2'), ...ends]);
    const names = (await world.engine.query('select distinct event from millrace_audit_event', [])).flat();
    expect(names.filter(name => !recommendedFilter.includes(name!))).toEqual([]);
  });
});
